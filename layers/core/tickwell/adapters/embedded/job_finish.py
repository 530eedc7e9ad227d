"""The write that finishes an attempt; see ``JobStore.finish_many``."""

import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tickwell.adapters.documents import pending_text
from tickwell.adapters.embedded.database import bindable
from tickwell.adapters.embedded.ended_counts import Ended
from tickwell.adapters.embedded.job_statements import FINISH, FINISH_SUCCESS, RETRY, RETRY_ALONE
from tickwell.adapters.embedded.outcome_feed import put_outcome
from tickwell.adapters.embedded.together import slices, update_of
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey
from tickwell.domain.handover import Handover
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobStatus
from tickwell.domain.outcome_event import event_of_pause
from tickwell.domain.retry import RetryAt
from tickwell.domain.usage import activity_of_attempt, is_given_up

_NAMES = ("tenant", "job", "token", "duration", "expires", "now")

_Row = tuple[Any, ...]


def finish(
    cursor: sqlite3.Cursor, executions: Sequence[Execution], now: datetime, handovers: Mapping[str, Handover]
) -> list[Ended | None]:
    """Finish the attempts, in their order; None for each that somebody else has finished."""
    rows = _finish_alike(cursor, executions, now, handovers)
    ended: list[Ended | None] = []
    for number, execution in enumerate(executions):
        row = rows.get(number) or _finish_one(cursor, execution, now, handovers.get(execution.token))
        ended.append(None if row is None else _ended(cursor, execution, row, now))
    return ended


def _finish_alike(
    cursor: sqlite3.Cursor, executions: Sequence[Execution], now: datetime, handovers: Mapping[str, Handover]
) -> Mapping[int, _Row]:
    """Finish those that succeeded and hand nothing over, many in one statement; by their places what came of it.

    What is not among the answers has to be finished by itself.
    """
    alike: dict[tuple[str, str], int] = {}
    for number, execution in enumerate(executions):
        succeeded = execution.status is ExecutionStatus.SUCCESS and execution.ends_as is JobStatus.COMPLETED
        if succeeded and execution.token not in handovers:
            alike.setdefault((bindable(execution.tenant_id), bindable(execution.job_id)), number)
    now_ms = to_epoch_ms(now)
    found: dict[int, _Row] = {}
    for some in slices([(*key, *_values(executions[number], now_ms)) for key, number in alike.items()]):
        if len(some) > 1:
            statement = update_of(FINISH_SUCCESS, _NAMES, len(some))
            for tenant_id, job_id, *row in cursor.execute(statement, [value for values in some for value in values]):
                found[alike[tenant_id, job_id]] = tuple(row)
    return found


def _values(execution: Execution, now_ms: int) -> _Row:
    """Those of ``_NAMES`` behind the job's name."""
    return execution.token, execution.duration_ms, to_epoch_ms(execution.expires_at), now_ms


def _finish_one(
    cursor: sqlite3.Cursor, execution: Execution, now: datetime, handover: Handover | None
) -> Sequence[Any] | None:
    key = (bindable(execution.tenant_id), bindable(execution.job_id))
    values: dict[str, Any] = dict(zip(_NAMES, (*key, *_values(execution, to_epoch_ms(now))), strict=True))
    status, counts = execution.status, execution.counts
    values |= {"successful": counts.successful, "failed": counts.failed}
    values |= {"timeouts": status is ExecutionStatus.TIMEOUT, "lost": status is ExecutionStatus.LOST}
    values |= _NOBODY_WAITS if handover is None else handover_values(handover)
    target = execution.ends_as
    if isinstance(execution.decision, RetryAt):
        values |= {"attempt": execution.decision.attempt, "losses": execution.losses, "returns": execution.returns}
    if target is None and handover is not None and handover.head is not None:
        target = JobStatus.CANCELLED
    statement = (RETRY if handover is None else RETRY_ALONE) if target is None else FINISH[target]
    row: _Row | None = cursor.execute(statement, values).fetchone()
    return None if row is None else row[2:]


def _ended(cursor: sqlite3.Cursor, execution: Execution, row: Sequence[Any], now: datetime) -> Ended:
    """What has ended, by what its write answered; tells of the pause that the write may have brought about."""
    version, failures, reason, queue, lane, last_executed_ms, recurring, slot_due_ms, status = row
    if reason is not None:  # paused by this very write: a job that was paused before has no slot to be finished
        occurrence = OccurrenceKey(job=execution.job_key, due_at=execution.due_at)
        put_outcome(cursor, event_of_pause(occurrence, execution.attempt, version=version, failures=failures, at=now))
    due_ms = to_epoch_ms(execution.due_at)
    return Ended(
        tenant_id=execution.tenant_id,
        queue=queue,
        lane=lane,
        job_id=execution.job_id,
        due_ms=due_ms,
        attempt=execution.attempt,
        status=execution.status,
        started_ms=due_ms if last_executed_ms is None else last_executed_ms,
        duration_ms=execution.duration_ms,
        outside_ms=execution.outside_ms,
        activity=activity_of_attempt(execution.job_id, execution.attempt, is_recurring=bool(recurring)),
        is_given_up=is_given_up(execution.status, keeps_slot=slot_due_ms == due_ms),
        is_recurring=bool(recurring),
        completes=status == JobStatus.COMPLETED.value,
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
