"""Listings of what lies in one or several partitions, in the order of a sort key, without a Scan."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tickwell.adapters.aws.dynamodb.attributes import Item, text
from tickwell.adapters.aws.dynamodb.reads import Found
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.upcoming_keys import Index
from tickwell.application.ports import MOST_SORTED
from tickwell.domain.errors import InvalidInputError

_MOST_READ = 1000
"""A page ends once this many rows were read, however few of them were wanted."""

_MOST_FILTERED = 16_000
"""Rows that DynamoDB leaves out itself cost no more than to be read: a page with a filter may read more of them."""

_SPARE = 3
_LARGEST_PIECE = 500
_LARGEST_FILTERED = 2000
_GROWTH = 8
"""With a filter each reading is larger than the one before: it was too small, and most of its rows were left out."""


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
    ``consistent`` nothing is missed that was written before; that costs double. ``only``: attributes that an item must
    have, and their values; DynamoDB leaves the others out, and counts them as read.
    """

    low: str
    high: str
    ascending: bool = False
    consistent: bool = False
    index: Index | None = None
    only: Mapping[str, str] | None = None

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
            only=span.only,
        )

    def take(self, found: Found) -> None:
        key = self.span.sort_key
        if self.span.ascending:
            self.rows = [item for item in found.items if key(item) > self.behind]
        else:
            self.rows = [item for item in found.items if key(item) < self.behind]
        self.more = found.more
        if found.reached is not None:
            self.behind = found.reached


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

    Partitions are read side by side, in small pieces, and merged. The page ends once 1,000 rows were read,
    with a filter 16,000, with ``skip`` ``MOST_SORTED``; raises InvalidInputError("page") when it is not full by then,
    unless it is the first.
    """
    shards = [_Shard(pk=pk, span=span, behind=span.low if span.ascending else span.high) for pk in partitions]
    most_read = _most_read(span, skip)
    skip = skip or 0
    piece = min(_LARGEST_PIECE, (limit + skip) // len(shards) + _SPARE)
    reading = _Reading(table=table, shards=shards, most_read=most_read, piece=piece, grows=span.only is not None)
    items: list[Item] = []
    last: str | None = None
    skipped = 0
    while len(items) < limit:
        item = _first(shards, span)
        if item is None:
            if not any(shard.more for shard in shards):
                return Listed(items=items, last=None, skipped=skipped)
            if not reading.may_go_on():
                last = _edge(shards, span)
                break
            reading.go_on()
            continue
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


@dataclass(kw_only=True, slots=True)
class _Reading:
    """Reads what is missing of ``shards``, in pieces, until ``most_read`` rows were read."""

    table: Table
    shards: list[_Shard]
    most_read: int
    piece: int
    grows: bool
    rows: int = 0

    def may_go_on(self) -> bool:
        return self.rows < self.most_read

    def go_on(self) -> None:
        hungry = [shard for shard in self.shards if shard.is_hungry()]
        found = self.table.each(lambda shard: shard.read(self.table, self.piece), hungry)
        for shard, rows in zip(hungry, found, strict=True):
            shard.take(rows)
            self.rows += rows.read
        if self.grows:
            self.piece = min(_LARGEST_FILTERED, self.piece * _GROWTH)


def _most_read(span: Range, skip: int | None) -> int:
    if skip is not None:
        return MOST_SORTED
    return _MOST_FILTERED if span.only else _MOST_READ


def _first(shards: Sequence[_Shard], span: Range) -> Item | None:
    """Take the item that comes first, unless a shard might have one before it that was not read yet."""
    filled = [shard for shard in shards if shard.rows]
    if not filled:
        return None
    following = min if span.ascending else max
    chosen = following(filled, key=lambda shard: span.sort_key(shard.rows[0]))
    unread = [shard.behind for shard in shards if shard.is_hungry()]
    place = span.sort_key(chosen.rows[0])
    if unread and following(place, *unread) != place:
        return None
    return chosen.rows.pop(0)


def _edge(shards: Sequence[_Shard], span: Range) -> str:
    """Up to where all was read: where the first of the shards that have nothing left goes on."""
    following = min if span.ascending else max
    return following(shard.behind for shard in shards if shard.is_hungry())
