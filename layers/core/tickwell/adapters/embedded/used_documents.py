"""Documents of tenants whose last use is noted, in a table of SQLite: API keys, hooks.

The table has the columns ``tenant_id``, the one that ``key`` names, ``used_ms`` and ``document``.
"""

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.errors import ConflictError, NotFoundError

T = TypeVar("T")


class UsedDocuments(Generic[T]):
    """The rows of ``table``; ``read`` makes of tenant, id, ``used_ms`` and document what they hold."""

    def __init__(
        self, database: Database, *, table: str, key: str, what: str, read: Callable[[str, str, Any, str], T]
    ) -> None:
        self._database = database
        self._what = what
        self._read = read
        here = f"tenant_id = ? AND {key} = ?"
        self._get = f"SELECT used_ms, document FROM {table} WHERE {here}"
        self._list = f"SELECT {key}, used_ms, document FROM {table} WHERE tenant_id = ? ORDER BY {key}"
        columns = f"tenant_id, {key}, used_ms, document"
        self._add = f"INSERT INTO {table} ({columns}) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
        self._delete = f"DELETE FROM {table} WHERE {here}"
        self._mark_used = f"UPDATE {table} SET used_ms = ? WHERE {here} AND used_ms IS ?"

    def add(self, tenant_id: str, key: str, used_ms: int | None, document: str, value: T) -> None:
        """Write ``value``, of which the rest is spelled. Raises ConflictError where another one is."""
        with self._database.transaction() as cursor:
            if cursor.execute(self._add, (tenant_id, key, used_ms, document)).rowcount:
                return
            row = cursor.execute(self._get, (tenant_id, key)).fetchone()
            if self._read(tenant_id, key, *row) != value:
                raise ConflictError(f"the {self._what} {key} exists")

    def get(self, tenant_id: str, key: str) -> T:
        """Raises NotFoundError."""
        with self._database.read() as cursor:
            row = cursor.execute(self._get, (bindable(tenant_id), bindable(key))).fetchone()
        if row is None:
            raise NotFoundError(self._what, key)
        return self._read(tenant_id, key, *row)

    def list_all(self, tenant_id: str) -> Sequence[T]:
        """By id."""
        with self._database.read() as cursor:
            rows = cursor.execute(self._list, (bindable(tenant_id),)).fetchall()
        return [self._read(tenant_id, key, used_ms, document) for key, used_ms, document in rows]

    def delete(self, tenant_id: str, key: str) -> bool:
        """Whether there was one."""
        with self._database.transaction() as cursor:
            return cursor.execute(self._delete, (bindable(tenant_id), bindable(key))).rowcount == 1

    def mark_used(self, tenant_id: str, key: str, *, at_ms: int, before_ms: int | None) -> None:
        """Note a use unless somebody else did since."""
        with self._database.transaction() as cursor:
            cursor.execute(self._mark_used, (at_ms, tenant_id, key, before_ms))
