"""A conditional write of one item, and what may become of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from tickwell.adapters.aws.dynamodb.attributes import Item, Value

SERVICE: Final = "dynamodb"
"""The word for health reports and logs."""

NAME = re.compile(r"#(\w+)")
VALUE = re.compile(r":(\w+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """A conditional update. ``#name`` stands for an attribute, ``:name`` for one of ``values``."""

    update: str
    condition: str
    values: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """The condition held; the item as it is now."""

    item: Item


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """The condition did not hold; the item that stands, if there is one.

    ``retried``: the SDK had sent the call more than once, so that the caller may meet its own write.
    """

    item: Item | None
    retried: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Mentioned:
    """The names of attributes and of values that an expression mentions, each once."""

    names: tuple[str, ...]
    values: tuple[str, ...]


@lru_cache(maxsize=512)
def mentioned(expression: str) -> Mentioned:
    """What ``expression`` mentions. Few expressions come again and again."""
    names, values = dict.fromkeys(NAME.findall(expression)), dict.fromkeys(VALUE.findall(expression))
    return Mentioned(names=tuple(names), values=tuple(values))
