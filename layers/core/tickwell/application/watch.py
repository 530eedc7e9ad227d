"""The watch over running attempts: it ends those that are not wanted any more, and signs for the others."""

import asyncio
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tickwell.application.lifeline import AttemptLifeline
from tickwell.application.ports import Clock, JobStore
from tickwell.domain.errors import UnavailableError

_log = logging.getLogger("tickwell")


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """The use case; see ``__call__``. ``seconds`` lie between two looks."""

    jobs: JobStore
    clock: Clock
    seconds: float = 5.0

    async def __call__(self, attempts: Mapping[asyncio.Task[Any], AttemptLifeline]) -> None:
        """Look after ``attempts``, which begin now, until all of them have ended.

        An attempt that is shorter than ``seconds`` costs nothing; a longer one a read at each look, which it shares
        with all of its batch, or a write where a sign is due. A look that fails is made up by the next one.
        """
        while any(not task.done() for task in attempts):
            await asyncio.sleep(self.seconds)
            try:
                await self._look([one for task, one in attempts.items() if not task.done() and one.ended is None])
            except UnavailableError:
                continue
            except Exception:  # noqa: BLE001 - whatever it met, it is logged: without a watch nothing could be cancelled
                _log.exception("watch failed", extra={"action": "watch.failed"})

    async def _look(self, alive: Collection[AttemptLifeline]) -> None:
        now = self.clock.now()
        signing = [lifeline for lifeline in alive if lifeline.needs_sign(now)]
        others = [lifeline for lifeline in alive if lifeline not in signing]
        await asyncio.gather(*(lifeline.renew() for lifeline in signing))
        if others:
            known = await asyncio.to_thread(self.jobs.get_many, [lifeline.job.key for lifeline in others])
            for lifeline in others:
                lifeline.judge(known.get(lifeline.job.key))
