"""API keys in DynamoDB; see ``ApiKeyStore`` for what they promise."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tickwell.adapters.api_key_documents import key_from, key_text
from tickwell.adapters.aws.dynamodb.api_key_keys import (
    api_key_key,
    api_key_partition,
    api_key_sort,
    parse_api_key_key,
)
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, optional_number, text
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.keys import LAST
from tickwell.adapters.aws.dynamodb.table import Table, key_of
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.domain.api_key import MOST_KEYS, ApiKey
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.instant import to_epoch_ms

_NAMES: Final = {"kind": "kind", "used": "us", "document": "doc"}
_KIND: Final = "api_key"


class DynamoApiKeyStore:
    """The ``ApiKeyStore`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def add(self, key: ApiKey) -> None:
        """See the port."""
        item: dict[str, Value | None] = {
            **stamp(_KIND),
            _NAMES["document"]: key_text(key),
            _NAMES["used"]: None if key.last_used_at is None else to_epoch_ms(key.last_used_at),
        }
        place = api_key_key(key.tenant_id, key.key_id)
        standing = self._table.put_if_absent(place, item, now_ms=to_epoch_ms(key.created_at))
        if standing is not None and _key(standing) != key:
            raise ConflictError(f"the API key {key.key_id} exists")

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """See the port."""
        item = self._table.get(api_key_key(tenant_id, key_id))
        if item is None:
            raise NotFoundError("API key", key_id)
        return _key(item)

    def list_keys(self, tenant_id: str) -> Sequence[ApiKey]:
        """See the port. 100 keys have about 40 KB, and one query reads 1 MB."""
        found = self._table.query(
            api_key_partition(tenant_id),
            low=api_key_sort(""),
            high=api_key_sort(LAST),
            limit=10 * MOST_KEYS,
            consistent=True,
        )
        return [_key(item) for item in found.items]

    def delete(self, tenant_id: str, key_id: str) -> bool:
        """See the port."""
        existing = Write(update="", condition="#kind = :kind", values={"kind": _KIND})
        return self._table.delete_if(api_key_key(tenant_id, key_id), existing, _NAMES)

    def mark_used(self, key: ApiKey, *, at: datetime) -> None:
        """See the port. A key that was deleted meanwhile must not come back as an item with nothing but its use."""
        values: dict[str, Value] = {"kind": _KIND, "used": to_epoch_ms(at)}
        condition = "#kind = :kind AND attribute_not_exists(#used)"
        if key.last_used_at is not None:
            condition = "#kind = :kind AND #used = :before"
            values["before"] = to_epoch_ms(key.last_used_at)
        write = Write(update="SET #used = :used", condition=condition, values=values)
        self._table.update(api_key_key(key.tenant_id, key.key_id), write, _NAMES)


def _key(item: Item) -> ApiKey:
    tenant_id, key_id = parse_api_key_key(key_of(item))
    return key_from(tenant_id, key_id, optional_number(item, _NAMES["used"]), text(item, _NAMES["document"]))
