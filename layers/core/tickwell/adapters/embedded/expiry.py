"""Deletes what has expired: what TTL does on the other engine. Reads never return it, deleted or not."""

from collections.abc import Mapping, Sequence

from tickwell.adapters.archive_documents import ArchiveLine, dead_letter_line, execution_line
from tickwell.adapters.blob_archive import BlobArchive
from tickwell.adapters.embedded.database import Database
from tickwell.application.ports import Clock
from tickwell.domain.due import DUE_ITEM_LIFE, DUE_SHARDS
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey

_KEYS = {
    "jobs": "number",
    "execution_hours": "tenant_id, hour_ms",
    "usage_days": "tenant_id, day_ms, queue, lane, activity",
    "workers": "worker_id",
    "skips": "tenant_id, job_id, first_due_ms",
    "ended_jobs": "tenant_id, name, completed, ended_ms, job_id",
    "audit": "tenant_id, record_id",
    "submissions": "tenant_id, who, digest",
    "invitations": "tenant_id, invitation_id",
    "notifications": "tenant_id, job_id, due_ms, attempt, notification_id",
}
_BY_EXPIRY = tuple(
    f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE expires_ms <= :now LIMIT :limit)"
    for table, key in _KEYS.items()
)
_EXPIRED_EXECUTIONS = """
    SELECT number, tenant_id, job_id, due_ms, attempt, expires_ms, summary, outcome, logs FROM executions
    WHERE expires_ms <= :now ORDER BY expires_ms, number LIMIT :limit
"""
_EXPIRED_DEAD_LETTERS = """
    SELECT number, tenant_id, dead_letter_id, expires_ms, document FROM dead_letters
    WHERE expires_ms <= :now ORDER BY expires_ms, number LIMIT :limit
"""
_DELETE = "DELETE FROM {table} WHERE number = ? AND expires_ms <= ?"
_DUE_ITEMS = """
    DELETE FROM due_items WHERE (shard, look_ms, rest) IN (
        SELECT shard, look_ms, rest FROM due_items WHERE shard = :shard AND look_ms <= :dead LIMIT :limit
    )
"""


class EmbeddedExpiry:
    """Sweeps the tables; see ``sweep``. With an ``archive``, history goes there before it is deleted."""

    def __init__(self, database: Database, clock: Clock, archive: BlobArchive | None = None) -> None:
        self._database = database
        self._clock = clock
        self._archive = archive

    def sweep(self, limit: int = 500) -> int:
        """Delete up to ``limit`` expired rows of each table and of each shard of due items; how many rows that were.

        Each table in a transaction of its own, so that nobody waits long.
        """
        now = self._clock.now()
        values = {"now": to_epoch_ms(now), "dead": to_epoch_ms(now - DUE_ITEM_LIFE), "limit": limit}
        deleted = self._sweep_executions(values) + self._sweep_dead_letters(values)
        for statement in _BY_EXPIRY:
            with self._database.transaction() as cursor:
                deleted += cursor.execute(statement, values).rowcount
        for shard in range(DUE_SHARDS):
            with self._database.transaction() as cursor:
                deleted += cursor.execute(_DUE_ITEMS, values | {"shard": shard}).rowcount
        return deleted

    def _sweep_executions(self, values: Mapping[str, int]) -> int:
        with self._database.read() as cursor:
            rows = cursor.execute(_EXPIRED_EXECUTIONS, values).fetchall()
        lines = [
            execution_line(
                JobKey(tenant_id=tenant_id, job_id=job_id),
                due_ms=due_ms,
                attempt=attempt,
                expires_ms=expires_ms,
                texts=(summary, outcome, logs),
                removed_at=from_epoch_ms(expires_ms),
            )
            for _, tenant_id, job_id, due_ms, attempt, expires_ms, summary, outcome, logs in rows
        ]
        return self._keep_and_delete("executions", lines, [row[0] for row in rows], values["now"])

    def _sweep_dead_letters(self, values: Mapping[str, int]) -> int:
        with self._database.read() as cursor:
            rows = cursor.execute(_EXPIRED_DEAD_LETTERS, values).fetchall()
        lines = [
            dead_letter_line(
                tenant_id, identifier, expires_ms=expires_ms, text=text, removed_at=from_epoch_ms(expires_ms)
            )
            for _, tenant_id, identifier, expires_ms, text in rows
        ]
        return self._keep_and_delete("dead_letters", lines, [row[0] for row in rows], values["now"])

    def _keep_and_delete(self, table: str, lines: Sequence[ArchiveLine], numbers: Sequence[int], now_ms: int) -> int:
        """Write the archive, then delete. A crash in between archives the same once more; reading leaves it out."""
        if self._archive is not None:
            self._archive.write(lines)
        with self._database.transaction() as cursor:
            cursor.executemany(_DELETE.format(table=table), [(number, now_ms) for number in numbers])
        return len(numbers)
