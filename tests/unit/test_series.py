"""A series has a point for each step of its range, and says which ranges it takes (C20)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.doubles import FakeClock
from tickwell.application.series import MOST_POINTS, ReadSeries, Series, Step
from tickwell.domain.account import Principal, Role
from tickwell.domain.counts import Counts, ExecutionTally, HourTally
from tickwell.domain.durations import durations_of
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.usage import UsageByDay

NOW = datetime(2026, 11, 22, 12, 34, tzinfo=UTC)
HOUR, DAY, INSTANT = timedelta(hours=1), timedelta(days=1), timedelta(microseconds=1)
ADA = Principal(tenant_id="tenant-1", user_id="user-1", role=Role.VIEWER)
THIS_HOUR, TODAY = NOW.replace(minute=0), NOW.replace(hour=0, minute=0)

TOO_MANY_DAYS = "must be at most 1000 days before until; counts are kept for 400 days"


@dataclass(frozen=True)
class _Counted:
    found: Mapping[datetime, HourTally]

    def read(self, tenant_id: str) -> Counts:
        raise NotImplementedError(tenant_id)

    def usage(self, tenant_id: str, *, since: date, until: date) -> UsageByDay:
        raise NotImplementedError(tenant_id)

    def hours(self, tenant_id: str, *, since: datetime, until: datetime) -> Mapping[datetime, HourTally]:
        assert tenant_id == ADA.tenant_id
        return {at: tally for at, tally in self.found.items() if since <= at < until}


def one(duration_ms: int, status: ExecutionStatus = ExecutionStatus.SUCCESS) -> HourTally:
    """An hour with one attempt."""
    tally = ExecutionTally(
        by_status={status: 1}, duration_ms=duration_ms, shortest_ms=duration_ms, longest_ms=duration_ms
    )
    return HourTally(tally=tally, durations=durations_of([duration_ms]))


def series(
    found: Mapping[datetime, HourTally] | None = None,
    *,
    step: Step = Step.HOUR,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Series:
    read = ReadSeries(counts=_Counted(found or {}), clock=FakeClock(NOW))
    return read(ADA, step=step, since=since, until=until)


def test_the_last_day_by_the_hour_with_the_one_that_goes_on() -> None:
    found = series({THIS_HOUR: one(10), THIS_HOUR - 23 * HOUR: one(20), THIS_HOUR - 24 * HOUR: one(30)})
    assert (found.since, found.until) == (THIS_HOUR - 23 * HOUR, THIS_HOUR + HOUR)
    assert [point.since for point in found.points] == [THIS_HOUR - (23 - number) * HOUR for number in range(24)]
    assert [point.ended.tally.total for point in found.points] == [1, *[0] * 22, 1]


def test_the_hours_of_a_day_are_one_point() -> None:
    busy = {TODAY: one(10), TODAY + HOUR: one(10, ExecutionStatus.LOST), TODAY - HOUR: one(5)}
    found = series(busy, step=Step.DAY)
    assert len(found.points) == 30
    yesterday, today = found.points[-2:]
    assert (today.since, today.ended) == (TODAY, one(10).plus(one(10, ExecutionStatus.LOST)))
    assert yesterday.ended == one(5)


@pytest.mark.parametrize(
    ("since", "until", "begin", "end"),
    [
        (NOW - 90 * timedelta(minutes=1), None, THIS_HOUR - HOUR, THIS_HOUR + HOUR),
        (THIS_HOUR - HOUR, THIS_HOUR, THIS_HOUR - HOUR, THIS_HOUR),
        (THIS_HOUR - HOUR, NOW + DAY, THIS_HOUR - HOUR, THIS_HOUR + HOUR),
        (None, THIS_HOUR - DAY, THIS_HOUR - 2 * DAY, THIS_HOUR - DAY),
        (NOW, None, THIS_HOUR, THIS_HOUR + HOUR),
        (THIS_HOUR, THIS_HOUR + INSTANT, THIS_HOUR, THIS_HOUR + HOUR),
        (THIS_HOUR - INSTANT, THIS_HOUR, THIS_HOUR - HOUR, THIS_HOUR),
        (THIS_HOUR - INSTANT, THIS_HOUR + INSTANT, THIS_HOUR - HOUR, THIS_HOUR + HOUR),
        (THIS_HOUR + 5 * INSTANT, THIS_HOUR + 6 * INSTANT, THIS_HOUR, THIS_HOUR + HOUR),
        (NOW, NOW + DAY, THIS_HOUR, THIS_HOUR + HOUR),
    ],
    ids=[
        "hours that are touched",
        "whole hours",
        "not beyond now",
        "a day before its end",
        "begun just now",
        "the first instant of an hour",
        "the last instant of an hour",
        "two instants of two hours",
        "an instant within an hour",
        "from now on",
    ],
)
def test_a_range_is_widened_to_whole_steps(
    since: datetime | None, until: datetime | None, begin: datetime, end: datetime
) -> None:
    found = series(since=since, until=until)
    assert (found.since, found.until) == (begin, end)
    assert len(found.points) == (end - begin) / HOUR


@pytest.mark.parametrize(
    ("step", "since", "until", "field", "reason"),
    [
        (Step.HOUR, NOW + HOUR, None, "from", "must not be in the future"),
        (Step.HOUR, NOW, NOW, "until", "must be after from"),
        (Step.HOUR, NOW - HOUR, NOW - DAY, "until", "must be after from"),
        (Step.HOUR, NOW - MOST_POINTS * HOUR, None, "from", "must be at most 1000 hours before until or ask by day"),
        (Step.DAY, NOW - MOST_POINTS * DAY, None, "from", TOO_MANY_DAYS),
    ],
)
def test_a_range_that_cannot_be_told_is_refused(
    step: Step, since: datetime | None, until: datetime | None, field: str, reason: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        series(step=step, since=since, until=until)
    assert (refused.value.field, refused.value.reason) == (field, reason)


def test_the_longest_range_is_taken() -> None:
    assert len(series(since=THIS_HOUR - (MOST_POINTS - 1) * HOUR).points) == MOST_POINTS
