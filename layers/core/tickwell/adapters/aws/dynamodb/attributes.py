"""DynamoDB's typed attribute values, for the three kinds that the table holds: text, whole numbers, booleans.

JSON is stored as text: DynamoDB's own numbers keep 38 digits and know no 1e308, ours come back exactly.
"""

from collections.abc import Mapping
from typing import Any

from tickwell.adapters.aws.dynamodb.keys import Key

Value = str | int | bool
Item = dict[str, Value]
Typed = dict[str, Any]


def typed_value(value: Value) -> Typed:
    """``value`` as DynamoDB wants it."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    return {"S": value}


def typed_item(item: Mapping[str, Value | None]) -> dict[str, Typed]:
    """All attributes of ``item``; those that are None are left out."""
    return {name: typed_value(value) for name, value in item.items() if value is not None}


def plain_item(item: Mapping[str, Mapping[str, Any]]) -> Item:
    """What ``typed_item`` was given. Raises ValueError for a kind that the table does not hold."""
    return {name: _plain_value(value) for name, value in item.items()}


def item_bytes(item: Mapping[str, Value | None]) -> int:
    """What DynamoDB bills for ``item``, or a few bytes more: numbers are counted by their digits."""
    total = 0
    for name, value in item.items():
        if value is not None:
            total += len(name) + (1 if isinstance(value, bool) else len(str(value).encode()))
    return total


def text(item: Mapping[str, Value], name: str) -> str:
    """The text ``name``, which must be there."""
    value = item[name]
    if not isinstance(value, str):
        raise TypeError(f"attribute {name} is not a text")
    return value


def number(item: Mapping[str, Value], name: str) -> int:
    """The number ``name``, which must be there."""
    value = item[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"attribute {name} is not a number")
    return value


def optional_text(item: Mapping[str, Value], name: str) -> str | None:
    """The text ``name``, or None where there is none."""
    return text(item, name) if name in item else None


def optional_number(item: Mapping[str, Value], name: str) -> int | None:
    """The number ``name``, or None where there is none."""
    return number(item, name) if name in item else None


def _plain_value(value: Mapping[str, Any]) -> Value:
    for kind, found in value.items():  # there is one; this is what reading an item mostly takes
        if kind == "S":
            return str(found)
        if kind == "N":
            return int(found)
        if kind == "BOOL":
            return bool(found)
    raise ValueError(f"an attribute of the kinds {sorted(value)} does not belong in this table")


def key_of(item: Item) -> Key:
    """The key of an item that was read."""
    return Key(str(item["pk"]), str(item["sk"]))


def typed_key(key: Key) -> dict[str, Any]:
    """``key`` as a request has it."""
    return {"pk": typed_value(key.pk), "sk": typed_value(key.sk)}


def keyed_item(key: Key, item: Mapping[str, Value | None]) -> dict[str, Any]:
    """``item`` with its ``key``, as it is put."""
    return typed_key(key) | typed_item(item)
