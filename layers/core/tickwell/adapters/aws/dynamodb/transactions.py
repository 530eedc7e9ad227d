"""What a transaction of the table may write."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tickwell.adapters.aws.dynamodb.attributes import Value, typed_item, typed_key
from tickwell.adapters.aws.dynamodb.keys import Key

_NAME = re.compile(r"#(\w+)")
_VALUE = re.compile(r":(\w+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class PutNew:
    """Put an item where there is none."""

    key: Key
    item: Mapping[str, Value | None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """Update an item on a condition, or delete it where ``update`` is None.

    ``#name`` stands for an attribute, by ``names``; ``:name`` for one of ``values``.
    """

    key: Key
    condition: str
    names: Mapping[str, str]
    values: Mapping[str, Value] = field(default_factory=dict)
    update: str | None = None


Part = PutNew | Change


def transaction_item(part: Part, table: str) -> dict[str, Any]:
    """``part`` as ``TransactWriteItems`` wants it."""
    key = typed_key(part.key)
    if isinstance(part, PutNew):
        item = key | typed_item(part.item)
        return {"Put": {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(pk)"}}
    text = f"{part.update or ''} {part.condition}"
    request: dict[str, Any] = {
        "TableName": table,
        "Key": key,
        "ConditionExpression": part.condition,
        "ExpressionAttributeNames": {f"#{name}": part.names[name] for name in set(_NAME.findall(text))},
    }
    values = {f":{name}": part.values[name] for name in set(_VALUE.findall(text))}
    if values:
        request["ExpressionAttributeValues"] = typed_item(values)
    if part.update is None:
        return {"Delete": request}
    return {"Update": {**request, "UpdateExpression": part.update}}
