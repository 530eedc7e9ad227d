"""Run one attempt of a claimed job, within its time limit, and say what follows from how it ended."""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tickwell.application.claim_check import Detail, load_payload, store_detail
from tickwell.application.lifeline import AttemptLifeline, End, Lifeline
from tickwell.application.masking import Masker
from tickwell.application.ports import BlobStore, Clock, Ids, JobStore
from tickwell.application.task import RunsIn, TaskContext, TaskRegistry
from tickwell.application.task_output import require_storable
from tickwell.application.task_processes import NoProcesses, TaskProcesses, TaskRaisedError, taken
from tickwell.domain.errors import AttemptFailedError, AttemptLostError, UnavailableError
from tickwell.domain.execution import WORKER_STOPPED, Execution, ExecutionStatus, Failure, LogEntry, ended_as
from tickwell.domain.job import Job, JobStatus, Slot
from tickwell.domain.retry import (
    Cancelled,
    Completed,
    Decision,
    GiveUp,
    RetryAt,
    after_failure,
    after_loss,
    after_return,
    unless_expired,
)

_LONGEST_MESSAGE = 2_000
_LONGEST_TRACEBACK = 8_000

_log = logging.getLogger("tickwell")

SETTLE_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""How patiently an outcome is recorded when a service fails; together well within the lease's margin."""

_PAYLOAD_PATIENCE = timedelta(seconds=4)
"""No later than that the reading of a payload begins anew: it is not the task's time, and the lease runs."""

ContextFactory = Callable[[Job, Slot, Lifeline], TaskContext]
Retention = Callable[[Job, JobStatus], timedelta]
"""How long a job that ends like that, and its history, is kept."""
Execute = Callable[[str, Any, TaskContext], Coroutine[Any, Any, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ending:
    """How the task ended. ``failure`` None: it succeeded with ``output``. ``told``: it was told to end, and why."""

    status: ExecutionStatus
    output: Any = None
    failure: Failure | None = None
    retryable: bool = True
    retry_after_seconds: float | None = None
    told: End | None = None

    @property
    def was_returned(self) -> bool:
        """Whether the worker that stops gave it back: no loss."""
        return self.status is ExecutionStatus.LOST and self.told is End.STOPPED


@dataclass(kw_only=True, slots=True)
class _Start:
    """When the attempt began: moved on while it waits for the place where it runs."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RunAttempt:
    """The use case; see ``__call__``.

    ``longest_attempt`` is what this worker can offer (on AWS 870 s); a longer time limit of a job is cut to it.
    """

    registry: TaskRegistry
    jobs: JobStore
    contexts: ContextFactory
    blobs: BlobStore
    clock: Clock
    ids: Ids
    retention: Retention
    longest_attempt: timedelta
    processes: TaskProcesses = field(default_factory=NoProcesses)
    mask: Masker = field(default_factory=Masker)

    def lifeline(self, job: Job) -> AttemptLifeline:
        """The lifeline of the attempt in ``job``'s slot, by which it can be watched and ended."""
        return AttemptLifeline(job, self.jobs, self.clock)

    async def __call__(self, job: Job, lifeline: AttemptLifeline | None = None) -> Execution:
        """Run the attempt in ``job``'s slot, which this worker holds; returns its record, not yet stored.

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
            ending = _EXPIRED
        else:
            ending = _as_told(await self._end(job, context, lifeline, start), lifeline.ended)
        finished_at = self.clock.now()
        decision = self._decision(job, slot, ending, finished_at)
        detail = Detail(output=ending.output, logs=self.mask.entries(context.logbook.entries()))
        stored, detail_blob = await self._stored(context, detail)
        return Execution(
            tenant_id=job.tenant_id,
            job_id=job.job_id,
            due_at=slot.due_at,
            attempt=slot.attempt,
            status=ending.status,
            token=slot.token,
            decision=decision,
            losses=slot.losses + (ending.status is ExecutionStatus.LOST and not ending.was_returned),
            returns=slot.returns + ending.was_returned,
            recurring=job.is_recurring,
            started_at=start.at,
            finished_at=finished_at,
            output=stored.output,
            failure=None if ending.failure is None else _bounded(self.mask.failure(ending.failure)),
            logs=stored.logs,
            detail_blob=detail_blob,
            expires_at=finished_at + self.retention(job, ended_as(decision)),
        )

    async def _end(self, job: Job, context: TaskContext, lifeline: AttemptLifeline, start: _Start) -> _Ending:
        limit_seconds = min(float(job.policy.timeout_seconds), self.longest_attempt.total_seconds())
        limit = asyncio.timeout(None)
        try:
            payload = await self._payload(job)
        except Exception:  # noqa: BLE001 - of whatever kind: it is logged, and tells tenants nothing of the deployment
            _log.exception("payload unreadable", extra={"action": "payload.unreadable", "job_id": job.job_id})
            return _failed(AttemptFailedError("PAYLOAD_UNAVAILABLE", "the payload could not be read"))
        try:
            async with self._place(job, context, limit_seconds) as execute, limit:
                start.at = self.clock.now()
                limit.reschedule(asyncio.get_running_loop().time() + limit_seconds)
                output = await lifeline.run(execute(job.task, payload, context))
            require_storable(output)
        except (AttemptFailedError, AttemptLostError) as error:
            return _failed(error)
        except asyncio.CancelledError as error:
            worker = asyncio.current_task()
            if worker is not None and worker.cancelling():
                raise
            return _raised(error)
        except Exception as error:  # noqa: BLE001 - a task may raise anything; whatever it is, it ends this attempt only
            if isinstance(error, TimeoutError) and limit.expired():
                return _timed_out(limit_seconds)
            return _raised(error)
        return _Ending(status=ExecutionStatus.SUCCESS, output=output)

    async def _payload(self, job: Job) -> Any:
        """Patient: a job without retries must not fail because a bucket was slow for a moment."""
        if job.payload_blob is None:
            return job.payload
        patient_until = self.clock.now() + _PAYLOAD_PATIENCE
        for pause_seconds in SETTLE_PAUSES_SECONDS:
            try:
                return await asyncio.to_thread(load_payload, self.blobs, None, job.payload_blob)
            except UnavailableError:
                if self.clock.now() >= patient_until:
                    raise
                await asyncio.sleep(pause_seconds)
        return await asyncio.to_thread(load_payload, self.blobs, None, job.payload_blob)

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

    def _decision(self, job: Job, slot: Slot, ending: _Ending, now: datetime) -> Decision:
        if ending.failure is None:
            return Completed()
        if ending.told in _NOT_WANTED and ending.status is not ExecutionStatus.LOST:
            return Cancelled()
        return unless_expired(job.policy, slot.due_at, self._after_failure(job, slot, ending, now))

    def _after_failure(self, job: Job, slot: Slot, ending: _Ending, now: datetime) -> RetryAt | GiveUp:
        if ending.was_returned:
            return after_return(job.policy, attempt=slot.attempt, now=now)
        if ending.status is ExecutionStatus.LOST:
            return after_loss(job.policy, attempt=slot.attempt, losses=slot.losses, now=now)
        return after_failure(
            job.policy,
            attempt=slot.attempt,
            losses=slot.losses,
            returns=slot.returns,
            now=now,
            draw=self.ids.draw(),
            retryable=ending.retryable,
            retry_after_seconds=ending.retry_after_seconds,
        )


def _failed(error: AttemptFailedError | AttemptLostError) -> _Ending:
    failure = Failure(code=error.error_code, message=error.message)
    if isinstance(error, AttemptLostError):
        return _Ending(status=ExecutionStatus.LOST, failure=failure)
    return _Ending(
        status=ExecutionStatus.FAILED,
        failure=failure,
        retryable=error.retryable,
        retry_after_seconds=error.retry_after_seconds,
    )


_EXPIRED = _failed(AttemptFailedError("EXPIRED", "the occurrence had expired before this attempt could start"))
_NOT_WANTED = frozenset({End.CANCELLED, End.SUPERSEDED, End.TAKEN_OVER})
_FAILURES = {
    End.CANCELLED: Failure(code="CANCELLED", message="the job was cancelled or deleted while this attempt ran"),
    End.SUPERSEDED: Failure(code="CANCELLED", message="a newer occurrence took this one's place while it ran"),
    End.TAKEN_OVER: Failure(code="CANCELLED", message="the attempt was given to another worker while this one ran"),
    End.STOPPED: Failure(code=WORKER_STOPPED, message="the worker was stopped before the attempt could end"),
}


def _as_told(ending: _Ending, told: End | None) -> _Ending:
    """``ending`` of an attempt that was told to end: however it failed then, that is why."""
    if told is None or ending.failure is None:
        return ending
    if ending.status is ExecutionStatus.TIMEOUT:
        return replace(ending, told=told)
    status = ExecutionStatus.LOST if told is End.STOPPED else ExecutionStatus.CANCELLED
    return _Ending(status=status, failure=_FAILURES[told], told=told)


def _timed_out(limit_seconds: float) -> _Ending:
    message = f"the attempt was stopped after {limit_seconds:g} s, its time limit"
    return _Ending(status=ExecutionStatus.TIMEOUT, failure=Failure(code="TIMEOUT", message=message))


def _raised(error: BaseException) -> _Ending:
    trace = error.trace if isinstance(error, TaskRaisedError) else "".join(traceback.format_exception(error))
    message = str(error) or type(error).__name__
    return _Ending(status=ExecutionStatus.FAILED, failure=Failure(code="TASK_ERROR", message=message, traceback=trace))


def _bounded(failure: Failure) -> Failure:
    """``failure`` as it may be stored: the message's beginning, the end of the traceback."""
    trace = failure.traceback
    return replace(
        failure,
        message=_storable(failure.message[:_LONGEST_MESSAGE]),
        traceback=None if trace is None else _storable(trace[-_LONGEST_TRACEBACK:]),
    )


def _storable(text: str) -> str:
    """``text`` without lone surrogates, which UTF-8 cannot express."""
    return text.encode("utf-8", "replace").decode()
