"""Executions: one attempt at one occurrence, recorded once."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job, JobKey, JobStatus, Tally
from tickwell.domain.progress import Progress
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, RetryAt
from tickwell.domain.slot import Slot

_EXECUTION_ID = re.compile(r"(.{36}(?:\.[0-9a-f]+)?)-([0-9a-f]+)-([0-9]+)", re.DOTALL)


class ExecutionStatus(StrEnum):
    """How an attempt stands; everything but RUNNING is final, and only final ones are stored."""

    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"
    LOST = "lost"


WORKER_STOPPED = "WORKER_STOPPED"
"""The code of an attempt that its worker gave back because it was stopped."""

_FAILURES = frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMEOUT, ExecutionStatus.LOST})


@dataclass(frozen=True, kw_only=True, slots=True)
class LogEntry:
    """One line that a task logged; ``metadata`` is any JSON object."""

    at: datetime
    level: str
    message: str
    metadata: Any = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why an attempt did not succeed: a stable ``code``, a sentence, and the traceback where there is one."""

    code: str
    message: str
    traceback: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class OccurrenceKey:
    """Names one due instant of a job."""

    job: JobKey
    due_at: datetime

    @property
    def idempotency_key(self) -> str:
        """Stable over all attempts of the occurrence; what tasks hand on to the systems that they call."""
        return idempotency_key(self.job.job_id, self.due_at)


def idempotency_key(job_id: str, due_at: datetime) -> str:
    """See ``OccurrenceKey.idempotency_key``."""
    return f"{job_id}-{to_epoch_ms(due_at):012x}"


def execution_id(job_id: str, due_at: datetime, attempt: int) -> str:
    """The id of an execution, derived so that recording it twice is recording it once (rule 3)."""
    return f"{job_id}-{to_epoch_ms(due_at):012x}-{attempt}"


def parse_execution_id(identifier: str) -> tuple[str, datetime, int]:
    """Job id, due instant and attempt of an execution id; raises NotFoundError for what is not one."""
    found = _EXECUTION_ID.fullmatch(identifier)
    if found is None:
        raise NotFoundError("execution", identifier)
    try:
        parsed = found[1], from_epoch_ms(int(found[2], 16)), int(found[3])
    except (ValueError, OverflowError) as error:
        raise NotFoundError("execution", identifier) from error
    if execution_id(*parsed) != identifier:
        raise NotFoundError("execution", identifier)
    return parsed


@dataclass(frozen=True, kw_only=True, slots=True)
class Execution:
    """One attempt. ``decision`` says what follows from it, so that whoever finds the record can finish from it.

    ``token`` is the slot's token of the attempt; ``losses`` the lost attempts of this occurrence, this one included;
    ``returns`` those that a stopping worker gave back.
    ``recurring`` says whether the job goes on afterwards: a hint that saves the store a failed write, no more.
    ``outside_ms``: how much of its duration it went on outside of any worker (X10); None: it did not.
    ``detail_blob`` names the blob that holds output and logs when they are too large for the store.
    """

    tenant_id: str
    job_id: str
    due_at: datetime
    attempt: int
    status: ExecutionStatus
    token: str
    decision: Decision
    losses: int = 0
    returns: int = 0
    recurring: bool = False
    started_at: datetime
    finished_at: datetime
    output: Any = None
    failure: Failure | None = None
    logs: tuple[LogEntry, ...] = ()
    detail_blob: str | None = None
    outside_ms: int | None = None
    expires_at: datetime

    @property
    def job_key(self) -> JobKey:
        """The job that it belongs to."""
        return JobKey(tenant_id=self.tenant_id, job_id=self.job_id)

    @property
    def execution_id(self) -> str:
        """Derived; see ``execution_id``."""
        return execution_id(self.job_id, self.due_at, self.attempt)

    @property
    def was_returned(self) -> bool:
        """Whether a stopping worker gave it back."""
        return self.failure is not None and self.failure.code == WORKER_STOPPED

    @property
    def duration_ms(self) -> int:
        """From start to end of the attempt, in whole milliseconds."""
        return max(0, to_epoch_ms(self.finished_at) - to_epoch_ms(self.started_at))

    @property
    def counts(self) -> Tally:
        """What finishing it adds to the job's tally; a cancelled attempt neither succeeded nor failed."""
        return Tally(
            executions=1,
            successful=int(self.status is ExecutionStatus.SUCCESS),
            failed=int(self.status in _FAILURES),
            duration_ms=self.duration_ms,
        )

    @property
    def ends_as(self) -> JobStatus | None:
        """What a one-time job becomes when this attempt was its last; None where a retry follows."""
        return None if isinstance(self.decision, RetryAt) else ended_as(self.decision)

    def slot_afterwards(self) -> Slot | None:
        """The slot that finishing leaves behind: the waiting retry, or none."""
        match self.decision:
            case RetryAt(attempt=attempt):
                return Slot(due_at=self.due_at, attempt=attempt, losses=self.losses, returns=self.returns)
            case Completed() | GiveUp() | Cancelled():
                return None


def ended_as(decision: Decision) -> JobStatus:
    """How a one-time job stands after ``decision``, should nothing follow from it: a retry comes after a failure."""
    match decision:
        case Completed():
            return JobStatus.COMPLETED
        case Cancelled():
            return JobStatus.CANCELLED
        case GiveUp() | RetryAt():
            return JobStatus.FAILED


@dataclass(frozen=True, kw_only=True, slots=True)
class RunningExecution:
    """The attempt that a job's slot shows as running; it has no record yet.

    ``pending_until``: it goes on outside, and has timed out when nothing is heard of it until then; None: a worker runs
    it.
    """

    tenant_id: str
    job_id: str
    due_at: datetime
    attempt: int
    started_at: datetime
    progress: Progress | None = None
    pending_until: datetime | None = None

    @property
    def execution_id(self) -> str:
        """The id that its record will have."""
        return execution_id(self.job_id, self.due_at, self.attempt)


def running_execution(job: Job) -> RunningExecution | None:
    """What ``job`` is running right now; None when its slot is empty or waits for a retry."""
    slot = job.slot
    if slot is None or not slot.is_running():
        return None
    return RunningExecution(
        tenant_id=job.tenant_id,
        job_id=job.job_id,
        due_at=slot.due_at,
        attempt=slot.attempt,
        started_at=job.last_executed_at or slot.due_at,
        progress=slot.progress,
        pending_until=None if slot.outside is None else slot.lease_until,
    )


class SkipOutcome(StrEnum):
    """What became of occurrences that were not executed."""

    SKIPPED = "skipped"  # by a policy, or because their job was paused or edited
    CANCELLED = "cancelled"  # their job was cancelled or deleted, or a newer occurrence took their place


@dataclass(frozen=True, kw_only=True, slots=True)
class Skip:
    """Occurrences that will not be executed: ``count`` of them from ``first_due_at`` to ``last_due_at``.

    ``count`` is None where there were too many to count. An execution of the same occurrence, which a crash or a lost
    race between the two writes can bring about, overrides a skip. ``reason`` is for people.
    """

    tenant_id: str
    job_id: str
    first_due_at: datetime
    last_due_at: datetime
    count: int | None
    reason: str
    outcome: SkipOutcome = SkipOutcome.SKIPPED
    expires_at: datetime


def require_page_limit(limit: int) -> int:
    """``limit`` if it is from 1 to 100; raises InvalidInputError otherwise."""
    if not 1 <= limit <= 100:
        raise InvalidInputError("limit", "must be from 1 to 100")
    return limit
