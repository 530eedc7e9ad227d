"""Run one attempt of a claimed job, within its time limit, and say what follows from how it ended."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tickwell.application.attempt_ending import ended_with, masked, raised
from tickwell.application.attempt_record import RecordAttempt
from tickwell.application.begun import Begun
from tickwell.application.claim_check import Detail, fits_in_record, store_begun_log, store_detail
from tickwell.application.handed_on import HandedOn
from tickwell.application.lifeline import AttemptLifeline, Lifeline
from tickwell.application.masking import Masker
from tickwell.application.patience import SETTLE_PAUSES_SECONDS
from tickwell.application.ports import BlobStore, Clock, JobStore
from tickwell.application.read_payload import read_payload
from tickwell.application.task import RunsIn, TaskContext, TaskRegistry
from tickwell.application.task_processes import NoProcesses, TaskProcesses, taken
from tickwell.domain.ending import EXPIRED, Ending, as_told, failed, timed_out
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError, AttemptLostError, UnavailableError
from tickwell.domain.execution import Execution, LogEntry
from tickwell.domain.job import Job
from tickwell.domain.secret import may_refer
from tickwell.domain.slot import Slot

_log = logging.getLogger("tickwell")

ContextFactory = Callable[[Job, Slot, Lifeline], TaskContext]
Execute = Callable[[str, Any, TaskContext], Coroutine[Any, Any, Any]]


@dataclass(kw_only=True, slots=True)
class _Start:
    """When the attempt began: moved on while it waits for the place where it runs."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RunAttempt:
    """The use case; see ``__call__``. ``begin`` and ``ended`` are the same in two calls, for most attempts.

    ``longest_attempt`` is what this worker can offer (on AWS 870 s); a longer time limit of a job is cut to it.
    """

    registry: TaskRegistry
    jobs: JobStore
    contexts: ContextFactory
    blobs: BlobStore
    clock: Clock
    record: RecordAttempt
    longest_attempt: timedelta
    processes: TaskProcesses = field(default_factory=NoProcesses)
    mask: Masker = field(default_factory=Masker)

    def lifeline(self, job: Job) -> AttemptLifeline:
        """The lifeline of the attempt in ``job``'s slot, by which it can be watched and ended."""
        return AttemptLifeline(job, self.jobs, self.clock)

    async def __call__(self, job: Job, lifeline: AttemptLifeline | None = None) -> Execution | HandedOn:
        """Run the attempt in ``job``'s slot, which this worker holds; returns its record, not yet stored.

        Or that it has not ended: its task has handed its work on.

        An attempt that ``lifeline`` was told to end is recorded as cancelled, or as given back by a worker that stops;
        one that succeeded nevertheless, or overran its time limit, as just that. Never raises for what the task does,
        nor for a failing blob store: a payload that cannot be read fails the attempt, an output that cannot be kept is
        left out of the record.
        """
        slot = job.slot
        if slot is None or slot.token is None:
            raise ValueError("only a claimed job can be run")
        lifeline = lifeline or self.lifeline(job)
        context = self.contexts(job, slot, lifeline)
        start = _Start(at=self.clock.now())
        if slot.attempt > 1 and job.policy.is_expired(slot.due_at, start.at):
            ending = EXPIRED
        else:
            ending = as_told(await self._end(job, context, lifeline, start), lifeline.ended)
        ending = masked(ending, self.mask, context.secrets)
        finished_at = self.clock.now()
        return await self._kept(job, slot, context, ending, started_at=start.at, finished_at=finished_at)

    def begin(self, lifeline: AttemptLifeline) -> Begun | None:
        """Start the task of the attempt that ``lifeline`` belongs to; None where something else comes before it.

        That is a payload to be fetched, or secrets that it refers to, a process to be waited for, or an end that is
        known already: ``__call__`` sees to these. All others are spared a task of the loop that would only wait for
        another one. The caller sees to the time limit (``Begun.limit``).
        """
        job, slot, now = lifeline.job, lifeline.job.slot, self.clock.now()
        if slot is None or job.payload_blob is not None or lifeline.ended is not None:
            return None
        if slot.attempt > 1 and job.policy.is_expired(slot.due_at, now):
            return None
        if self.registry.runs_in(job.task) is not RunsIn.LOOP or may_refer(job.payload):
            return None
        context = self.contexts(job, slot, lifeline)
        work = asyncio.create_task(self.registry.execute(job.task, job.payload, context))
        lifeline.follow(work)
        return Begun(
            job=job,
            slot=slot,
            lifeline=lifeline,
            context=context,
            work=work,
            started_at=now,
            begun_at=work.get_loop().time(),
            limit_seconds=self._limit_seconds(job),
        )

    def ended(self, begun: Begun) -> Execution | None:
        """The record of an attempt whose task is done, not yet stored; None where ``keep`` has to see to its output.

        As ``__call__``, it never raises for what the task did.
        """
        ending, finished_at = self._looked_at(begun)
        detail = self._detail(ending, begun.context)
        at_most_bytes = ending.output_bytes + begun.context.logbook.most_bytes
        if ending.pending is not None or not fits_in_record(detail, at_most_bytes=at_most_bytes):
            return None
        return self._record(begun.job, begun.slot, ending, detail, started_at=begun.started_at, finished_at=finished_at)

    async def keep(self, begun: Begun) -> Execution | HandedOn:
        """As ``__call__``, of an attempt whose task is done, after what it produced was put where it belongs."""
        ending, finished_at = self._looked_at(begun)
        return await self._kept(
            begun.job, begun.slot, begun.context, ending, started_at=begun.started_at, finished_at=finished_at
        )

    async def _kept(
        self,
        job: Job,
        slot: Slot,
        context: TaskContext,
        ending: Ending,
        *,
        started_at: datetime,
        finished_at: datetime,
    ) -> Execution | HandedOn:
        detail = self._detail(ending, context)
        if ending.pending is not None:
            logs = Masker([context.completion_token]).entries(detail.logs)
            return HandedOn(job=job, pending=ending.pending, has_log=await self._log_kept(context, logs))
        stored, blob = await self._stored(context, detail)
        record = self._record(job, slot, ending, stored, started_at=started_at, finished_at=finished_at)
        return replace(record, detail_blob=blob)

    def _looked_at(self, begun: Begun) -> tuple[Ending, datetime]:
        """How the attempt ended, and when that was seen."""
        finished_at = self.clock.now()
        begun.stop_limit()
        ending = as_told(self._outcome(begun), begun.lifeline.ended)
        return masked(ending, self.mask, begun.context.secrets), finished_at

    def _detail(self, ending: Ending, context: TaskContext) -> Detail:
        logs = self.mask.also(context.secrets.opened).entries(context.logbook.entries())
        return Detail(output=ending.output, logs=logs)

    def _outcome(self, begun: Begun) -> Ending:
        """How the task ended, as ``_end`` says it of one that it waited for."""
        try:
            return ended_with(begun.work.result())
        except (AttemptFailedError, AttemptLostError) as error:
            return failed(error)
        except asyncio.CancelledError as error:
            if begun.is_overrun:
                return timed_out(begun.limit_seconds)
            return raised(error if begun.lifeline.ended is None else AttemptCancelledError())
        except Exception as error:  # noqa: BLE001 - a task may raise anything; whatever it is, it ends this attempt only
            overran = isinstance(error, TimeoutError) and begun.is_overrun
            return timed_out(begun.limit_seconds) if overran else raised(error)

    def _limit_seconds(self, job: Job) -> float:
        return min(float(job.policy.timeout_seconds), self.longest_attempt.total_seconds())

    def _record(
        self, job: Job, slot: Slot, ending: Ending, stored: Detail, *, started_at: datetime, finished_at: datetime
    ) -> Execution:
        return self.record(job, slot, ending, stored, started_at=started_at, finished_at=finished_at)

    async def _end(self, job: Job, context: TaskContext, lifeline: AttemptLifeline, start: _Start) -> Ending:
        limit_seconds = self._limit_seconds(job)
        limit = asyncio.timeout(None)
        try:
            payload = await read_payload(self.blobs, self.clock, job, context.secrets)
            async with self._place(job, context, limit_seconds) as execute, limit:
                start.at = self.clock.now()
                limit.reschedule(asyncio.get_running_loop().time() + limit_seconds)
                output = await lifeline.run(execute(job.task, payload, context))
            return ended_with(output)
        except (AttemptFailedError, AttemptLostError) as error:
            return failed(error)
        except asyncio.CancelledError as error:
            worker = asyncio.current_task()
            if worker is not None and worker.cancelling():
                raise
            return raised(error)
        except Exception as error:  # noqa: BLE001 - a task may raise anything; whatever it is, it ends this attempt only
            if isinstance(error, TimeoutError) and limit.expired():
                return timed_out(limit_seconds)
            return raised(error)

    @asynccontextmanager
    async def _place(self, job: Job, context: TaskContext, limit_seconds: float) -> AsyncIterator[Execute]:
        """Where the task runs: this loop, or a process that may have to be waited for."""
        if self.registry.runs_in(job.task) is RunsIn.LOOP:
            yield self.registry.execute
            return
        lease_seconds = job.policy.lease_seconds
        patience_seconds = max(0.0, self.longest_attempt.total_seconds() - limit_seconds)
        async with taken(
            self.processes, context, job.lane, lease_seconds=lease_seconds, patience_seconds=patience_seconds
        ) as process:
            yield process.run

    async def _log_kept(self, context: TaskContext, logs: tuple[LogEntry, ...]) -> bool:
        """Keep what was logged until the attempt ends elsewhere; whether there is anything. Patient as ``_stored``."""
        if not logs:
            return False
        for pause_seconds in (*SETTLE_PAUSES_SECONDS, 0.0):
            try:
                store_begun_log(self.blobs, context.tenant_id, context.execution_id, logs)
            except UnavailableError:
                await asyncio.sleep(pause_seconds)
            else:
                return True
        _log.error("log not kept", extra={"action": "output.lost", "job_id": context.job_id})
        return False

    async def _stored(self, context: TaskContext, detail: Detail) -> tuple[Detail, str | None]:
        """Where output and logs are kept. Patient: the task must not run again because a bucket was slow."""
        for pause_seconds in (*SETTLE_PAUSES_SECONDS, 0.0):
            try:
                return store_detail(self.blobs, context.tenant_id, context.execution_id, detail)
            except UnavailableError:
                await asyncio.sleep(pause_seconds)
            except Exception:  # noqa: BLE001 - of whatever kind: it is logged, and must not cost the record
                _log.exception("output not kept", extra={"action": "output.lost", "job_id": context.job_id})
                break
        lost = LogEntry(
            at=self.clock.now(), level="error", message="output and logs were too large, and could not be kept"
        )
        return Detail(output=None, logs=(lost,)), None
