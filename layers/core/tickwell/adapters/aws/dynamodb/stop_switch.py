"""The operator's stop switch in DynamoDB; see ``StopSwitch`` for what it promises."""

from collections.abc import Sequence

from tickwell.adapters.aws.dynamodb import account_keys, keys, tenant_keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, text
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.stop import Stop


class DynamoStopSwitch:
    """The ``StopSwitch`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def find(self, tenant_id: str | None) -> Stop | None:
        """See the port."""
        item = self._table.get(tenant_keys.STOP_OF_ALL if tenant_id is None else tenant_keys.stop_key(tenant_id))
        return None if item is None else _stop(tenant_id, item)

    def put(self, stop: Stop) -> None:
        """See the port. It is in force before it is listed."""
        item: dict[str, Value | None] = {**stamp("stop"), "at": to_epoch_ms(stop.since), "reason": stop.reason}
        if stop.tenant_id is None:
            self._table.put(tenant_keys.STOP_OF_ALL, item)
            return
        self._table.put(tenant_keys.stop_key(stop.tenant_id), item)
        self._table.put(tenant_keys.stopped_key(stop.tenant_id), item)

    def lift(self, tenant_id: str | None) -> None:
        """See the port. It is listed for as long as it is in force."""
        if tenant_id is None:
            self._table.delete_many([tenant_keys.STOP_OF_ALL])
            return
        for key in (tenant_keys.stop_key(tenant_id), tenant_keys.stopped_key(tenant_id)):
            if key.is_possible():
                self._table.delete_many([key])

    def stops(self, *, limit: int) -> Sequence[Stop]:
        """See the port."""
        found = self._table.query(tenant_keys.STOPS, low="A", high=keys.LAST, limit=limit, consistent=True)
        return [_listed(item) for item in found.items]

    def tenant_exists(self, tenant_id: str) -> bool:
        """See the port."""
        return self._table.get(account_keys.tenant_key(tenant_id)) is not None


def _listed(item: Item) -> Stop:
    key = key_of(item)
    return _stop(None if key == tenant_keys.STOP_OF_ALL else tenant_keys.parse_stopped_key(key), item)


def _stop(tenant_id: str | None, item: Item) -> Stop:
    return Stop(tenant_id=tenant_id, since=from_epoch_ms(number(item, "at")), reason=text(item, "reason"))
