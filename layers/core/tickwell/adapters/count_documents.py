"""What both engines store of the executions that ended last."""

from tickwell.domain.counts import EndedExecution
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import from_epoch_ms


def ended_execution(
    job_id: str, due_ms: int, attempt: int, status: str, finished_ms: int, duration_ms: int
) -> EndedExecution:
    """The execution of its stored values, in this order."""
    return EndedExecution(
        job_id=job_id,
        due_at=from_epoch_ms(due_ms),
        attempt=attempt,
        status=ExecutionStatus(status),
        finished_at=from_epoch_ms(finished_ms),
        duration_ms=duration_ms,
    )
