"""What DynamoDB bills for a request, from the sizes of items and of what changes in indexes.

Source: the service's documentation on item sizes, capacity units, conditional writes, transactions and global
secondary indexes. Items are in DynamoDB's own JSON (``{"S": "text"}``).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Item = Mapping[str, Mapping[str, Any]]

WRITE_BYTES: Final = 1024
READ_BYTES: Final = 4096
_NESTED_BYTES: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Index:
    """A global secondary index: its keys, and what it holds besides; None stands for all attributes."""

    keys: tuple[str, ...]
    projected: frozenset[str] | None = frozenset()
    table_keys: tuple[str, ...] = ("pk", "sk")

    def entry(self, item: Item | None) -> Item | None:
        """What the index holds of an item: nothing where one of its keys is missing."""
        if item is None or any(key not in item for key in self.keys):
            return None
        if self.projected is None:
            return item
        held = {*self.keys, *self.table_keys, *self.projected}
        return {name: value for name, value in item.items() if name in held}


def item_bytes(item: Item) -> int:
    """The size that an item is billed by."""
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def value_bytes(value: Mapping[str, Any]) -> int:
    """The size of one attribute's value. Raises ValueError for a kind that is not known here."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return _number_bytes(content)
        case "BOOL" | "NULL":
            return 1
        case "L":
            return _NESTED_BYTES + sum(1 + value_bytes(each) for each in content)
        case "M":
            return _NESTED_BYTES + sum(1 + len(name.encode()) + value_bytes(each) for name, each in content.items())
    raise ValueError(f"no size is known for values of the kind {kind}")


def write_units(old: Item | None, new: Item | None) -> int:
    """A put, an update, a deletion, or one whose condition failed: the larger of what was there and what comes."""
    size = max(0 if old is None else item_bytes(old), 0 if new is None else item_bytes(new))
    return max(1, math.ceil(size / WRITE_BYTES))


def index_units(index: Index, old: Item | None, new: Item | None) -> int:
    """What an index writes because an item changed: none where its entry stays, two where a key of it changes."""
    before, after = index.entry(old), index.entry(new)
    if before == after:
        return 0
    if before is not None and after is not None and any(before[key] != after[key] for key in index.keys):
        return write_units(before, None) + write_units(None, after)
    return write_units(before, after)


def read_units(items: Iterable[Item], *, consistent: bool) -> float:
    """One request that reads items together, a query: at least half a unit, also where it finds nothing."""
    units = max(1, math.ceil(sum(map(item_bytes, items)) / READ_BYTES))
    return float(units) if consistent else units / 2


def _number_bytes(digits: str) -> int:
    """One byte for two significant digits, one for the exponent, one for a sign."""
    mantissa = digits.lstrip("+-").lower().partition("e")[0].replace(".", "").strip("0")
    return math.ceil(len(mantissa) / 2) + 1 + digits.startswith("-")
