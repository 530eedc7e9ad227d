"""What activities cost: prices, units, and how they add up (X19)."""

from datetime import UTC, date, datetime
from typing import get_type_hints

import pytest

from tests.doubles import FakeClock
from tickwell.application.usage import MOST_DAYS, ReadUsage
from tickwell.domain.account import Principal, Role
from tickwell.domain.counts import Counts, ExecutionCell, HourTally
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.lane import Lane
from tickwell.domain.prices import PRICES, UNIT_NAMES, Units
from tickwell.domain.unit_costs import MEMORY_GB, SHARED, UNIT_COSTS, bounds_of
from tickwell.domain.usage import Activity, Usage, UsageByDay
from tickwell.http.usage_bodies import ActivitiesBody, BilledBody

MEDIUM = ExecutionCell(queue="default-medium", lane=Lane.MEDIUM)
OWNER = Principal(tenant_id="tenant-1", user_id="user-1", role=Role.OWNER)


def dollars_per_million(*activities: Activity) -> tuple[float, float]:
    """In full batches, and alone."""
    bounds = bounds_of({MEDIUM: Usage(activities=dict.fromkeys(activities, 1_000_000))})
    return PRICES.dollars(bounds.batched), PRICES.dollars(bounds.alone)


def test_every_activity_has_its_units_and_is_cheaper_in_batches() -> None:
    assert set(UNIT_COSTS) == set(SHARED) == set(Activity)
    for bounds in [*UNIT_COSTS.values(), *SHARED.values()]:
        for name in UNIT_NAMES:
            assert 0 <= getattr(bounds.batched, name) <= getattr(bounds.alone, name)


def test_every_unit_has_a_price() -> None:
    for name in UNIT_NAMES:
        assert PRICES.dollars(Units(**{name: 1_000_000})) == pytest.approx(getattr(PRICES.per_million, name))
        assert getattr(PRICES.per_million, name) > 0


def test_what_is_shown_names_all_that_is_counted() -> None:
    assert list(get_type_hints(ActivitiesBody)) == [activity.value for activity in Activity]
    assert tuple(get_type_hints(BilledBody)) == UNIT_NAMES


def test_a_million_jobs_cost_what_the_design_allows() -> None:
    least, most = dollars_per_million(Activity.CREATED_SOON, Activity.ATTEMPTS)
    assert 3.2 < least <= 4.5, "in bulk"
    assert 8.0 < most < 11.0, "each alone"
    least, _ = dollars_per_million(Activity.OCCURRENCES)
    assert 3.0 < least <= 4.6


def test_time_costs_by_the_memory_of_the_lane() -> None:
    hour = Usage(duration_ms=3_600_000)
    medium, heavy = (bounds_of({ExecutionCell(queue="q", lane=lane): hour}) for lane in (Lane.MEDIUM, Lane.HEAVY))
    assert (medium.alone.gb_seconds, medium.batched.gb_seconds) == (1800, 180)
    assert (heavy.alone.gb_seconds, heavy.batched.gb_seconds) == (7200, 7200)
    assert MEMORY_GB[Lane.HIGH] == 0.5


class _Counted:
    """Usage that stands still."""

    def __init__(self, usage: UsageByDay) -> None:
        self._usage = usage

    def read(self, tenant_id: str) -> Counts:
        raise AssertionError(f"nobody asked for the counts of {tenant_id}")

    def hours(self, tenant_id: str, *, since: datetime, until: datetime) -> dict[datetime, HourTally]:
        raise AssertionError(f"nobody asked for the hours of {tenant_id} from {since} to {until}")

    def usage(self, tenant_id: str, *, since: date, until: date) -> UsageByDay:
        assert tenant_id == "tenant-1"
        return {day: usage for day, usage in self._usage.items() if since <= day < until}


def used(number: int) -> Usage:
    return Usage(activities={Activity.ATTEMPTS: number}, duration_ms=number)


IMAGES = ExecutionCell(queue="images", lane=Lane.HEAVY)
BUSY: UsageByDay = {
    date(2026, 10, 31): {MEDIUM: used(1)},
    date(2026, 11, 1): {MEDIUM: used(2), IMAGES: used(4)},
    date(2026, 11, 22): {IMAGES: used(8)},
}


def reading(usage: UsageByDay = BUSY) -> ReadUsage:
    return ReadUsage(counts=_Counted(usage), clock=FakeClock(datetime(2026, 11, 22, 23, 59, tzinfo=UTC)))


def test_the_current_month_is_told_unless_another_range_is_asked_for() -> None:
    report = reading()(OWNER, since=None, until=None)
    assert (report.since, report.until) == (date(2026, 11, 1), date(2026, 11, 23))
    assert {day: cost.usage.duration_ms for day, cost in report.days.items()} == {
        date(2026, 11, 1): 6,
        date(2026, 11, 22): 8,
    }
    assert {queue: cost.usage for queue, cost in report.queues.items()} == {
        "default-medium": used(2),
        "images": used(12),
    }
    assert report.total.usage == used(14)
    report = reading()(OWNER, since=None, until=date(2026, 11, 1))
    assert (report.since, report.total.usage) == (date(2026, 10, 1), used(1))
    assert reading()(OWNER, since=date(2026, 10, 31), until=None).total.usage == used(15)


def test_days_and_queues_add_up_to_the_total() -> None:
    report = reading()(OWNER, since=date(2026, 10, 1), until=None)
    for costs in (report.days.values(), report.queues.values()):
        assert sum(cost.least_usd for cost in costs) == pytest.approx(report.total.least_usd)
        assert sum(cost.most_usd for cost in costs) == pytest.approx(report.total.most_usd)
    assert 0 < report.total.least_usd < report.total.most_usd


def test_one_queue_may_be_chosen() -> None:
    report = reading()(OWNER, since=date(2026, 10, 1), until=None, queue="default-medium")
    assert list(report.days) == [date(2026, 10, 31), date(2026, 11, 1)]
    assert list(report.queues) == ["default-medium"]
    assert report.total.usage == used(3)
    assert not reading()(OWNER, since=None, until=None, queue="unknown").days


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [
        (date(2026, 11, 2), date(2026, 11, 2), "until"),
        (date(2026, 11, 23), None, "since"),
        (date(2026, 8, 1), date(2026, 11, 2), "until"),
        (date(2026, 1, 1), None, "until"),
    ],
)
def test_a_range_that_is_empty_or_too_long_is_refused(since: date, until: date | None, field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        reading()(OWNER, since=since, until=until)
    assert refused.value.field == field
    assert str(MOST_DAYS) in refused.value.reason or "since" in str(refused.value)
