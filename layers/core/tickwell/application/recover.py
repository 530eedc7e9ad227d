"""Take over attempts whose worker must be presumed dead (rule 3), and those that timed out outside (X10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tickwell.application.outside_record import RecordOutside
from tickwell.application.ports import Clock
from tickwell.application.settle import Attempt, Settle, Settled
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, ended_as
from tickwell.domain.job import Job
from tickwell.domain.retry import Cancelled, Decision, OnLost, after_loss, unless_expired
from tickwell.domain.slot import Slot

if TYPE_CHECKING:
    from tickwell.application.attempt_record import Retention


@dataclass(frozen=True, kw_only=True, slots=True)
class Recover:
    """The use case; see ``__call__``."""

    settle: Settle
    record_outside: RecordOutside
    clock: Clock
    retention: "Retention"

    def __call__(self, jobs: Sequence[Job], *, started: bool = True) -> Sequence[Settled]:
        """Settle the running attempt of each job as ``lost``; ``started`` False: no worker ever began it.

        If the dead worker had recorded its outcome, that record stands and the job is finished from it: the task does
        not run again. Jobs whose slot nobody holds are ignored. What went on outside has timed out, or is not wanted
        any more. Callers check the lease (``Slot.may_be_taken_over``), or that (``Job.is_kept_in_vain``).
        """
        now = self.clock.now()
        attempts = [
            Attempt(job=job, execution=self._ended(job, job.slot, now, started=started), has_payload=False)
            for job in jobs
            if job.slot is not None and job.slot.is_running()
        ]
        return self.settle(attempts)

    def _ended(self, job: Job, slot: Slot, now: datetime, *, started: bool) -> Execution:
        if slot.outside is not None:
            return self.record_outside.abandoned(job, slot, now)
        return lost_execution(job, slot, now, self.retention, started=started)


_LOST = Failure(code="WORKER_LOST", message="the worker gave no sign of life until its lease was over")
_NOT_STARTED = Failure(code="NOT_STARTED", message="the lane gave its message up before any worker began the attempt")


def lost_execution(job: Job, slot: Slot, now: datetime, retention: "Retention", *, started: bool = True) -> Execution:
    """The record that says that the worker of ``slot`` was lost, or never was.

    What was never started may be tried again even where nothing must run twice (``on_lost`` fail).
    """
    decision = _decision(job, slot, now, started=started)
    started_at = min(job.last_executed_at or slot.due_at, now)
    return Execution(
        tenant_id=job.tenant_id,
        job_id=job.job_id,
        due_at=slot.due_at,
        attempt=slot.attempt,
        status=ExecutionStatus.LOST,
        token=slot.token or "",
        decision=decision,
        losses=slot.losses + 1,
        returns=slot.returns,
        recurring=job.is_recurring,
        started_at=started_at,
        finished_at=now,
        failure=_LOST if started else _NOT_STARTED,
        expires_at=now + retention(job, ended_as(decision)),
    )


def _decision(job: Job, slot: Slot, now: datetime, *, started: bool) -> Decision:
    if job.wants_no_attempt:
        return Cancelled()
    policy = job.policy if started else replace(job.policy, on_lost=OnLost.RETRY)
    decision = after_loss(policy, attempt=slot.attempt, losses=slot.losses, now=now)
    return unless_expired(policy, slot.due_at, decision)
