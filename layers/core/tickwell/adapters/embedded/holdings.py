"""All that a tenant has in SQLite; see ``Holdings``. Each listing goes through the index that is its key."""

import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from tickwell.adapters.audit_documents import audit_from
from tickwell.adapters.dead_letter_documents import Mark, dead_letter_from, dead_letter_rank
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.embedded.job_rows import COLUMNS, job_from
from tickwell.adapters.export_cursors import HistoryKind, HistoryPosition, read_position
from tickwell.adapters.history_documents import execution_from, skip_from
from tickwell.adapters.notifying_documents import record_from
from tickwell.application.ports import Clock, HistoryItem, Stretch
from tickwell.domain.audit import AuditRecord
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobKey

_JOBS = f"""
    SELECT {COLUMNS} FROM jobs INDEXED BY jobs_by_id
    WHERE tenant_id = :tenant AND job_id > :after AND (expires_ms IS NULL OR expires_ms > :now)
    ORDER BY job_id LIMIT :limit
"""
_OWN = """
    SELECT job_id, due_ms, attempt, expires_ms, summary, outcome, logs FROM executions INDEXED BY executions_by_id
    WHERE tenant_id = :tenant AND job_id = :job AND parent_id IS NULL
    AND (due_ms, attempt, job_id) > (:at, :attempt, :rest) AND expires_ms > :now
    ORDER BY due_ms, attempt, job_id LIMIT :limit
"""
_OF_CHILDREN = _OWN.replace("executions_by_id", "executions_of_children").replace(
    "job_id = :job AND parent_id IS NULL", "parent_id = :job"
)
_EXECUTIONS = f"""
    SELECT * FROM ({_OWN}) UNION ALL SELECT * FROM ({_OF_CHILDREN})
    ORDER BY due_ms, attempt, job_id LIMIT :limit
"""
_SKIPS = """
    SELECT first_due_ms, expires_ms, document FROM skips
    WHERE tenant_id = :tenant AND job_id = :job AND first_due_ms > :at AND expires_ms > :now
    ORDER BY first_due_ms LIMIT :limit
"""
_NOTIFICATIONS = """
    SELECT due_ms, attempt, notification_id, expires_ms, document FROM notifications
    WHERE tenant_id = :tenant AND job_id = :job AND (due_ms, attempt, notification_id) > (:at, :attempt, :rest)
    AND expires_ms > :now
    ORDER BY due_ms, attempt, notification_id LIMIT :limit
"""
_DEAD_LETTERS = """
    SELECT dead_letter_id, expires_ms, retried_as, retried_ms, document FROM dead_letters INDEXED BY dead_letters_by_id
    WHERE tenant_id = :tenant AND (rank, dead_letter_id) > (:rank, :after) AND expires_ms > :now
    ORDER BY rank, dead_letter_id LIMIT :limit
"""
_AUDIT_RECORDS = """
    SELECT record_id, expires_ms, document FROM audit
    WHERE tenant_id = :tenant AND record_id > :after AND expires_ms > :now
    ORDER BY record_id LIMIT :limit
"""

_Placed = tuple[HistoryPosition, HistoryItem]


class EmbeddedHoldings:
    """The embedded ``Holdings``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def jobs(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[Job]:
        """See the port."""
        rows = self._rows(_JOBS, tenant_id, after, limit)
        return _stretch([(job.job_id, job) for job in map(job_from, rows)], limit)

    def history(self, tenant_id: str, job_id: str, *, after: str | None, limit: int) -> Stretch[HistoryItem]:
        """See the port."""
        start = HistoryPosition(kind=HistoryKind.EXECUTION, at_ms=-1) if after is None else read_position(after)
        job = JobKey(tenant_id=tenant_id, job_id=job_id)
        values = {"tenant": bindable(tenant_id), "job": bindable(job_id), "now": self._now_ms()}
        found: list[_Placed] = []
        kinds = list(HistoryKind)
        with self._database.read() as cursor:
            for kind in kinds[kinds.index(start.kind) :]:
                place = start if kind is start.kind else HistoryPosition(kind=kind, at_ms=-1)
                of_place = {"at": place.at_ms, "attempt": place.attempt, "limit": limit - len(found)}
                found += _READ[kind](cursor, job, {**values, **of_place, "rest": place.rest})
        return _stretch([(position.spell(), item) for position, item in found], limit)

    def dead_letters(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[DeadLetter]:
        """See the port."""
        rank = "" if after is None else dead_letter_rank(after)
        letters: list[tuple[str, DeadLetter]] = []
        for name, expires_ms, retried_as, retried_ms, text in self._rows(
            _DEAD_LETTERS, tenant_id, after, limit, rank=rank
        ):
            mark = Mark(retried_as=retried_as, retried_ms=retried_ms)
            letters.append((name, dead_letter_from(tenant_id, name, expires_ms=expires_ms, text=text, mark=mark)))
        return _stretch(letters, limit)

    def audit_records(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[AuditRecord]:
        """See the port."""
        rows = self._rows(_AUDIT_RECORDS, tenant_id, after, limit)
        records = [(name, audit_from(tenant_id, name, expires_ms=expires, text=text)) for name, expires, text in rows]
        return _stretch(records, limit)

    def _rows(self, statement: str, tenant_id: str, after: str | None, limit: int, **more: Any) -> list[Any]:
        values = {"tenant": bindable(tenant_id), "after": bindable(after or ""), "now": self._now_ms(), "limit": limit}
        with self._database.read() as cursor:
            return cursor.execute(statement, values | more).fetchall()

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _stretch(items: list[tuple[str, Any]], limit: int) -> Stretch[Any]:
    """A full stretch may not be the last one."""
    return Stretch(items=tuple(items), reached=items[-1][0] if len(items) == limit else None)


def _executions(cursor: sqlite3.Cursor, job: JobKey, values: Mapping[str, Any]) -> list[_Placed]:
    found: list[_Placed] = []
    behind = {**values, "rest": values["job"] + values["rest"]}
    for ran, due_ms, attempt, expires_ms, summary, outcome, logs in cursor.execute(_EXECUTIONS, behind):
        position = HistoryPosition(
            kind=HistoryKind.EXECUTION, at_ms=due_ms, attempt=attempt, rest=ran.removeprefix(job.job_id)
        )
        execution = execution_from(
            JobKey(tenant_id=job.tenant_id, job_id=ran),
            due_ms=due_ms,
            attempt=attempt,
            expires_ms=expires_ms,
            summary=summary,
            outcome=outcome,
            logs=logs,
        )
        found.append((position, execution))
    return found


def _skips(cursor: sqlite3.Cursor, job: JobKey, values: Mapping[str, Any]) -> list[_Placed]:
    return [
        (
            HistoryPosition(kind=HistoryKind.SKIP, at_ms=first_ms),
            skip_from(job, first_ms=first_ms, expires_ms=expires_ms, text=text),
        )
        for first_ms, expires_ms, text in cursor.execute(_SKIPS, values)
    ]


def _notifications(cursor: sqlite3.Cursor, job: JobKey, values: Mapping[str, Any]) -> list[_Placed]:
    found: list[_Placed] = []
    for due_ms, attempt, name, expires_ms, text in cursor.execute(_NOTIFICATIONS, values):
        record = record_from(
            job, due_ms=due_ms, attempt=attempt, notification_id=name, expires_ms=expires_ms, text=text
        )
        position = HistoryPosition(kind=HistoryKind.NOTIFICATION, at_ms=due_ms, attempt=attempt, rest=name)
        found.append((position, record))
    return found


_READ: Mapping[HistoryKind, Callable[[sqlite3.Cursor, JobKey, Mapping[str, Any]], list[_Placed]]] = {
    HistoryKind.EXECUTION: _executions,
    HistoryKind.SKIP: _skips,
    HistoryKind.NOTIFICATION: _notifications,
}
