"""The deletion of tenants in SQLite; see ``Erasure`` for what it promises."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.deletion import Deletion
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_ROWS = 1000
"""What is deleted in one transaction, so that nobody waits long."""

_CREDENTIALS = ("tenants", "users", "invitations", "api_keys", "hooks")
_STOPPED = "a deletion is under way"
_STOPS = "stops"

_NOTE = "INSERT INTO deletions VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_STOP = "INSERT INTO stops VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_LIST = "SELECT deleted_tenant, begun_ms, look_ms FROM deletions ORDER BY look_ms LIMIT ?"
_POSTPONE = "UPDATE deletions SET look_ms = ? WHERE deleted_tenant = ?"
_FORGET = "DELETE FROM deletions WHERE deleted_tenant = ?"
_LIFT = "DELETE FROM stops WHERE tenant_id = ?"
_TABLES = """
    SELECT DISTINCT tables.name FROM sqlite_schema AS tables, pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND columns.name = 'tenant_id' ORDER BY tables.name
"""
_KEY = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk"
_MESSAGES = "DELETE FROM queue_messages WHERE id IN (SELECT id FROM queue_messages WHERE group_id = ? LIMIT ?)"


class EmbeddedErasure:
    """The embedded ``Erasure``: every table with a column ``tenant_id``, whatever a later schema adds."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def condemn(self, deletion: Deletion) -> None:
        """See the port; all in one transaction."""
        tenant_id = deletion.tenant_id
        begun_ms = to_epoch_ms(deletion.begun_at)
        with self._database.transaction() as cursor:
            cursor.execute(_NOTE, (tenant_id, begun_ms, to_epoch_ms(deletion.look_at)))
            cursor.execute(_STOP, (tenant_id, begun_ms, _STOPPED))
            for table in _tables(cursor):
                if table in _CREDENTIALS:
                    cursor.execute(f"DELETE FROM {table} WHERE tenant_id = ?", (tenant_id,))

    def condemned(self, *, limit: int) -> Sequence[Deletion]:
        """See the port; those that are due first."""
        with self._database.read() as cursor:
            rows = cursor.execute(_LIST, (limit,)).fetchall()
        return [
            Deletion(tenant_id=tenant_id, begun_at=from_epoch_ms(begun_ms), look_at=from_epoch_ms(look_ms))
            for tenant_id, begun_ms, look_ms in rows
        ]

    def erase(self, tenant_id: str, *, now: datetime, has_time: Callable[[], bool]) -> bool:  # noqa: ARG002
        """See the port. What still runs loses its job, is cancelled by its watch, and recorded for a later call."""
        with self._database.read() as cursor:
            statements = [_statement(cursor, table) for table in _tables(cursor) if table != _STOPS]
        for statement in [*statements, _MESSAGES]:
            deleted = _ROWS
            while deleted == _ROWS:
                if not has_time():
                    return False
                with self._database.transaction() as cursor:
                    deleted = cursor.execute(statement, (bindable(tenant_id), _ROWS)).rowcount
        return True

    def postpone(self, deletion: Deletion) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_POSTPONE, (to_epoch_ms(deletion.look_at), deletion.tenant_id))

    def forget(self, tenant_id: str) -> None:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            cursor.execute(_LIFT, (tenant_id,))
            cursor.execute(_FORGET, (tenant_id,))


def _tables(cursor: sqlite3.Cursor) -> list[str]:
    """All tables with rows of tenants; what counts other tables' rows comes after them or is counted to zero."""
    names = [name for (name,) in cursor.execute(_TABLES)]
    return sorted(names, key=lambda name: (name.endswith("_counts"), name))


def _statement(cursor: sqlite3.Cursor, table: str) -> str:
    key = ", ".join(name for (name,) in cursor.execute(_KEY, (table,))) or "rowid"
    return f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE tenant_id = ? LIMIT ?)"
