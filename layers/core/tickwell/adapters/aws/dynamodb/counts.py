"""Counts of tenants in DynamoDB, applied from the table's stream exactly once (rule 9).

The records of one partition key come in order, each with a higher number than the one before. Each row remembers the
last number that it has counted of each partition, in the very write that counts: what comes a second time, or after a
crash anywhere, is left out. See ADR 0020 for the limits of that.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TypeVar

from tickwell.adapters.aws.dynamodb.attributes import Item, Value
from tickwell.adapters.aws.dynamodb.count_items import (
    NAMES,
    DayUsage,
    Seen,
    counts_row,
    counts_text,
    day_row,
    day_text,
)
from tickwell.adapters.aws.dynamodb.count_keys import (
    GROUPS,
    counts_key,
    day_key,
    group_of,
    parse_counts_key,
    parse_day_key,
)
from tickwell.adapters.aws.dynamodb.count_stream import Change
from tickwell.adapters.aws.dynamodb.items import expiry
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import SERVICE, Write, Written
from tickwell.adapters.documents import VERSION
from tickwell.application.ports import Clock
from tickwell.domain.counts import HOURS_KEPT, Counts, HourTally, hour_tally_of
from tickwell.domain.errors import UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.usage import QueueUsage, UsageByDay, Used, plus

K = TypeVar("K")

_TRIES = 8
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Following:
    """What follows from a row: the version that was read, and the document.

    ``over`` is the day that is over by it, as it was read: it is written into its own row first.
    """

    version: int
    document: str
    over: DayUsage | None = None


Next = Callable[[Item | None], Following | None]
"""From an item to what follows; None where there is nothing new."""


class DynamoTenantCounts:
    """The ``TenantCounts`` of the ``aws`` engine, and what keeps them."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def read(self, tenant_id: str) -> Counts:
        """See the port. One batch of 4 items."""
        found = self._table.get_many(counts_key(tenant_id, group) for group in range(GROUPS))
        total = Counts()
        for item in found.values():
            total = total.plus(counts_row(item).counts)
        return total

    def hours(self, tenant_id: str, *, since: datetime, until: datetime) -> Mapping[datetime, HourTally]:
        """See the port. Four items for each day."""
        now = self._clock.now()
        days = _days(max(since, now - HOURS_KEPT), min(until, now + _DAY))
        found = self._table.get_many(day_key(tenant_id, group, day) for day in days for group in range(GROUPS))
        total: dict[datetime, HourTally] = {}
        for item in found.values():
            for hour, of_hour in day_row(item).hours.items():
                if since <= hour < until and hour > now - HOURS_KEPT:
                    total[hour] = total.get(hour, HourTally()).plus(of_hour)
        return dict(sorted(total.items()))

    def usage(self, tenant_id: str, *, since: date, until: date) -> UsageByDay:
        """See the port. One batch of 4 items, then four for each day.

        In this order: a day's usage is in its own row before it leaves the counts. As long as it is in both, those of
        the counts are the newer ones.
        """
        now = self._clock.now()
        since = max(since, (now - HOURS_KEPT).date())
        counts = self._table.get_many(counts_key(tenant_id, group) for group in range(GROUPS))
        total: dict[date, QueueUsage] = {}
        current: set[tuple[int, date]] = set()
        for key, item in counts.items():
            today = counts_row(item).today
            if today is not None and since <= today.day < until:
                current.add((parse_counts_key(key)[1], today.day))
                total[today.day] = plus(total.get(today.day, {}), today.usage)
        days = _days(_midnight(since), min(_midnight(until), now + _DAY))
        found = self._table.get_many(day_key(tenant_id, group, day) for day in days for group in range(GROUPS))
        for key, item in found.items():
            _, group, day = parse_day_key(key)
            usage = day_row(item).usage
            if usage and (group, day) not in current:
                total[day] = plus(total.get(day, {}), usage)
        return dict(sorted(total.items()))

    def apply(self, changes: Sequence[Change]) -> int:
        """Count ``changes``, which are in the order of the stream; returns how many rows were to be written.

        May be repeated, whole or in part. Raises UnavailableError: then the rest is to be repeated.
        """
        rows: dict[Key, Next] = {}
        for (tenant_id, group), part in _by(changes, lambda each: (each.tenant_id, group_of(each.shard))).items():
            rows[counts_key(tenant_id, group)] = _counting(part, self._clock.now().date())
            ended = [each for each in part if each.counts.recent]
            for day, of_day in _by(ended, lambda each: each.counts.recent[0].hour.date()).items():
                rows[day_key(tenant_id, group, day)] = _counting_hours(of_day)
        standing = self._table.get_many(rows)
        self._table.each(lambda key: self._write(key, standing.get(key), rows[key]), list(rows))
        return len(rows)

    def _write(self, key: Key, item: Item | None, following: Next) -> None:
        """Write what follows from ``item``, or from what another consumer has made of it meanwhile."""
        for _ in range(_TRIES):
            found = following(item)
            if found is None:
                return
            if found.over is not None:
                self._close(key, found.version, found.over)
            outcome = self._table.update(key, row_write(key, found.version, found.document), NAMES)
            if isinstance(outcome, Written):
                return
            item = outcome.item
        raise UnavailableError(SERVICE, "counts are being written too often")

    def _close(self, counts: Key, version: int, over: DayUsage) -> None:
        """Write the usage of a day, as the counts of ``version`` have it, into its own row.

        Repeated, or overtaken by a later version, it changes nothing.
        """
        tenant_id, group = parse_counts_key(counts)
        key = day_key(tenant_id, group, over.day)
        self._write(key, self._table.get_many([key]).get(key), _closing(over.usage, version))


def row_write(key: Key, version: int, document: str) -> Write:
    """Replace a row of ``version``, or make the first one."""
    values: dict[str, Value] = {"kind": "counts", "spelling": VERSION, "next": version + 1, "document": document}
    update = "SET #kind = :kind, #spelling = :spelling, #version = :next, #document = :document"
    if key.sk.startswith("D#"):
        day = datetime.strptime(key.sk, "D#%Y%m%d").replace(tzinfo=UTC)
        expires = expiry(to_epoch_ms(day + _DAY + HOURS_KEPT))
        values |= {name: value for name, value in expires.items() if value is not None}
        update += ", #expires = :ex, #ttl = :ttl"
    if version == 0:
        return Write(update=update, condition="attribute_not_exists(#version)", values=values)
    return Write(update=update, condition="#version = :read", values=values | {"read": version})


def _counting(changes: Sequence[Change], today: date) -> Next:
    def following(item: Item | None) -> Following | None:
        row = counts_row(item)
        new, seen = _unseen(changes, row.seen)
        if not new:
            return None
        counts = row.counts
        for change in new:
            counts = counts.plus(change.counts)
        over, current = _turned(row.today, [each.used for each in new if each.used is not None], today)
        return Following(version=row.version, document=counts_text(counts, seen, current), over=over)

    return following


def _turned(standing: DayUsage | None, used: Sequence[Used], today: date) -> tuple[DayUsage | None, DayUsage | None]:
    """The day that is over when ``used`` has been added, and the one that all of ``used`` is counted to.

    That is the newest day among them: in a batch of seconds around midnight some is counted to the day after. So the
    day that is over is exactly what was read, and writing it down may be repeated. No clock that is ahead leads beyond
    ``today``.
    """
    if not used:
        return None, standing
    current = DayUsage(day=min(max(each.day for each in used), today), usage={})
    over = None
    if standing is not None and standing.day >= current.day:
        current = standing
    elif standing is not None:
        over = standing
    for each in used:
        current = replace(current, usage=plus(current.usage, {each.cell: each.usage}))
    return over, current


def _closing(usage: QueueUsage, version: int) -> Next:
    def following(item: Item | None) -> Following | None:
        row = day_row(item)
        if row.usage_of >= version:
            return None
        return Following(version=row.version, document=day_text(replace(row, usage=usage, usage_of=version)))

    return following


def _counting_hours(changes: Sequence[Change]) -> Next:
    def following(item: Item | None) -> Following | None:
        row = day_row(item)
        new, seen = _unseen(changes, row.seen)
        hours = dict(row.hours)
        for change in new:
            (ended,) = change.counts.recent
            hours[ended.hour] = hours.get(ended.hour, HourTally()).plus(hour_tally_of(ended))
        if not new:
            return None
        return Following(version=row.version, document=day_text(replace(row, hours=hours, seen=seen)))

    return following


def _unseen(changes: Sequence[Change], seen: Seen) -> tuple[list[Change], Seen]:
    """What of ``changes`` was not counted yet, each once, and what is seen when it has been."""
    new: list[Change] = []
    after = dict(seen)
    for change in sorted(changes, key=lambda each: each.sequence):
        if change.sequence > after.get(change.partition, -1):
            after[change.partition] = change.sequence
            new.append(change)
    return new, after


def _by(changes: Sequence[Change], key: Callable[[Change], K]) -> Mapping[K, list[Change]]:
    found: dict[K, list[Change]] = {}
    for change in changes:
        found.setdefault(key(change), []).append(change)
    return found


def _days(since: datetime, until: datetime) -> Iterator[date]:
    """The days, UTC, from the one of ``since`` to the one of ``until``."""
    day = _midnight(since.astimezone(UTC).date())
    while day < until:
        yield day.date()
        day += _DAY


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
