"""Quotas in SQLite; see ``QuotaStore`` for what it promises."""

import sqlite3
from collections.abc import Collection
from typing import Final

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.job import JobStatus
from tickwell.domain.quota import JobUse, Limits, QuotaName

_OWN: Final = "SELECT name, most FROM quotas WHERE tenant_id = ?"
_SET: Final = "INSERT OR REPLACE INTO quotas VALUES (?, ?, ?)"
_FORGET: Final = "DELETE FROM quotas WHERE tenant_id = ? AND name = ?"
_UNFINISHED: Final = f"""
    SELECT COALESCE(SUM(jobs), 0) FROM job_counts
    WHERE tenant_id = ? AND status IN ('{JobStatus.ACTIVE}', '{JobStatus.PAUSED}')
"""
_NAMES: Final = {name.value: name for name in QuotaName}


class EmbeddedQuotaStore:
    """The embedded ``QuotaStore``: exact, with each committed write."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, tenant_id: str) -> JobUse:
        """See the port."""
        with self._database.read() as cursor:
            (unfinished,) = cursor.execute(_UNFINISHED, (bindable(tenant_id),)).fetchone()
            return JobUse(limits=_own(cursor, tenant_id), unfinished=unfinished)

    def own(self, tenant_id: str) -> Limits:
        """See the port."""
        with self._database.read() as cursor:
            return _own(cursor, tenant_id)

    def change(self, tenant_id: str, limits: Limits, *, forgotten: Collection[QuotaName] = ()) -> None:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            for name in forgotten:
                cursor.execute(_FORGET, (bindable(tenant_id), name.value))
            for name, limit in limits.items():
                cursor.execute(_SET, (bindable(tenant_id), name.value, limit))


def _own(cursor: sqlite3.Cursor, tenant_id: str) -> Limits:
    """What a later release may have written besides is left out."""
    rows = cursor.execute(_OWN, (bindable(tenant_id),))
    return {_NAMES[name]: most for name, most in rows if name in _NAMES}
