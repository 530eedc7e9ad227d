"""Recurring schedules against an independent, slow oracle.

It walks through UTC minute by minute, and asks what the clock on the wall shows; nothing else. A local time that comes
twice it knows because it saw it twice, one that is missing because the clock jumped over it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwell.domain.bounds import Bounds, Exclusion
from tickwell.domain.cron import CronExpression, DstMissing, DstRepeated
from tickwell.domain.schedule import Cron, Interval, next_due

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MINUTES = tuple(range(60))
HOURS = tuple(range(24))

ODD_YEARS = [
    ("Africa/Cairo", 2014),  # four changes in a year, at midnight
    ("Africa/Casablanca", 2026),  # the clock goes back for Ramadan
    ("America/Asuncion", 2023),  # changes at midnight
    ("America/Caracas", 2016),  # half an hour, once
    ("America/Havana", 2026),
    ("America/Sao_Paulo", 2018),  # days that begin at one o'clock
    ("America/Recife", 2000),  # summer time for a week
    ("America/St_Johns", 2007),  # changes at a minute past midnight: a date comes, goes, and comes again
    ("Antarctica/Troll", 2026),  # two hours
    ("Asia/Beirut", 2023),
    ("Asia/Gaza", 2011),
    ("Asia/Pyongyang", 2018),  # from half past eleven to midnight
    ("Asia/Tehran", 2022),  # the rule was given up after it
    ("Australia/Lord_Howe", 2026),  # half an hour, twice a year
    ("Europe/Dublin", 2026),  # winter is the exception
    ("Europe/Istanbul", 2016),  # summer time was kept
    ("Pacific/Apia", 2011),  # a whole day is missing
    ("Pacific/Chatham", 2026),  # a quarter to three
]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What an expression wants, as sets; ``hour_text`` is how its hours are spelled."""

    minutes: tuple[int, ...] = (0,)
    hours: tuple[int, ...] = HOURS
    hour_text: str = "*"
    days: tuple[int, ...] | None = None
    weekdays: tuple[int, ...] | None = None
    missing: DstMissing = DstMissing.SHIFT
    repeated: DstRepeated = DstRepeated.FIRST
    bounds: Bounds = field(default_factory=Bounds)

    @property
    def text(self) -> str:
        return f"{listed(self.minutes)} {self.hour_text} {listed(self.days)} * {listed(self.weekdays)}"

    def has(self, local: datetime) -> bool:
        if local.minute not in self.minutes or local.hour not in self.hours:
            return False
        on_day = self.days is None or local.day in self.days
        on_weekday = self.weekdays is None or local.isoweekday() % 7 in self.weekdays
        if self.days is not None and self.weekdays is not None:
            return on_day or on_weekday
        return on_day and on_weekday

    def schedule(self, tz: str) -> Cron:
        expression = CronExpression.parse(self.text, tz, dst_missing=self.missing, dst_repeated=self.repeated)
        return Cron(expression=expression, bounds=self.bounds)


def listed(values: tuple[int, ...] | None) -> str:
    return "*" if values is None else ",".join(map(str, values))


@dataclass(frozen=True)
class Wall:
    """What a clock showed at each minute from ``begin``."""

    begin: datetime
    shown: list[datetime]


def watch(tz: str, begin: datetime, end: datetime) -> Wall:
    zone = ZoneInfo(tz)
    at, last = begin.replace(tzinfo=zone), end.replace(tzinfo=zone)
    shown = []
    while at < last:
        shown.append(zone.fromutc(at).replace(tzinfo=None))
        at += MINUTE
    return Wall(begin, shown)


def occurrences(wall: Wall, wanted: Wanted) -> list[datetime]:
    """When ``wanted`` is due, by the oracle."""
    due: set[int] = set()
    showings: dict[datetime, list[int]] = defaultdict(list)
    shifts = wanted.hour_text[0] != "*" and wanted.missing is DstMissing.SHIFT
    expected = wall.shown[0]
    for number, local in enumerate(wall.shown):
        if local.minute in wanted.minutes and wanted.has(local):
            showings[local].append(number)
        if local > expected and shifts:
            left_out = (expected + MINUTE * more for more in range((local - expected) // MINUTE))
            if any(map(wanted.has, left_out)):
                due.add(number)
        expected = local + MINUTE
    for numbers in showings.values():
        if wanted.hour_text[0] == "*" or wanted.repeated is DstRepeated.BOTH:
            due.update(numbers)
        else:
            due.add(numbers[0] if wanted.repeated is DstRepeated.FIRST else numbers[-1])
    return [
        at for number in sorted(due) if within(at := wall.begin + MINUTE * number, wall.shown[number], wanted.bounds)
    ]


def within(at: datetime, local: datetime, bounds: Bounds) -> bool:
    if (bounds.start_at is not None and at < bounds.start_at) or (bounds.end_at is not None and at > bounds.end_at):
        return False
    return not any(one.first <= local.date() <= one.last for one in bounds.exclude)


def from_the_engine(schedule: Cron | Interval, begin: datetime, end: datetime) -> list[datetime]:
    found = []
    at = next_due(schedule, begin - timedelta(milliseconds=1))
    while at is not None and at < end:
        found.append(at)
        at = next_due(schedule, at)
    return found


def compare(wall: Wall, wanted: Wanted, tz: str) -> None:
    """A day and a bit at the edges are left out: there the oracle does not know what the clock shows once more."""
    edge = timedelta(hours=26)
    begin, end = wall.begin + edge, wall.begin + MINUTE * len(wall.shown) - edge
    expected = [at for at in occurrences(wall, wanted) if begin <= at < end]
    assert from_the_engine(wanted.schedule(tz), begin, end) == expected


@lru_cache(maxsize=64)
def changes_of(tz: str, year: int) -> list[datetime]:
    """Where the clock jumps, by looking at it each quarter of an hour."""
    zone, at, found = ZoneInfo(tz), datetime(year, 1, 1, tzinfo=UTC), []
    while at.year == year:
        if at.astimezone(zone).utcoffset() != (at + 15 * MINUTE).astimezone(zone).utcoffset():
            found.append(at)
        at += 15 * MINUTE
    return found


@pytest.mark.parametrize("offset", [-1, 0, 1])
@pytest.mark.parametrize(("tz", "odd_year"), ODD_YEARS)
def test_the_odd_year_of_a_zone_and_those_around_it(tz: str, odd_year: int, offset: int) -> None:
    year = odd_year + offset
    begin, end = datetime(year, 1, 1, tzinfo=UTC) - 2 * DAY, datetime(year + 1, 1, 1, tzinfo=UTC) + 2 * DAY
    policies = [(missing, repeated) for missing in DstMissing for repeated in DstRepeated]
    missing, repeated = policies[(len(tz) + offset) % len(policies)]
    wanted = Wanted(minutes=(0, 30, 59), hours=(0, 1, 2, 3, 23), hour_text="0-3,23", missing=missing, repeated=repeated)
    compare(watch(tz, begin, end), wanted, tz)


SOME = st.lists(st.sampled_from(MINUTES), min_size=1, max_size=5, unique=True).map(lambda found: tuple(sorted(found)))
FIXED = st.lists(st.sampled_from((0, 1, 2, 3, 12, 22, 23)), min_size=1, max_size=4, unique=True).map(
    lambda found: (tuple(sorted(found)), listed(tuple(sorted(found))))
)
FOLLOWING = st.sampled_from([1, 2, 5, 23]).map(lambda step: (HOURS[::step], f"*/{step}"))


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, datetime, Wanted]:
    """A zone, an instant near a change of it (or just any), and something to want."""
    tz, odd_year = draw(st.sampled_from(ODD_YEARS))
    found = changes_of(tz, draw(st.sampled_from([odd_year, odd_year, 1999, 2008, 2031])))
    around = draw(st.sampled_from([*found, datetime(odd_year, 7, 1, tzinfo=UTC)])).replace(second=0)
    near = st.integers(-2 * 1440, 2 * 1440).map(lambda minutes: around + minutes * MINUTE)
    start_at, end_at = draw(st.one_of(st.none(), near)), draw(st.one_of(st.none(), near))
    if start_at is not None and end_at is not None and end_at < start_at:
        start_at, end_at = end_at, start_at
    first = st.integers(-3, 3).map(lambda days: (around + days * DAY).date())
    dates = draw(st.lists(st.tuples(first, st.integers(0, 2)), max_size=2))
    exclude = tuple(Exclusion(first=begin, last=begin + more * DAY) for begin, more in dates)
    hours, hour_text = draw(st.one_of(FIXED, FIXED, FOLLOWING))
    wanted = Wanted(
        minutes=draw(st.one_of(SOME, st.just(MINUTES))),
        hours=hours,
        hour_text=hour_text,
        days=draw(st.sampled_from([None, None, (around.day, min(around.day + 1, 31))])),
        weekdays=draw(st.sampled_from([None, None, (0, 1), (5, 6)])),
        missing=draw(st.sampled_from(DstMissing)),
        repeated=draw(st.sampled_from(DstRepeated)),
        bounds=Bounds(start_at=start_at, end_at=end_at, exclude=exclude),
    )
    return tz, around, wanted


@given(cases())
@settings(max_examples=150)
def test_around_changes_of_the_clock(case: tuple[str, datetime, Wanted]) -> None:
    tz, around, wanted = case
    compare(watch(tz, around - 3 * DAY, around + 3 * DAY), wanted, tz)


@given(case=cases(), minutes=st.sampled_from([1, 7, 60, 1440]), has_start=st.booleans())
@settings(max_examples=60)
def test_intervals_within_bounds(case: tuple[str, datetime, Wanted], minutes: int, has_start: bool) -> None:
    tz, around, wanted = case
    wall = watch(tz, around - 3 * DAY, around + 3 * DAY)
    anchor = around - 2 * DAY if wanted.bounds.start_at is None or not has_start else wanted.bounds.start_at
    bounds = Bounds(
        start_at=wanted.bounds.start_at if has_start else None,
        end_at=None if wanted.bounds.end_at is None or has_start else max(wanted.bounds.end_at, around),
        exclude=wanted.bounds.exclude,
    )
    expected = []
    for number, local in enumerate(wall.shown):
        at = wall.begin + MINUTE * number
        since = (at - anchor) // MINUTE
        begun = since >= (0 if bounds.start_at is not None else minutes)
        if begun and since % minutes == 0 and within(at, local, bounds):
            expected.append(at)
    schedule = Interval(seconds=60 * minutes, anchor_at=anchor, timezone=tz, bounds=bounds)
    assert from_the_engine(schedule, wall.begin, wall.begin + 6 * DAY) == expected


def test_a_day_that_does_not_exist_is_due_at_the_next_one_once() -> None:
    """Samoa went from 29 to 31 December 2011."""
    hourly = CronExpression.parse("0 0-23 30 12 *", "Pacific/Apia")
    due_at = hourly.next_after(datetime(2011, 12, 1, tzinfo=UTC))
    assert due_at == datetime(2011, 12, 30, 10, 0, tzinfo=UTC)
    assert due_at.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2011, 12, 31)
    following = hourly.next_after(due_at)
    assert following is not None
    assert following.astimezone(ZoneInfo("Pacific/Apia")).date() == date(2012, 12, 30)


@pytest.mark.parametrize(
    ("text", "repeated", "hours"),
    [
        ("30 2 25 10 *", DstRepeated.FIRST, [0]),
        ("30 2 25 10 *", DstRepeated.LAST, [1]),
        ("30 2 25 10 *", DstRepeated.BOTH, [0, 1]),
        ("30 */2 25 10 *", DstRepeated.FIRST, [-2, 0, 1, 3]),
    ],
)
def test_a_time_of_once_a_year_that_comes_twice(text: str, repeated: DstRepeated, hours: list[int]) -> None:
    """What is far apart is leapt over, but not what the clock shows again."""
    yearly = CronExpression.parse(text, "Europe/Berlin", dst_repeated=repeated)
    midnight = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    found = from_the_engine(Cron(expression=yearly), midnight - 3 * 60 * MINUTE, midnight + 5 * 60 * MINUTE)
    assert [(at - midnight) // timedelta(hours=1) for at in found][: len(hours)] == hours
