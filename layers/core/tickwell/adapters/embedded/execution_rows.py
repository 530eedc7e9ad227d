"""Executions as rows of the table ``executions``: how they are recorded, many in one statement, and found again."""

import sqlite3
from collections.abc import Sequence
from typing import Any

from tickwell.adapters.embedded.database import bindable
from tickwell.adapters.embedded.outcome_feed import put_outcome
from tickwell.adapters.embedded.together import insert_of, slices
from tickwell.adapters.history_documents import execution_from, execution_texts
from tickwell.domain.child import parent_of
from tickwell.domain.execution import Execution
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.outcome_event import event_of_execution

_RECORD = """
    INSERT INTO executions (tenant_id, job_id, due_ms, attempt, parent_id, expires_ms, summary, outcome, logs)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
        expires_ms = excluded.expires_ms, summary = excluded.summary, outcome = excluded.outcome, logs = excluded.logs
    WHERE expires_ms <= ?
"""
_GET_EXECUTION = """
    SELECT expires_ms, summary, outcome, logs FROM executions
    WHERE tenant_id = ? AND job_id = ? AND due_ms = ? AND attempt = ? AND expires_ms > ?
"""

_Row = tuple[Any, ...]


def record_executions(cursor: sqlite3.Cursor, executions: Sequence[Execution], now_ms: int) -> Sequence[Execution]:
    """Record them; what stands of each, which is an earlier record where there is one that has not expired."""
    rows = [_row(execution, now_ms) for execution in executions]
    if len(rows) > 1 and _are_all_new(cursor, rows):
        for execution in executions:
            _tell(cursor, execution)
        return executions
    return [_record(cursor, execution, row) for execution, row in zip(executions, rows, strict=True)]


def _row(execution: Execution, now_ms: int) -> _Row:
    """The values of ``_RECORD``; the last one, now, is not of the row but of the statement."""
    texts = execution_texts(execution)
    identity = (execution.tenant_id, execution.job_id, to_epoch_ms(execution.due_at), execution.attempt)
    expires_ms, parent_id = to_epoch_ms(execution.expires_at), parent_of(execution.job_id)
    return (*identity, parent_id, expires_ms, texts.summary, texts.outcome, texts.logs, now_ms)


def _are_all_new(cursor: sqlite3.Cursor, rows: Sequence[_Row]) -> bool:
    """Record all of ``rows``, or none where there is a record of one's id."""
    cursor.execute("SAVEPOINT all_new")
    recorded = 0
    for some in slices(rows):
        values = [value for row in some for value in row[:-1]]
        recorded += cursor.execute(insert_of(_RECORD, len(some)), [*values, some[0][-1]]).rowcount
    are_new = recorded == len(rows)
    if not are_new:
        cursor.execute("ROLLBACK TO all_new")
    cursor.execute("RELEASE all_new")
    return are_new


def _record(cursor: sqlite3.Cursor, execution: Execution, row: _Row) -> Execution:
    if cursor.execute(_RECORD, row).rowcount:
        _tell(cursor, execution)
        return execution
    return find_execution(cursor, execution.job_key, row[2], execution.attempt, row[-1]) or execution


def _tell(cursor: sqlite3.Cursor, execution: Execution) -> None:
    """Note what follows from its record, if anything does."""
    if (event := event_of_execution(execution)) is not None:
        put_outcome(cursor, event)


def find_execution(cursor: sqlite3.Cursor, key: JobKey, due_ms: int, attempt: int, now_ms: int) -> Execution | None:
    """The record, unless it has expired."""
    row = cursor.execute(
        _GET_EXECUTION, (bindable(key.tenant_id), bindable(key.job_id), due_ms, attempt, now_ms)
    ).fetchone()
    if row is None:
        return None
    expires_ms, summary, outcome, logs = row
    return execution_from(
        key,
        due_ms=due_ms,
        attempt=attempt,
        expires_ms=expires_ms,
        summary=summary,
        outcome=outcome,
        logs=logs,
    )
