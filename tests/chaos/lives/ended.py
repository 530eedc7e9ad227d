"""An attempt that its job was finished with, as the small model keeps it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.counts import EndedExecution, ExecutionCell
from tickwell.domain.execution import Execution


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """Its record, and what it is counted by: the queue and the lane of its job when it was finished.

    ``claimed_at`` is what the job says. The record may say an earlier start, where the clock was set back meanwhile.
    """

    cell: ExecutionCell
    record: Execution
    claimed_at: datetime

    @property
    def told(self) -> EndedExecution:
        """What counters tell of it: its instants are those of the claim plus the duration (ADR 0020)."""
        record = self.record
        return EndedExecution(
            job_id=record.job_id,
            due_at=record.due_at,
            attempt=record.attempt,
            status=record.status,
            finished_at=self.claimed_at + timedelta(milliseconds=record.duration_ms),
            duration_ms=record.duration_ms,
        )
