"""Deletes what has expired: what TTL does on the other engine. Reads never return it, deleted or not."""

from tickwell.adapters.embedded.database import Database
from tickwell.application.ports import Clock
from tickwell.domain.due import DUE_ITEM_LIFE, DUE_SHARDS
from tickwell.domain.instant import to_epoch_ms

_KEYS = {
    "jobs": "number",
    "executions": "number",
    "dead_letters": "number",
    "skips": "tenant_id, job_id, first_due_ms",
    "ended_jobs": "tenant_id, name, completed, ended_ms, job_id",
}
_BY_EXPIRY = tuple(
    f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE expires_ms <= :now LIMIT :limit)"
    for table, key in _KEYS.items()
)
_DUE_ITEMS = """
    DELETE FROM due_items WHERE (shard, look_ms, rest) IN (
        SELECT shard, look_ms, rest FROM due_items WHERE shard = :shard AND look_ms <= :dead LIMIT :limit
    )
"""


class EmbeddedExpiry:
    """Sweeps the tables; see ``sweep``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def sweep(self, limit: int = 500) -> int:
        """Delete up to ``limit`` expired rows of each table and of each shard of due items; how many rows that were.

        Each table in a transaction of its own, so that nobody waits long.
        """
        now = self._clock.now()
        values = {"now": to_epoch_ms(now), "dead": to_epoch_ms(now - DUE_ITEM_LIFE), "limit": limit}
        deleted = 0
        for statement in _BY_EXPIRY:
            with self._database.transaction() as cursor:
                deleted += cursor.execute(statement, values).rowcount
        for shard in range(DUE_SHARDS):
            with self._database.transaction() as cursor:
                deleted += cursor.execute(_DUE_ITEMS, values | {"shard": shard}).rowcount
        return deleted
