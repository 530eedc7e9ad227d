"""The attempts of one batch that are under way."""

import asyncio
from collections.abc import Sequence
from typing import Any

from tickwell.application.begun import Begun
from tickwell.application.handed_on import HandedOn
from tickwell.application.lifeline import AttemptLifeline
from tickwell.application.run_attempt import RunAttempt
from tickwell.application.settle import Attempt
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job


class Running:
    """Starts attempts, and tells of them as they end. All of it belongs to one event loop."""

    def __init__(self, run_attempt: RunAttempt, stop: WorkerStop) -> None:
        self.lifelines: dict[asyncio.Task[Any], AttemptLifeline] = {}
        """Those that have been started, for whoever watches them."""
        self._run_attempt = run_attempt
        self._stop = stop
        self._begun: dict[asyncio.Task[Any], Begun] = {}
        self._tasks: dict[asyncio.Task[Any], None] = {}
        """Those that have not been told of, in the order in which they were started: so are they told of."""

    def start(self, job: Job) -> None:
        """Start the attempt that was claimed with ``job``. A worker that stops reaches it."""
        lifeline = self._run_attempt.lifeline(job)
        self._stop.reach(lifeline)
        begun = self._run_attempt.begin(lifeline)
        if begun is None:
            task: asyncio.Task[Any] = asyncio.create_task(self._whole(lifeline))
        else:
            task = begun.work
            self._begun[task] = begun
        self.lifelines[task] = lifeline
        self._tasks[task] = None

    def __bool__(self) -> bool:
        return bool(self._tasks)

    async def next(self) -> tuple[Sequence[Attempt | HandedOn], Sequence[BaseException]]:
        """Wait until some have ended: those, and what went wrong with others. There may be none of either yet."""
        await asyncio.sleep(0)  # one turn of the loop is enough for those that wait for nothing: no timer, no callback
        done = self._done()
        self._limit()
        if not done:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            done = self._done()
        attempts: list[Attempt | HandedOn] = []
        errors: list[BaseException] = []
        for task in done:
            del self._tasks[task]
            try:
                attempt = self._ended(task)
            except BaseException as error:  # noqa: BLE001 - the others must not suffer; it is raised when all have ended
                errors.append(error)
            else:
                attempts += [] if attempt is None else [attempt]
        return attempts, errors

    def _done(self) -> list[asyncio.Task[Any]]:
        return [task for task in self._tasks if task.done()]

    def _limit(self) -> None:
        """Have those end in time that go on."""
        for task, begun in self._begun.items():
            if not task.done():
                begun.limit()

    def _ended(self, task: asyncio.Task[Any]) -> Attempt | HandedOn | None:
        """What has ended with ``task``; None where its output is still on its way to where it is kept."""
        begun = self._begun.pop(task, None)
        if begun is None:
            attempt: Attempt | HandedOn = task.result()
            return attempt
        execution = self._run_attempt.ended(begun)
        if execution is None:
            self._tasks[asyncio.create_task(self._kept(begun))] = None
            return None
        self._stop.release(begun.lifeline)
        return Attempt(job=begun.job, execution=execution)

    async def _whole(self, lifeline: AttemptLifeline) -> Attempt | HandedOn:
        try:
            return _attempt(lifeline.job, await self._run_attempt(lifeline.job, lifeline))
        finally:
            self._stop.release(lifeline)

    async def _kept(self, begun: Begun) -> Attempt | HandedOn:
        try:
            return _attempt(begun.job, await self._run_attempt.keep(begun))
        finally:
            self._stop.release(begun.lifeline)


def _attempt(job: Job, ended: Execution | HandedOn) -> Attempt | HandedOn:
    return ended if isinstance(ended, HandedOn) else Attempt(job=job, execution=ended)
