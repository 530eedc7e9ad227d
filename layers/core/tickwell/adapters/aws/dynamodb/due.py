"""Due items and watermarks in DynamoDB; see ``DueItems`` for what they promise."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, text
from tickwell.adapters.aws.dynamodb.items import expiry, is_expired, stamp
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Refused, Write
from tickwell.adapters.documents import VERSION, due_item_from, due_item_text
from tickwell.application.ports import Clock
from tickwell.domain.due import DUE_SHARDS, DueItem, DuePage, DuePosition, Watermark
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.message import JobMessage

MINUTES_PER_PAGE: Final = 30
"""How many minutes a call of ``page`` reads at most: each costs a query, also when it is empty."""

LONGEST_READ: Final = timedelta(seconds=10)
"""After so long it reads no further minute: on a slow table, whoever asked would overrun its time."""

_MINUTE = timedelta(minutes=1)
_MILLISECOND = timedelta(milliseconds=1)
_DOCUMENT = "doc"
_NAMES = {
    "kind": "kind",
    "v": "v",
    "token": "tk",
    "lease_until": "lu",
    "swept_ms": "sm",
    "swept_rest": "sr",
    "checked_ms": "cm",
    "checked_rest": "cr",
}


class DynamoDueItems:
    """The ``DueItems`` of the ``aws`` engine."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def put(self, items: Sequence[DueItem]) -> None:
        """See the port. In batches of 25, side by side."""
        self._table.put_many({keys.due_key(item): _item(item) for item in items})

    def page(self, shard: int, *, after: DuePosition, until: datetime, limit: int) -> DuePage:
        """See the port. Reads up to ``MINUTES_PER_PAGE`` minutes within ``LONGEST_READ``, one query or more each."""
        began = self._clock.now()
        now_ms = to_epoch_ms(began)
        found: list[DueItem] = []
        reached, rows_read = after, 0
        minute = after.look_at.replace(second=0, microsecond=0)
        for _ in range(MINUTES_PER_PAGE):
            if minute > until or self._clock.now() - began >= LONGEST_READ:
                break
            end = DuePosition.end_of(min(minute + _MINUTE - _MILLISECOND, until))
            while reached < end and rows_read < limit:
                items, more = self._query(minute, shard, after=reached, end=end, limit=limit - rows_read)
                rows_read += len(items)
                found += [_due_item(item) for item in items if not is_expired(item, now_ms)]
                reached = _position(items[-1]) if more and items else end
            if rows_read >= limit:
                return DuePage(items=tuple(found), reached=reached, complete=False)
            minute += _MINUTE
        return DuePage(items=tuple(found), reached=reached, complete=minute > until)

    def known(self, places: Sequence[tuple[int, DuePosition]]) -> Sequence[bool]:
        """See the port. In batches of 100, at half a read unit each."""
        keys_ = [keys.due_place(shard, position) for shard, position in places]
        found = self._table.get_many(keys_, attributes=("ex",), consistent=False)
        now_ms = to_epoch_ms(self._clock.now())
        return [key in found and not is_expired(found[key], now_ms) for key in keys_]

    def acquire(
        self, shard: int, *, token: str, now: datetime, lease_until: datetime, first: Watermark
    ) -> Watermark | None:
        """See the port."""
        begin = _attributes(first)
        sets = [f"#{name} = if_not_exists(#{name}, :{name})" for name in begin]
        write = Write(
            update=f"SET #kind = :kind, #v = :v, #token = :token, #lease_until = :lease_until, {', '.join(sets)}",
            condition="attribute_not_exists(#token) OR #lease_until <= :now OR #token = :token",
            values=begin
            | {"kind": "watermark", "v": VERSION, "token": token, "lease_until": to_epoch_ms(lease_until)}
            | {"now": to_epoch_ms(now)},
        )
        outcome = self._table.update(keys.watermark_key(shard), write, _NAMES)
        return None if isinstance(outcome, Refused) else _watermark(outcome.item)

    def save(self, shard: int, *, token: str, watermark: Watermark) -> bool:
        """See the port."""
        end = _attributes(watermark)
        write = Write(
            update=f"SET {', '.join(f'#{name} = :{name}' for name in end)} REMOVE #token, #lease_until",
            condition="#token = :token",
            values=end | {"token": token},
        )
        outcome = self._table.update(keys.watermark_key(shard), write, _NAMES)
        if isinstance(outcome, Refused):
            # The SDK's own retry may meet what its first try wrote.
            standing = outcome.item
            return (
                outcome.retried and standing is not None and "tk" not in standing and _watermark(standing) == watermark
            )
        return True

    def forget(self, messages: Sequence[JobMessage]) -> None:
        """See the port. Nothing: a write costs more than the look, and TTL deletes for free."""

    def within_reach(self, *, sweep_until: datetime | None, check_until: datetime) -> Collection[int]:  # noqa: ARG002
        """See the port. All of them: a visit that finds nothing costs no more than asking would."""
        return range(DUE_SHARDS)

    def _query(
        self, minute: datetime, shard: int, *, after: DuePosition, end: DuePosition, limit: int
    ) -> tuple[list[Item], bool]:
        """Up to ``limit`` items of a minute behind ``after``; whether there may be more."""
        low = keys.due_sort(after)
        found = self._table.query(
            keys.due_partition(minute, shard), low=low, high=keys.due_sort(end), limit=limit + 1, consistent=True
        )
        behind = [item for item in found.items if text(item, "sk") > low]
        return behind[:limit], found.more or len(behind) > limit


def _item(item: DueItem) -> dict[str, Value | None]:
    return {**stamp("due"), **expiry(to_epoch_ms(item.expires_at)), _DOCUMENT: due_item_text(item)}


def _due_item(item: Item) -> DueItem:
    return due_item_from(to_epoch_ms(_position(item).look_at), text(item, _DOCUMENT))


def _position(item: Item) -> DuePosition:
    return keys.parse_due_key(key_of(item))[1]


def _attributes(watermark: Watermark) -> dict[str, Value]:
    return {
        "swept_ms": to_epoch_ms(watermark.swept_to.look_at),
        "swept_rest": watermark.swept_to.rest,
        "checked_ms": to_epoch_ms(watermark.checked_to.look_at),
        "checked_rest": watermark.checked_to.rest,
    }


def _watermark(item: Item) -> Watermark:
    return Watermark(
        swept_to=DuePosition(
            look_at=from_epoch_ms(number(item, _NAMES["swept_ms"])), rest=text(item, _NAMES["swept_rest"])
        ),
        checked_to=DuePosition(
            look_at=from_epoch_ms(number(item, _NAMES["checked_ms"])), rest=text(item, _NAMES["checked_rest"])
        ),
    )
