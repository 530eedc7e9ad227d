"""Callers' keys of jobs in SQLite; see ``CallerKeys`` for what they promise."""

from typing import Any

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.application.ports import Page
from tickwell.domain.caller_key import KeyHolder
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_COLUMNS = "tenant_id, caller_key, job_id, scope, taken_ms"
_THIS = "tenant_id = :tenant AND caller_key = :key"
_FIND = f"SELECT {_COLUMNS} FROM caller_keys WHERE {_THIS}"
_TAKE_FREE = f"""
    INSERT INTO caller_keys ({_COLUMNS}) VALUES (:tenant, :key, :job, :scope, :taken) ON CONFLICT DO NOTHING
"""
_TAKE_OVER = f"""
    UPDATE caller_keys SET job_id = :job, scope = :scope, taken_ms = :taken
    WHERE {_THIS} AND job_id = :read_job AND scope IS :read_scope AND taken_ms = :read_taken
"""
_RELEASE = f"DELETE FROM caller_keys WHERE {_THIS} AND job_id = :job"
_OF_SCOPE = f"""
    SELECT {_COLUMNS} FROM caller_keys WHERE tenant_id = :tenant AND scope = :scope AND caller_key > :after
    ORDER BY caller_key LIMIT :limit
"""


class EmbeddedCallerKeys:
    """The embedded ``CallerKeys``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, tenant_id: str, key: str) -> KeyHolder | None:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_FIND, _this(tenant_id, key)).fetchone()
        return None if row is None else _holder(row)

    def take(self, holder: KeyHolder, *, standing: KeyHolder | None) -> bool:
        """See the port."""
        values = _this(holder.tenant_id, holder.key) | {
            "job": holder.job_id,
            "scope": holder.scope,
            "taken": to_epoch_ms(holder.taken_at),
        }
        if standing is not None:
            values |= {
                "read_job": standing.job_id,
                "read_scope": standing.scope,
                "read_taken": to_epoch_ms(standing.taken_at),
            }
        with self._database.transaction() as cursor:
            return cursor.execute(_TAKE_FREE if standing is None else _TAKE_OVER, values).rowcount == 1

    def release(self, tenant_id: str, key: str, job_id: str) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_RELEASE, _this(tenant_id, key) | {"job": bindable(job_id)})

    def of_scope(self, tenant_id: str, scope: str, *, after: str | None, limit: int) -> Page[KeyHolder]:
        """See the port."""
        values = {"tenant": bindable(tenant_id), "scope": bindable(scope), "after": after or "", "limit": limit + 1}
        with self._database.read() as cursor:
            found = tuple(_holder(row) for row in cursor.execute(_OF_SCOPE, values))
        shown = found[:limit]
        return Page(items=shown, next_cursor=shown[-1].key if len(found) > limit else None)


def _this(tenant_id: str, key: str) -> dict[str, Any]:
    return {"tenant": bindable(tenant_id), "key": bindable(key)}


def _holder(row: tuple[Any, ...]) -> KeyHolder:
    tenant_id, key, job_id, scope, taken_ms = row
    return KeyHolder(tenant_id=tenant_id, key=key, job_id=job_id, taken_at=from_epoch_ms(taken_ms), scope=scope)
