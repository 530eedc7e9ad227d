"""Listings, newest first, of what lies in one or several partitions: without an index, without a filter."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tickwell.adapters.aws.dynamodb.attributes import Item, text
from tickwell.adapters.aws.dynamodb.table import Found, Table

_MOST_READ = 1000
"""A page ends once this many rows were read, however few of them were wanted."""

_SPARE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The wanted items; ``last`` is the sort key to go on behind, or None when nothing follows."""

    items: list[Item]
    last: str | None


@dataclass(kw_only=True, slots=True)
class _Shard:
    """What was read of a partition and has not been looked at; ``high`` is the sort key to read on behind."""

    pk: str
    high: str
    rows: list[Item] = field(default_factory=list)
    more: bool = True

    def is_hungry(self) -> bool:
        return self.more and not self.rows

    def take(self, found: Found) -> None:
        self.rows = [item for item in found.items if text(item, "sk") < self.high]
        self.more = found.more
        if found.items:
            self.high = text(found.items[-1], "sk")


def newest_first(
    table: Table,
    partitions: Sequence[str],
    *,
    low: str,
    before: str,
    limit: int,
    wanted: Callable[[Item], bool],
) -> Listed:
    """Up to ``limit`` wanted items with sort keys from ``low`` to ``before`` (not included), highest sort key first.

    Partitions are read side by side, in small pieces, and merged.
    """
    shards = [_Shard(pk=pk, high=before) for pk in partitions]
    piece = limit // len(shards) + _SPARE

    def read(shard: _Shard) -> Found:
        return table.query(shard.pk, low=low, high=shard.high, limit=piece, newest_first=True)

    items: list[Item] = []
    last: str | None = None
    rows_read = 0
    while len(items) < limit:
        hungry = [shard for shard in shards if shard.is_hungry()]
        if hungry and rows_read >= _MOST_READ:
            break
        for shard, found in zip(hungry, table.each(read, hungry), strict=True):
            shard.take(found)
            rows_read += len(found.items)
        filled = [shard for shard in shards if shard.rows]
        if not filled and not any(shard.more for shard in shards):
            return Listed(items=items, last=None)
        if not filled or any(shard.is_hungry() for shard in shards):
            continue
        newest = max(filled, key=lambda shard: text(shard.rows[0], "sk"))
        item = newest.rows.pop(0)
        last = text(item, "sk")
        if wanted(item):
            items.append(item)
    follows = any(shard.rows or shard.more for shard in shards)
    return Listed(items=items, last=last if follows else None)
