"""Run one attempt of a claimed job, within its time limit, and say what follows from how it ended."""

import asyncio
import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tickwell.application.claim_check import Detail, load_payload, store_detail
from tickwell.application.ports import BlobStore, Clock, Ids
from tickwell.application.task import TaskContext, TaskRegistry
from tickwell.domain.errors import AttemptFailedError, UnavailableError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, LogEntry, ended_as
from tickwell.domain.job import Job, JobStatus, Slot
from tickwell.domain.json_value import DEEPEST_NESTING, is_too_deep
from tickwell.domain.retry import Completed, Decision, after_failure

_LONGEST_MESSAGE = 2_000
_LONGEST_TRACEBACK = 8_000

_log = logging.getLogger("tickwell")

SETTLE_PAUSES_SECONDS = (0.25, 0.5, 1.0, 2.0)
"""How patiently an outcome is recorded when a service fails; together well within the lease's margin."""

ContextFactory = Callable[[Job, Slot], TaskContext]
Retention = Callable[[Job, JobStatus], timedelta]
"""How long a job that ends like that, and its history, is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Ending:
    """How the task ended. ``failure`` None: it succeeded with ``output``."""

    status: ExecutionStatus
    output: Any = None
    failure: Failure | None = None
    retryable: bool = True
    retry_after_seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class RunAttempt:
    """The use case; see ``__call__``.

    ``longest_attempt`` is what this worker can offer (on AWS 870 s); a longer time limit of a job is cut to it.
    """

    registry: TaskRegistry
    contexts: ContextFactory
    blobs: BlobStore
    clock: Clock
    ids: Ids
    retention: Retention
    longest_attempt: timedelta

    async def __call__(self, job: Job) -> Execution:
        """Run the attempt in ``job``'s slot, which this worker holds; returns its record, not yet stored.

        Never raises for what the task does, nor for a failing blob store: a payload that cannot be read fails the
        attempt, an output that cannot be kept is left out of the record.
        """
        slot = job.slot
        if slot is None or slot.token is None:
            raise ValueError("only a claimed job can be run")
        context = self.contexts(job, slot)
        started_at = self.clock.now()
        ending = await self._end(job, context)
        finished_at = self.clock.now()
        decision = self._decision(job, slot, ending, finished_at)
        detail = Detail(output=ending.output, logs=context.logbook.entries())
        stored, detail_blob = await self._stored(context, detail)
        return Execution(
            tenant_id=job.tenant_id,
            job_id=job.job_id,
            due_at=slot.due_at,
            attempt=slot.attempt,
            status=ending.status,
            token=slot.token,
            decision=decision,
            losses=slot.losses,
            recurring=job.is_recurring,
            started_at=started_at,
            finished_at=finished_at,
            output=stored.output,
            failure=ending.failure,
            logs=stored.logs,
            detail_blob=detail_blob,
            expires_at=finished_at + self.retention(job, ended_as(decision)),
        )

    async def _end(self, job: Job, context: TaskContext) -> _Ending:
        limit_seconds = min(float(job.policy.timeout_seconds), self.longest_attempt.total_seconds())
        limit = asyncio.timeout(limit_seconds)
        try:
            payload = load_payload(self.blobs, job.payload, job.payload_blob)
        except Exception:  # noqa: BLE001 - of whatever kind: it is logged, and tells tenants nothing of the deployment
            _log.exception("payload unreadable", extra={"action": "payload.unreadable", "job_id": job.job_id})
            return _failed(AttemptFailedError("PAYLOAD_UNAVAILABLE", "the payload could not be read"))
        try:
            async with limit:
                output = await self.registry.execute(job.task, payload, context)
            _require_storable(output)
        except AttemptFailedError as error:
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
        return after_failure(
            job.policy,
            attempt=slot.attempt,
            losses=slot.losses,
            now=now,
            draw=self.ids.draw(),
            retryable=ending.retryable,
            retry_after_seconds=ending.retry_after_seconds,
        )


def _failed(error: AttemptFailedError) -> _Ending:
    return _Ending(
        status=ExecutionStatus.FAILED,
        failure=Failure(code=error.error_code, message=_storable(error.message[:_LONGEST_MESSAGE])),
        retryable=error.retryable,
        retry_after_seconds=error.retry_after_seconds,
    )


def _timed_out(limit_seconds: float) -> _Ending:
    message = f"the attempt was stopped after {limit_seconds:g} s, its time limit"
    return _Ending(status=ExecutionStatus.TIMEOUT, failure=Failure(code="TIMEOUT", message=message))


def _require_storable(output: Any) -> None:
    """Raise AttemptFailedError for an output that is not JSON, or nested so deep that a reader might not take it."""
    try:
        json.dumps(output, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        reason = f"what the task returned is not JSON: {error}"
        raise AttemptFailedError("OUTPUT_NOT_JSON", reason, retryable=False) from error
    if is_too_deep(output):
        reason = f"what the task returned is nested deeper than {DEEPEST_NESTING} levels"
        raise AttemptFailedError("OUTPUT_NOT_JSON", reason, retryable=False)


def _raised(error: BaseException) -> _Ending:
    trace = "".join(traceback.format_exception(error))
    return _Ending(
        status=ExecutionStatus.FAILED,
        failure=Failure(
            code="TASK_ERROR",
            message=_storable((str(error) or type(error).__name__)[:_LONGEST_MESSAGE]),
            traceback=_storable(trace[-_LONGEST_TRACEBACK:]),
        ),
    )


def _storable(text: str) -> str:
    """``text`` without lone surrogates, which UTF-8 cannot express."""
    return text.encode("utf-8", "replace").decode()
