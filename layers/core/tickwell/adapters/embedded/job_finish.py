"""The write that finishes an attempt; see ``JobStore.finish_many``."""

import sqlite3
from datetime import datetime
from typing import Any

from tickwell.adapters.documents import pending_text
from tickwell.adapters.embedded.database import bindable
from tickwell.adapters.embedded.ended_counts import Ended
from tickwell.adapters.embedded.job_statements import FINISH, RETRY, RETRY_ALONE
from tickwell.adapters.embedded.outcome_feed import put_outcome
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey
from tickwell.domain.handover import Handover
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobStatus
from tickwell.domain.outcome_event import event_of_pause
from tickwell.domain.retry import RetryAt
from tickwell.domain.usage import activity_of_attempt, is_given_up


def finish_one(cursor: sqlite3.Cursor, execution: Execution, now: datetime, handover: Handover | None) -> Ended | None:
    """Finish the attempt; None where somebody else has."""
    status, counts, due_ms = execution.status, execution.counts, to_epoch_ms(execution.due_at)
    values: dict[str, Any] = {
        "tenant": bindable(execution.tenant_id),
        "job": bindable(execution.job_id),
        "token": execution.token,
        "successful": counts.successful,
        "failed": counts.failed,
        "duration": counts.duration_ms,
        "timeouts": status is ExecutionStatus.TIMEOUT,
        "lost": status is ExecutionStatus.LOST,
        "expires": to_epoch_ms(execution.expires_at),
        "now": to_epoch_ms(now),
        **(_NOBODY_WAITS if handover is None else handover_values(handover)),
    }
    target = execution.ends_as
    if isinstance(execution.decision, RetryAt):
        values |= {"attempt": execution.decision.attempt, "losses": execution.losses, "returns": execution.returns}
    if target is None and handover is not None and handover.head is not None:
        target = JobStatus.CANCELLED
    statement = (RETRY if handover is None else RETRY_ALONE) if target is None else FINISH[target]
    row = cursor.execute(statement, values).fetchone()
    if row is None:
        return None
    version, failures, reason, queue, lane, last_executed_ms, recurring, slot_due_ms = row
    if reason is not None:  # paused by this very write: a job that was paused before has no slot to be finished
        occurrence = OccurrenceKey(job=execution.job_key, due_at=execution.due_at)
        put_outcome(cursor, event_of_pause(occurrence, execution.attempt, version=version, failures=failures, at=now))
    return Ended(
        tenant_id=execution.tenant_id,
        queue=queue,
        lane=lane,
        job_id=execution.job_id,
        due_ms=due_ms,
        attempt=execution.attempt,
        status=status,
        started_ms=due_ms if last_executed_ms is None else last_executed_ms,
        duration_ms=counts.duration_ms,
        outside_ms=execution.outside_ms,
        activity=activity_of_attempt(execution.job_id, execution.attempt, is_recurring=bool(recurring)),
        is_given_up=is_given_up(status, keeps_slot=slot_due_ms == due_ms),
    )


def handover_values(handover: Handover) -> dict[str, Any]:
    """The values that say who takes the slot, if anybody, and on condition of what."""
    head = handover.head
    return {
        "known": pending_text(handover.known),
        "rest": pending_text(handover.rest),
        "head_due": None if head is None else to_epoch_ms(head.due_at),
        "head_attempt": None if head is None else 1,
        "head_losses": None if head is None else 0,
    }


_NOBODY_WAITS = handover_values(Handover(known=()))
