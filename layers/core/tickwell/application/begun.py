"""An attempt whose task runs in the worker's event loop, and of which nothing else has to be waited for."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickwell.application.lifeline import AttemptLifeline
from tickwell.application.task import TaskContext
from tickwell.domain.job import Job
from tickwell.domain.slot import Slot


@dataclass(kw_only=True, slots=True)
class Begun:
    """``work`` is the task of the loop that runs it: when that is done the attempt has ended.

    ``is_overrun``: the time limit, ``limit_seconds``, has passed since ``begun_at`` (of the loop's clock), and ``work``
    was cancelled.
    """

    job: Job
    slot: Slot
    lifeline: AttemptLifeline
    context: TaskContext
    work: asyncio.Task[Any]
    started_at: datetime
    begun_at: float
    limit_seconds: float
    is_overrun: bool = False
    _limit: asyncio.TimerHandle | None = None

    def limit(self) -> None:
        """See to it that the task does not overrun its limit: once it has shown that it waits for something."""
        if self._limit is None:
            self._limit = asyncio.get_running_loop().call_at(self.begun_at + self.limit_seconds, self._overrun)

    def stop_limit(self) -> None:
        """The task is done."""
        if self._limit is not None:
            self._limit.cancel()

    def _overrun(self) -> None:
        self.is_overrun = True
        self.work.cancel()
