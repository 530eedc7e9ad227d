"""Records occurrences that will not run, with their reasons: each has exactly one recorded outcome (rule 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.ports import History
from tickwell.domain.arrival import LeftOut
from tickwell.domain.execution import Skip
from tickwell.domain.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class LeaveOut:
    """The use case; see ``__call__``. ``retention``: how long the records are kept."""

    history: History
    retention: timedelta

    def __call__(self, job: Job, left_out: Sequence[LeftOut], *, now: datetime) -> None:
        """Record what is left out of ``job``, before the write that leaves it out: an execution overrides a record.

        Raises UnavailableError; may be repeated.
        """
        for one in left_out:
            skip = Skip(
                tenant_id=job.tenant_id,
                job_id=job.job_id,
                first_due_at=one.gap.first_due_at,
                last_due_at=one.gap.last_due_at,
                count=one.gap.count,
                reason=one.reason,
                outcome=one.outcome,
                expires_at=now + self.retention,
            )
            self.history.put_skip(skip)
