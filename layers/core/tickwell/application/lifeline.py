"""Connects a running attempt with the store: signs of life go in, the word that it is not wanted any more comes out."""

import asyncio
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from tickwell.application.ports import Clock, JobStore, Signed
from tickwell.domain.ending import End
from tickwell.domain.errors import AttemptCancelledError, UnavailableError
from tickwell.domain.job import ENDS_ATTEMPT, Job
from tickwell.domain.progress import Progress

T = TypeVar("T")

SIGN_INTERVAL = timedelta(seconds=1)
"""An attempt writes no more often than this, however often its task speaks."""

_SIGNS_PER_STALL = 3


class Lifeline(Protocol):
    """One attempt's connection; made by whoever runs it."""

    @property
    def is_over(self) -> bool:
        """Whether the attempt has been told to end. Asks nobody: it is what the last sign, or the watch, has heard."""
        return False

    async def sign(self, progress: Progress | None = None) -> None:
        """Say that the attempt lives, and how far it has come: extends the lease.

        Raises AttemptCancelledError when the job was cancelled or deleted, when a newer occurrence takes its place,
        when the attempt was given to another worker meanwhile, or when this worker stops. A store that fails does not
        matter: the sign is lost, the attempt goes on.
        """
        ...


class NoLifeline(Lifeline):
    """For attempts that nobody watches, as in tests of a task: every sign is heard and nothing is ever cancelled."""

    async def sign(self, progress: Progress | None = None) -> None:
        """Heard."""


class AttemptLifeline:
    """The ``Lifeline`` of the attempt that claimed ``job``. All of it belongs to one event loop.

    What the task says within a second after a write waits, the newest replacing the older: it is written with the
    next sign, or by the watch (see ``Watch``). What still waits at the attempt's end is dropped, because finishing
    empties the slot, progress included.

    A task is told once to end, by a sign or by being cancelled, so that nothing disturbs it in tidying up; further
    signs tell it again. One that goes on nevertheless ends at its time limit.
    """

    def __init__(self, job: Job, jobs: JobStore, clock: Clock) -> None:
        self.job = job
        self.ended: End | None = None
        """Why the attempt was told to end; None as long as it was not."""
        self._token = job.held_token
        self._jobs = jobs
        self._clock = clock
        self._signed_at = job.last_executed_at or clock.now()
        self._written_at: datetime | None = None
        self._waiting: Progress | None = None
        self._work: asyncio.Task[Any] | None = None

    @property
    def is_over(self) -> bool:
        """See ``Lifeline``."""
        return self._is_over()

    async def sign(self, progress: Progress | None = None) -> None:
        """See ``Lifeline``."""
        if progress is not None:
            self._waiting = progress
        now = self._clock.now()
        if not self._is_over() and (self._written_at is None or now - self._written_at >= SIGN_INTERVAL):
            await self._write(now)
        if self._is_over():
            raise AttemptCancelledError

    def needs_sign(self, now: datetime) -> bool:
        """Whether a third of the stall limit has passed without a sign, or progress has waited long enough."""
        stall_seconds = self.job.policy.stall_seconds
        if stall_seconds is not None and now - self._signed_at >= timedelta(seconds=stall_seconds / _SIGNS_PER_STALL):
            return True
        return self._waiting is not None and now - self._signed_at >= SIGN_INTERVAL

    async def renew(self) -> None:
        """Sign in the task's place, and cancel it if it is not wanted any more."""
        if await self._write(self._clock.now()):
            self._cancel()

    def judge(self, job: Job | None) -> None:
        """Cancel the task if ``job``, as it stands (None: it is gone), does not want the attempt any more."""
        if self._hear(job):
            self._cancel()

    def end(self, reason: End) -> None:
        """Cancel the task, although it was told before. The first reason stands."""
        self.ended = self.ended or reason
        self._cancel()

    def follow(self, work: "asyncio.Task[Any]") -> None:
        """The task runs as ``work``: to end the attempt is to cancel that."""
        self._work = work

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run the task so that it can be ended. Raises AttemptCancelledError when it was.

        When the caller itself is cancelled (by its worker, or at the time limit) CancelledError goes through.
        """
        if self._is_over():
            work.close()
            raise AttemptCancelledError
        running = asyncio.create_task(work)
        self._work = running
        try:
            return await running
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if self._is_over() and not (caller is not None and caller.cancelling()):
                raise AttemptCancelledError from None
            raise
        finally:
            self._work = None

    def _is_over(self) -> bool:
        return self.ended is not None

    def _cancel(self) -> None:
        if self._work is not None:
            self._work.cancel()

    async def _write(self, now: datetime) -> bool:
        """Sign; whether the answer is, for the first time, that the attempt is not wanted any more."""
        self._written_at = now
        told, self._waiting = self._waiting, None
        try:
            answer = await asyncio.to_thread(self._jobs.sign, self.job, now=now, progress=told)
        except UnavailableError:
            if self._waiting is None:  # nothing newer came meanwhile
                self._waiting = told
            return False
        self._signed_at = now
        return self._hear(answer.job if isinstance(answer, Signed) else None)

    def _hear(self, job: Job | None) -> bool:
        if self.ended is not None:
            return False
        if job is None or job.slot is None or job.slot.token != self._token:
            self.ended = End.TAKEN_OVER
        elif job.status in ENDS_ATTEMPT:
            self.ended = End.CANCELLED
        elif job.is_superseded:
            self.ended = End.SUPERSEDED
        return self._is_over()
