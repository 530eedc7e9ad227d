"""Documents of tenants whose last use is noted, as items of DynamoDB: API keys, hooks.

Ids sort by creation. Where the items are, the functions say that each kind gives.
"""

from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, optional_number, text
from tickwell.adapters.aws.dynamodb.items import stamp
from tickwell.adapters.aws.dynamodb.keys import LAST, Key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.domain.errors import ConflictError, NotFoundError

T = TypeVar("T")

_NAMES: Final = {"kind": "kind", "used": "us", "document": "doc"}
_SHOWN: Final = ("pk", "sk", _NAMES["used"], _NAMES["document"])


class UsedDocuments(Generic[T]):
    """The items of a kind; ``read`` makes of tenant, id, last use (epoch ms) and document what they hold.

    ``what``: the kind in words.
    """

    def __init__(
        self,
        table: Table,
        *,
        kind: str,
        what: str,
        place: Callable[[str, str], Key],
        parse: Callable[[Key], tuple[str, str]],
        read: Callable[[str, str, int | None, str], T],
    ) -> None:
        self._table = table
        self._kind = kind
        self._what = what
        self._place = place
        self._parse = parse
        self._read = read

    def add(self, place: Key, used_ms: int | None, document: str, value: T, *, now_ms: int) -> None:
        """Write ``value``, of which the rest is spelled. Raises ConflictError where another one is."""
        item: dict[str, Value | None] = {
            **stamp(self._kind),
            _NAMES["document"]: document,
            _NAMES["used"]: used_ms,
        }
        standing = self._table.put_if_absent(place, item, now_ms=now_ms)
        if standing is not None and self._value(standing) != value:
            raise ConflictError(f"the {self._what} {self._parse(place)[1]} exists")

    def get(self, tenant_id: str, identity: str) -> T:
        """Raises NotFoundError."""
        item = self._table.get(self._place(tenant_id, identity))
        if item is None:
            raise NotFoundError(self._what, identity)
        return self._value(item)

    def list_all(self, tenant_id: str) -> Sequence[T]:
        """Oldest first; consistent."""
        low, high = self._place(tenant_id, ""), self._place(tenant_id, LAST)
        if not low.is_possible():
            return []
        items = self._table.all_of(low.pk, low=low.sk, high=high.sk, attributes=_SHOWN, consistent=True)
        return [self._value(item) for item in items]

    def delete(self, tenant_id: str, identity: str) -> bool:
        """Whether there was one."""
        existing = Write(update="", condition="#kind = :kind", values={"kind": self._kind})
        return self._table.delete_if(self._place(tenant_id, identity), existing, _NAMES)

    def mark_used(self, place: Key, *, at_ms: int, before_ms: int | None) -> None:
        """Note a use unless somebody else did since.

        What was deleted meanwhile must not come back as an item with nothing but its use.
        """
        values: dict[str, Value] = {"kind": self._kind, "used": at_ms}
        condition = "#kind = :kind AND attribute_not_exists(#used)"
        if before_ms is not None:
            condition = "#kind = :kind AND #used = :before"
            values["before"] = before_ms
        write = Write(update="SET #used = :used", condition=condition, values=values)
        self._table.update(place, write, _NAMES)

    def _value(self, item: Item) -> T:
        tenant_id, identity = self._parse(key_of(item))
        return self._read(tenant_id, identity, optional_number(item, _NAMES["used"]), text(item, _NAMES["document"]))
