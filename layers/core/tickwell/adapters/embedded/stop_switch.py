"""The operator's stop switch in SQLite; see ``StopSwitch`` for what it promises."""

from collections.abc import Sequence

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.stop import Stop

_EVERYBODY = ""
_FIND = "SELECT tenant_id, since_ms, reason FROM stops WHERE tenant_id = ?"
_PUT = "INSERT OR REPLACE INTO stops VALUES (?, ?, ?)"
_LIFT = "DELETE FROM stops WHERE tenant_id = ?"
_LIST = "SELECT tenant_id, since_ms, reason FROM stops ORDER BY tenant_id LIMIT ?"
_TENANT = "SELECT 1 FROM tenants WHERE tenant_id = ?"


class EmbeddedStopSwitch:
    """The embedded ``StopSwitch``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, tenant_id: str | None) -> Stop | None:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_FIND, (_name(tenant_id),)).fetchone()
        return None if row is None else _stop(*row)

    def put(self, stop: Stop) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_PUT, (_name(stop.tenant_id), to_epoch_ms(stop.since), stop.reason))

    def lift(self, tenant_id: str | None) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_LIFT, (_name(tenant_id),))

    def stops(self, *, limit: int) -> Sequence[Stop]:
        """See the port."""
        with self._database.read() as cursor:
            rows = cursor.execute(_LIST, (limit,)).fetchall()
        return [_stop(*row) for row in rows]

    def tenant_exists(self, tenant_id: str) -> bool:
        """See the port."""
        with self._database.read() as cursor:
            return cursor.execute(_TENANT, (bindable(tenant_id),)).fetchone() is not None


def _name(tenant_id: str | None) -> str:
    return _EVERYBODY if tenant_id is None else bindable(tenant_id)


def _stop(tenant_id: str, since_ms: int, reason: str) -> Stop:
    return Stop(tenant_id=None if tenant_id == _EVERYBODY else tenant_id, since=from_epoch_ms(since_ms), reason=reason)
