"""Listings of what lies in one or several partitions, in the order of a sort key: without a filter, without a Scan."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tickwell.adapters.aws.dynamodb.attributes import Item, text
from tickwell.adapters.aws.dynamodb.table import Found, Table
from tickwell.adapters.aws.dynamodb.upcoming_keys import Index
from tickwell.application.ports import MOST_SORTED
from tickwell.domain.errors import InvalidInputError

_MOST_READ = 1000
"""A page ends once this many rows were read, however few of them were wanted."""

_SPARE = 3
_LARGEST_PIECE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """The wanted items; ``last`` is the sort key to go on behind, or None when nothing follows.

    ``skipped``: how many wanted ones were left out before them.
    """

    items: list[Item]
    last: str | None
    skipped: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """Sort keys from ``low`` to ``high``, highest first or, with ``ascending``, lowest first.

    Where a reading begins is not included: ``high``, or with ``ascending`` ``low``. ``index``: its sort keys. With
    ``consistent`` nothing is missed that was written before; that costs double.
    """

    low: str
    high: str
    ascending: bool = False
    consistent: bool = False
    index: Index | None = None

    def sort_key(self, item: Item) -> str:
        """Where ``item`` stands."""
        return text(item, "sk" if self.index is None else self.index.sort)


@dataclass(kw_only=True, slots=True)
class _Shard:
    """What was read of a partition and has not been looked at; ``behind`` is the sort key to read on behind."""

    pk: str
    span: Range
    behind: str
    rows: list[Item] = field(default_factory=list)
    more: bool = True

    def is_hungry(self) -> bool:
        return self.more and not self.rows

    def read(self, table: Table, limit: int) -> Found:
        span = self.span
        low, high = (self.behind, span.high) if span.ascending else (span.low, self.behind)
        if low > high:
            return Found(items=[], more=False)
        return table.query(
            self.pk,
            low=low,
            high=high,
            limit=limit,
            newest_first=not span.ascending,
            consistent=span.consistent,
            index=span.index,
        )

    def take(self, found: Found) -> None:
        key = self.span.sort_key
        if self.span.ascending:
            self.rows = [item for item in found.items if key(item) > self.behind]
        else:
            self.rows = [item for item in found.items if key(item) < self.behind]
        self.more = found.more
        if found.items:
            self.behind = key(found.items[-1])


def newest_first(
    table: Table,
    partitions: Sequence[str],
    *,
    low: str,
    before: str,
    limit: int,
    wanted: Callable[[Item], bool],
) -> Listed:
    """Up to ``limit`` wanted items with sort keys from ``low`` to ``before`` (not included), highest sort key first."""
    return in_order(table, partitions, Range(low=low, high=before), limit=limit, wanted=wanted)


def in_order(
    table: Table,
    partitions: Sequence[str],
    span: Range,
    *,
    limit: int,
    wanted: Callable[[Item], bool],
    skip: int | None = None,
) -> Listed:
    """Up to ``limit`` wanted items of ``span``, or those behind the first ``skip`` wanted ones.

    Partitions are read side by side, in small pieces, and merged. The page ends once 1,000 rows were read, with
    ``skip`` ``MOST_SORTED``; raises InvalidInputError("page") when it is not full by then, unless it is the first.
    """
    shards = [_Shard(pk=pk, span=span, behind=span.low if span.ascending else span.high) for pk in partitions]
    most_read = _MOST_READ if skip is None else MOST_SORTED
    skip = skip or 0
    piece = min(_LARGEST_PIECE, (limit + skip) // len(shards) + _SPARE)
    following = min if span.ascending else max
    items: list[Item] = []
    last: str | None = None
    rows_read = skipped = 0
    while len(items) < limit:
        hungry = [shard for shard in shards if shard.is_hungry()]
        if hungry and rows_read >= most_read:
            break
        for shard, found in zip(hungry, table.each(lambda shard: shard.read(table, piece), hungry), strict=True):
            shard.take(found)
            rows_read += len(found.items)
        filled = [shard for shard in shards if shard.rows]
        if not filled and not any(shard.more for shard in shards):
            return Listed(items=items, last=None, skipped=skipped)
        if not filled or any(shard.is_hungry() for shard in shards):
            continue
        chosen = following(filled, key=lambda shard: span.sort_key(shard.rows[0]))
        item = chosen.rows.pop(0)
        last = span.sort_key(item)
        if not wanted(item):
            continue
        if skipped < skip:
            skipped += 1
        else:
            items.append(item)
    follows = any(shard.rows or shard.more for shard in shards)
    if skip and follows and len(items) < limit:
        raise InvalidInputError(
            "page", f"lies behind more than {MOST_SORTED:,} rows: go on with next_cursor, which has no such limit"
        )
    return Listed(items=items, last=last if follows else None, skipped=skipped)
