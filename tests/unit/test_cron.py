"""Cron against an independent, slow oracle that walks real minutes and asks the clock on the wall."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import InvalidInputError

MINUTE = timedelta(minutes=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def upcoming(expression: CronExpression, after: datetime, count: int) -> list[datetime]:
    found = []
    for _ in range(count):
        following = expression.next_after(after)
        assert following is not None
        found.append(following)
        after = following
    return found


def walk_wildcard(minute_step: int, tz: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """What ``*/n * * * *`` means: every real minute whose wall clock shows a multiple of n."""
    at = start + MINUTE
    while at <= end:
        if at.astimezone(ZoneInfo(tz)).minute % minute_step == 0:
            yield at
        at += MINUTE


def walk_daily(hour: int, minute: int, tz: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """What ``m h * * *`` means: once a local day; at the first showing, or at the first instant after the gap."""
    zone = ZoneInfo(tz)
    at, fired_on = start - timedelta(days=2), None
    while at <= end:
        before, here = (at - MINUTE).astimezone(zone), at.astimezone(zone)
        shown = (here.hour, here.minute) == (hour, minute)
        day = here.date()
        wanted = datetime(day.year, day.month, day.day, hour, minute)  # noqa: DTZ001 - a wall clock's reading
        jumped = before.replace(tzinfo=None) < wanted < here.replace(tzinfo=None)
        if (shown or jumped) and fired_on != day:
            fired_on = day
            if at > start:
                yield at
        at += MINUTE


BEGIN, END = datetime(2020, 1, 1), datetime(2035, 1, 1)  # noqa: DTZ001 - hypothesis adds the zone

CHANGES = [
    ("Europe/Berlin", "2026-03-28", "2026-03-31"),
    ("Europe/Berlin", "2026-10-24", "2026-10-27"),
    ("America/New_York", "2026-03-07", "2026-03-10"),
    ("America/New_York", "2026-10-31", "2026-11-03"),
    ("Australia/Lord_Howe", "2026-04-04", "2026-04-07"),
    ("Australia/Lord_Howe", "2026-10-03", "2026-10-06"),
    ("America/Havana", "2026-03-07", "2026-03-10"),
    ("America/Havana", "2026-10-31", "2026-11-03"),
    ("Africa/Cairo", "2026-04-23", "2026-04-26"),
    ("America/Santiago", "2026-09-05", "2026-09-08"),
    ("Asia/Kathmandu", "2026-03-28", "2026-03-30"),
    ("Pacific/Chatham", "2026-09-26", "2026-09-29"),
]


@pytest.mark.parametrize(("tz", "first", "last"), CHANGES)
@pytest.mark.parametrize("minute_step", [7, 30])
def test_a_wildcard_hour_follows_the_clock_through_a_change(tz: str, first: str, last: str, minute_step: int) -> None:
    start, end = utc(first), utc(last)
    expected = list(walk_wildcard(minute_step, tz, start, end))
    expression = CronExpression.parse(f"*/{minute_step} * * * *", tz)
    assert upcoming(expression, start, len(expected)) == expected


@pytest.mark.parametrize(("tz", "first", "last"), CHANGES)
@pytest.mark.parametrize(("hour", "minute"), [(0, 0), (0, 30), (1, 30), (2, 0), (2, 15), (2, 45), (23, 59)])
def test_a_fixed_hour_fires_once_a_day_through_a_change(tz: str, first: str, last: str, hour: int, minute: int) -> None:
    start, end = utc(first), utc(last)
    expected = list(walk_daily(hour, minute, tz, start, end))
    expression = CronExpression.parse(f"{minute} {hour} * * *", tz)
    assert [at for at in upcoming(expression, start, len(expected) + 1) if at <= end] == expected


@given(
    after=st.datetimes(BEGIN, END, timezones=st.just(UTC)),
    tz=st.sampled_from(sorted({zone for zone, _, _ in CHANGES})),
    expression=st.sampled_from(["* * * * *", "*/5 * * * *", "30 2 * * *", "0 0 * * *", "15 1,2,3 * * 0", "0 9 1 * *"]),
)
@settings(max_examples=300)
def test_the_next_occurrence_is_later_and_none_lies_between(after: datetime, tz: str, expression: str) -> None:
    parsed = CronExpression.parse(expression, tz)
    following = parsed.next_after(after)
    assert following is not None
    assert following > after
    assert parsed.next_after(following - timedelta(milliseconds=1)) == following


def test_day_of_month_or_day_of_week_when_both_are_restricted() -> None:
    either = CronExpression.parse("0 0 13 * 5")
    assert [d.day for d in upcoming(either, utc("2026-11-01"), 4)] == [6, 13, 20, 27]
    assert [d.day for d in upcoming(CronExpression.parse("0 0 */2 * 1"), utc("2026-11-01"), 2)] == [9, 23]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@daily", "2026-11-23T00:00:00"),
        ("@Hourly", "2026-11-22T13:00:00"),
        ("0 0 L * *", "2026-11-30T00:00:00"),
        ("0 12 * * SUN#2", "2026-12-13T12:00:00"),
        ("* * * * * 30", "2026-11-22T12:00:30"),
        ("0 0 29 2 *", "2028-02-29T00:00:00"),
    ],
)
def test_what_may_be_written(text: str, expected: str) -> None:
    assert CronExpression.parse(text).next_after(utc("2026-11-22T12:00:00")) == utc(expected)


@pytest.mark.parametrize(
    "text",
    ["", "* * * *", "60 * * * *", "* * * * * * *", "0 0 30 2 *", "0 0 31 4 *", "R * * * *", "H * * * *", "a b c d e",
     "@reboot", "*/0 * * * *", "0 0 * * 8", "5-1 * * * x", "* " * 100, "\x00 * * * *", "१ * * * *"],
)  # fmt: skip
def test_what_may_not_be_written_is_refused_with_the_field(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CronExpression.parse(text)
    assert caught.value.field == "cron_expression"


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe", "\x00", "UTC\n", "a" * 300]
)
def test_an_unknown_zone_is_refused_with_the_field(name: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        CronExpression.parse("* * * * *", name)
    assert caught.value.field == "timezone"
