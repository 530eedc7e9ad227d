"""The job: what a tenant wants done, when, and how; and its life.

``status`` changes seldom and is stored. ``state`` is derived from the slot, ``next_run_at`` and now, and costs no
write. Every change that makes messages under way obsolete raises ``version``.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from tickwell.domain.errors import IllegalTransitionError
from tickwell.domain.instant import instant
from tickwell.domain.lane import Lane
from tickwell.domain.pending import Pending
from tickwell.domain.retry import DEFAULT_POLICY, Overlap, Policy
from tickwell.domain.schedule import OneTime, Schedule, first_due
from tickwell.domain.slot import LEASE_MARGIN, Slot

_MILLISECOND = timedelta(milliseconds=1)
_FRESH: dict[str, Any] = {"failures_in_a_row": 0, "pause_reason": None}
_ENDED: dict[str, Any] = {"paused_at": None, "pause_reason": None}


class JobStatus(StrEnum):
    """What is stored; who moves a job onward from each is said behind it."""

    ACTIVE = "active"  # the worker (completed, failed), a member (paused, cancelled, deleted)
    PAUSED = "paused"  # a member (active, cancelled, deleted)
    COMPLETED = "completed"  # a member (active by a retry, deleted)
    FAILED = "failed"  # a member (active by a retry, deleted)
    CANCELLED = "cancelled"  # a member (active by a retry, deleted)
    DELETED = "deleted"  # nobody: it stays for its history's sake


class PauseReason(StrEnum):
    """Why a job paused itself; a pause by a member has no reason."""

    FAILURES = "failures"


def failures_text(count: int) -> str:
    """``count`` failures in a row, for people."""
    return "1 failed occurrence" if count == 1 else f"{count} failed occurrences in a row"


class JobState(StrEnum):
    """What is derived; see ``Job.state``."""

    DELAYED = "delayed"
    WAITING = "waiting"
    RUNNING = "running"
    RETRYING = "retrying"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    DELETED = "deleted"


TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    JobStatus.ACTIVE: frozenset(set(JobStatus) - {JobStatus.ACTIVE}),
    JobStatus.PAUSED: frozenset({JobStatus.ACTIVE, JobStatus.CANCELLED, JobStatus.DELETED}),
    JobStatus.COMPLETED: frozenset({JobStatus.ACTIVE, JobStatus.DELETED}),
    JobStatus.FAILED: frozenset({JobStatus.ACTIVE, JobStatus.DELETED}),
    JobStatus.CANCELLED: frozenset({JobStatus.ACTIVE, JobStatus.DELETED}),
    JobStatus.DELETED: frozenset(),
}


def sources(target: JobStatus) -> frozenset[JobStatus]:
    """The statuses from which ``target`` may be reached; the stores derive their conditions from it."""
    return frozenset(status for status, targets in TRANSITIONS.items() if target in targets)


KEEPS_RETRY = frozenset({JobStatus.ACTIVE, JobStatus.PAUSED})
"""The statuses in which a retry that waits is worth keeping: those in which the job's work goes on, now or later."""

ENDS_ATTEMPT = frozenset({JobStatus.CANCELLED, JobStatus.DELETED})
"""The statuses that tell a running attempt to end: it is not wanted any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JobKey:
    """Names a job; the tenant is always part of the name."""

    tenant_id: str
    job_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """Statistics of a job, counted in the very write that finishes an attempt, hence exact."""

    executions: int = 0
    successful: int = 0
    failed: int = 0
    duration_ms: int = 0


NO_TALLY = Tally()


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """A tenant's instruction: task, payload, schedule and policy.

    ``payload`` is any JSON value, or None when it was so large that it lies in the blob store under ``payload_blob``.
    ``next_run_at`` is the occurrence that has not been claimed yet; None when there is none. ``queue`` is the named
    queue that the caller chose; None: the default queue of its lane. ``retry_of`` is the dead letter that this job was
    made of. ``failures_in_a_row`` counts the occurrences that were given up since the last success or resume (X23).
    ``caller_key`` is what its caller calls it by, and ``scope`` names the file that defines it (X24).
    ``pending``: the occurrences that wait for the slot, oldest first; none as long as the slot is empty.
    ``traceparent``: where the job belongs in the trace of whoever asked for it (X27).
    """

    tenant_id: str
    job_id: str
    version: int
    user_id: str
    name: str
    description: str | None = None
    task: str
    payload: Any = None
    payload_blob: str | None = None
    schedule: Schedule
    lane: Lane = Lane.MEDIUM
    queue: str | None = None
    policy: Policy = DEFAULT_POLICY
    tags: tuple[str, ...] = ()
    retry_of: str | None = None
    caller_key: str | None = None
    scope: str | None = None
    traceparent: str | None = None
    status: JobStatus = JobStatus.ACTIVE
    next_run_at: datetime | None
    slot: Slot | None = None
    pending: tuple[Pending, ...] = ()
    tally: Tally = NO_TALLY
    created_at: datetime
    updated_at: datetime
    last_executed_at: datetime | None = None
    paused_at: datetime | None = None
    failures_in_a_row: int = 0
    pause_reason: PauseReason | None = None
    expires_at: datetime | None = None

    @property
    def key(self) -> JobKey:
        """The job's name in the store."""
        return JobKey(tenant_id=self.tenant_id, job_id=self.job_id)

    @property
    def is_recurring(self) -> bool:
        """Whether the job has more than one occurrence."""
        return not isinstance(self.schedule, OneTime)

    @property
    def held_token(self) -> str:
        """The token of the attempt that holds the slot. Raises ValueError when none does."""
        if self.slot is None or self.slot.token is None:
            raise ValueError("nobody holds the job's slot")
        return self.slot.token

    @property
    def is_superseded(self) -> bool:
        """Whether the slot's occurrence is to end because a newer one has come (overlap ``cancel_other``)."""
        return self.policy.overlap is Overlap.CANCEL_OTHER and bool(self.pending)

    @property
    def wants_no_attempt(self) -> bool:
        """Whether a running attempt is to end, and no other is to follow it."""
        return self.status in ENDS_ATTEMPT or self.is_superseded

    @property
    def is_kept_in_vain(self) -> bool:
        """Whether work outside holds the slot that is not wanted any more: no worker will ever end its attempt."""
        return self.slot is not None and self.slot.outside is not None and self.wants_no_attempt

    def lease_after_sign(self, now: datetime) -> datetime:
        """Until when the lease of the running attempt holds after a sign of life at ``now``.

        A worker's never outlives the time limit, counted from the claim: an attempt that goes on after that is lost,
        however alive it is. So without a stall limit a sign leaves the lease as it is. Work outside has its own time.
        """
        if self.slot is not None and self.slot.outside is not None:
            return self.slot.outside.until(now)
        until = now + timedelta(seconds=self.policy.lease_seconds)
        if self.last_executed_at is not None:
            until = min(until, self.last_executed_at + timedelta(seconds=self.policy.timeout_seconds))
        return until + LEASE_MARGIN

    @property
    def next_failure_pauses(self) -> bool:
        """Whether the job pauses itself when one more of its occurrences is given up."""
        limit = self.policy.pause_after_failures
        return limit is not None and self.failures_in_a_row + 1 >= limit

    @property
    def paused_reason(self) -> str | None:
        """Why the job paused itself, for people; None where it did not."""
        return None if self.pause_reason is None else failures_text(self.failures_in_a_row)

    def state(self, now: datetime) -> JobState:
        """The job's state at ``now``: its status where that is final or paused, else what it is doing."""
        if self.slot is not None and self.slot.is_running() and self.status is not JobStatus.DELETED:
            return JobState.RUNNING
        if self.status is not JobStatus.ACTIVE:
            return JobState(self.status.value)
        if self.slot is not None:
            return JobState.RETRYING
        if self.next_run_at is not None and self.next_run_at > now:
            return JobState.DELAYED
        return JobState.WAITING

    def pause(self, now: datetime) -> "Job":
        """Stop a recurring job from starting occurrences; what runs goes on. Raises IllegalTransitionError."""
        if not self.is_recurring:
            raise IllegalTransitionError("one-time job", self.status.value, "pause")
        self._require(JobStatus.PAUSED, "pause")
        return self._changed(now, status=JobStatus.PAUSED, next_run_at=None, paused_at=instant(now))

    def resume(self, now: datetime) -> "Job":
        """Go on after a pause; the next occurrence is the first one after ``now``. Raises IllegalTransitionError.

        It also lies after the last start: by a worker whose clock is ahead, that occurrence may have been claimed.
        There is none where the schedule is over; see ``completed_if_over``.
        """
        if self.status is not JobStatus.PAUSED:
            raise IllegalTransitionError("job", self.status.value, "resume")
        following = first_due(self.schedule, max(now, self.last_executed_at or now))
        return self._changed(now, status=JobStatus.ACTIVE, next_run_at=following, paused_at=None, **_FRESH)

    def completed_if_over(self, *, expires_at: datetime) -> "Job":
        """The job, completed where it is an active recurring one that nothing is to come of: its schedule is over.

        The stores do the same in the write that finishes the last attempt of the last occurrence.
        """
        goes_on = self.next_run_at is not None or self.slot is not None
        if self.status is not JobStatus.ACTIVE or not self.is_recurring or goes_on:
            return self
        return replace(self, status=JobStatus.COMPLETED, expires_at=expires_at)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to come of it: its status is final, and no attempt is running."""
        return self.status not in KEEPS_RETRY and (self.slot is None or not self.slot.is_running())

    def cancel(self, now: datetime, *, expires_at: datetime) -> "Job":
        """End it: what waits is given up, what runs is told to end. Raises IllegalTransitionError."""
        return self._end(JobStatus.CANCELLED, "cancel", now, expires_at)

    def retry(self, now: datetime) -> "Job":
        """Take up a job that has ended: a one-time job is due at once, a recurring one at its next occurrence.

        The new occurrence differs from all earlier ones that have begun, whose history stays. Raises
        IllegalTransitionError, also while the last attempt is still running, and where the schedule of a recurring job
        is over.
        """
        if self.status not in sources(JobStatus.ACTIVE) - {JobStatus.PAUSED}:
            raise IllegalTransitionError("job", self.status.value, "retry")
        if self.slot is not None:
            raise IllegalTransitionError("job", "still running", "retry")
        after_all = now if self.last_executed_at is None else max(now, self.last_executed_at + _MILLISECOND)
        due_at = instant(after_all) if not self.is_recurring else first_due(self.schedule, after_all)
        if due_at is None:
            raise IllegalTransitionError("job", f"{self.status.value}, and its schedule is over", "retry")
        return self._changed(now, status=JobStatus.ACTIVE, next_run_at=due_at, expires_at=None, **_FRESH)

    def delete(self, now: datetime, *, expires_at: datetime) -> "Job":
        """End the job for good; its history stays until ``expires_at``. Raises IllegalTransitionError."""
        return self._end(JobStatus.DELETED, "delete", now, expires_at)

    def _end(self, target: JobStatus, action: str, now: datetime, expires_at: datetime) -> "Job":
        self._require(target, action)
        slot = self.slot if self.slot is not None and self.slot.is_running() else None
        return self._changed(
            now, status=target, next_run_at=None, slot=slot, pending=(), **_ENDED, expires_at=expires_at
        )

    def _require(self, target: JobStatus, action: str) -> None:
        if target not in TRANSITIONS[self.status]:
            raise IllegalTransitionError("job", self.status.value, action)

    def _changed(self, now: datetime, **changes: Any) -> "Job":
        return replace(self, version=self.version + 1, updated_at=instant(now), **changes)
