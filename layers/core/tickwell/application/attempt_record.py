"""The record of an attempt that has ended, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.claim_check import Detail
from tickwell.application.ports import Ids
from tickwell.domain.ending import NOT_WANTED, Ending, bounded
from tickwell.domain.execution import Execution, ExecutionStatus, ended_as
from tickwell.domain.job import Job, JobStatus
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
from tickwell.domain.slot import Slot

Retention = Callable[[Job, JobStatus], timedelta]
"""How long a job that ends like that, and its history, is kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordAttempt:
    """The use case; see ``__call__``. Nothing is written."""

    ids: Ids
    retention: Retention

    def __call__(
        self,
        job: Job,
        slot: Slot,
        ending: Ending,
        stored: Detail,
        *,
        started_at: datetime,
        finished_at: datetime,
    ) -> Execution:
        """The record of the attempt in ``slot``, which holds the slot of ``job``. Secrets are masked by the caller."""
        decision = self._decision(job, slot, ending, finished_at)
        return Execution(
            tenant_id=job.tenant_id,
            job_id=job.job_id,
            due_at=slot.due_at,
            attempt=slot.attempt,
            status=ending.status,
            token=job.held_token,
            decision=decision,
            losses=slot.losses + (ending.status is ExecutionStatus.LOST and not ending.was_returned),
            returns=slot.returns + ending.was_returned,
            recurring=job.is_recurring,
            started_at=started_at,
            finished_at=finished_at,
            output=stored.output,
            failure=None if ending.failure is None else bounded(ending.failure),
            logs=stored.logs,
            expires_at=finished_at + self.retention(job, ended_as(decision)),
        )

    def _decision(self, job: Job, slot: Slot, ending: Ending, now: datetime) -> Decision:
        if ending.failure is None:
            return Completed()
        if ending.told in NOT_WANTED and ending.status is not ExecutionStatus.LOST:
            return Cancelled()
        return unless_expired(job.policy, slot.due_at, self._after_failure(job, slot, ending, now))

    def _after_failure(self, job: Job, slot: Slot, ending: Ending, now: datetime) -> RetryAt | GiveUp:
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
