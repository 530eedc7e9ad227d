"""What a tenant had done is counted by day and queue, on both engines, and on AWS without a row of its own (X19)."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.contract.counted import Counted, dynamo_counts, ended
from tests.contract.dynamodb_probe import stream_records
from tests.contract.makers import DAILY, TENANT, TOMORROW, claimed, created, execution, finished, recurring
from tests.contract.store_engines import DynamoStores, EmbeddedStores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.count_items import DayUsage, counts_row, day_row
from tickwell.adapters.aws.dynamodb.count_keys import GROUPS, counts_key, day_key
from tickwell.adapters.aws.dynamodb.count_stream import Change, changes_from
from tickwell.adapters.aws.dynamodb.recount import Recount
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.domain.child import child_id
from tickwell.domain.completion import Outside
from tickwell.domain.counts import HOURS_KEPT, Counts, ExecutionCell
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.lane import Lane
from tickwell.domain.retry import RetryAt
from tickwell.domain.schedule import OneTime
from tickwell.domain.usage import Activity, Usage, UsageByDay, Used

TODAY = NOON.date()
DAY = timedelta(days=1)
MEDIUM = ExecutionCell(queue="default-medium", lane=Lane.MEDIUM)
RETRY = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)


def of_today(counted: Counted, cell: ExecutionCell = MEDIUM) -> Usage:
    found = counted.usage(TODAY, TODAY + DAY)
    assert set(found) <= {TODAY}
    return found.get(TODAY, {}).get(cell, Usage())


def used(duration_ms: int = 0, **activities: int) -> Usage:
    return Usage(activities={Activity(name): number for name, number in activities.items()}, duration_ms=duration_ms)


def test_nothing_was_done_for_a_tenant_without_jobs(counted: Counted) -> None:
    assert counted.usage(TODAY - DAY, TODAY + DAY, "nobody") == {}


def test_jobs_are_counted_as_they_are_created(counted: Counted) -> None:
    far = NOON + timedelta(minutes=15, milliseconds=1)
    created(counted.stores)
    created(counted.stores, schedule=OneTime(at=NOON + timedelta(minutes=15)), next_run_at=NOON + timedelta(minutes=15))
    created(counted.stores, schedule=OneTime(at=far), next_run_at=far)
    again = recurring(counted.stores)
    counted.stores.jobs.create(again)
    created(counted.stores, tenant_id="tenant-2")
    assert of_today(counted) == used(created_soon=2, created_far=1, created_recurring=1)


def test_usage_is_told_by_queue_and_lane(counted: Counted) -> None:
    created(counted.stores, queue="images", lane=Lane.HEAVY)
    created(counted.stores, lane=Lane.HIGH)
    assert set(counted.usage(TODAY, TODAY + DAY)[TODAY]) == {
        ExecutionCell(queue="images", lane=Lane.HEAVY),
        ExecutionCell(queue="default-high", lane=Lane.HIGH),
    }


def test_attempts_retries_and_what_was_given_up_are_counted_as_they_end(counted: Counted) -> None:
    stores = counted.stores
    made = created(stores)
    assert finished(stores, execution(claimed(stores, made), status=ExecutionStatus.TIMEOUT, decision=RETRY))
    assert of_today(counted) == used(1500, created_soon=1, attempts=1)
    second = claimed(stores, made, token="token-2", attempt=2)
    assert finished(stores, execution(second, finished_at=NOON + timedelta(seconds=4)))
    assert of_today(counted) == used(5500, created_soon=1, attempts=1, retries=1)
    ended(stores, created(stores), ExecutionStatus.FAILED, 1)
    ended(stores, created(stores), ExecutionStatus.CANCELLED, 1)
    assert of_today(counted) == used(7500, created_soon=3, attempts=3, retries=1, given_up=1)


def test_time_outside_of_any_worker_is_not_counted_as_a_workers(counted: Counted) -> None:
    stores = counted.stores
    running = claimed(stores, created(stores))
    stores.jobs.let_go_many([(running, Outside(since=NOON + timedelta(milliseconds=500), timeout_seconds=60))])
    assert finished(stores, execution(running, outside_ms=1000))
    assert of_today(counted) == used(500, created_soon=1, attempts=1, outside=1)


def test_occurrences_of_recurring_jobs_are_counted_apart(counted: Counted) -> None:
    ended(counted.stores, recurring(counted.stores), ExecutionStatus.LOST, 1, next_run_at=TOMORROW)
    assert of_today(counted) == used(1000, created_recurring=1, occurrences=1, given_up=1)


def test_a_child_is_counted_with_its_first_attempt(counted: Counted) -> None:
    parent = recurring(counted.stores)
    child = created(counted.stores, job_id=child_id(parent.job_id, NOON))
    assert of_today(counted) == used(created_recurring=1)
    ended(counted.stores, child, ExecutionStatus.SUCCESS, 1)
    assert of_today(counted) == used(1000, created_recurring=1, children=1)


def test_changes_of_status_are_counted_and_edits_are_not(counted: Counted) -> None:
    stores = counted.stores
    made = recurring(stores)
    renamed = replace(made, name="another name", version=2, updated_at=NOON)
    assert stores.jobs.replace(renamed, read=made)
    assert of_today(counted) == used(created_recurring=1)
    paused = renamed.pause(NOON)
    assert stores.jobs.replace(paused, read=renamed)
    assert stores.jobs.replace(paused.delete(NOON, expires_at=TOMORROW), read=paused)
    assert of_today(counted) == used(created_recurring=1, changes=2)


def test_what_is_created_anew_after_it_has_expired_is_counted_again(counted: Counted) -> None:
    made = created(counted.stores)
    ended(counted.stores, made, ExecutionStatus.SUCCESS, 1)
    counted.stores.clock.advance(timedelta(days=31))
    counted.stores.jobs.create(made)
    assert of_today(counted) == used(1000, created_soon=2, attempts=1)


def a_job_on(counted: Counted, at: datetime) -> None:
    counted.stores.clock.set(at)
    created(counted.stores, schedule=DAILY, created_at=at, updated_at=at, next_run_at=at)
    counted.follow()


def test_days_are_told_apart_and_only_those_of_the_range_are_given(counted: Counted) -> None:
    for days in (0, 0, 1, 3):
        a_job_on(counted, NOON + days * DAY)
    one, two = {MEDIUM: used(created_recurring=1)}, {MEDIUM: used(created_recurring=2)}
    assert counted.usage(TODAY, TODAY + 4 * DAY) == {TODAY: two, TODAY + DAY: one, TODAY + 3 * DAY: one}
    assert counted.usage(TODAY + DAY, TODAY + 3 * DAY) == {TODAY + DAY: one}
    assert counted.usage(TODAY - DAY, TODAY) == {}


def test_usage_goes_after_400_days(counted: Counted) -> None:
    a_job_on(counted, NOON)
    a_job_on(counted, NOON + DAY)
    counted.stores.clock.set(NOON + HOURS_KEPT + timedelta(hours=11))
    assert list(counted.usage(TODAY, TODAY + 500 * DAY)) == [TODAY, TODAY + DAY]
    counted.stores.clock.advance(timedelta(days=1))
    assert list(counted.usage(TODAY, TODAY + DAY)) == []


def test_expired_usage_is_deleted(sqlite: EmbeddedStores) -> None:
    created(sqlite.stores)
    sqlite.stores.clock.advance(HOURS_KEPT + 2 * DAY)
    EmbeddedExpiry(sqlite.database, sqlite.stores.clock).sweep()
    with sqlite.database.read() as cursor:
        assert cursor.execute("SELECT COUNT(*) FROM usage_days").fetchone() == (0,)


def change(sequence: int, day: date, shard: int = 0) -> Change:
    """One job that was created."""
    at = NOON + (day - TODAY)
    made = used(created_soon=1)
    return Change(
        tenant_id=TENANT,
        family="J",
        shard=shard,
        sequence=sequence,
        counts=Counts(dead_letters=1),
        used=Used(at=at, cell=MEDIUM, usage=made),
    )


def usage_of(dynamodb: DynamoStores) -> UsageByDay:
    return dynamodb.stores.counts.usage(TENANT, since=TODAY - DAY, until=TODAY + 9 * DAY)


def created_by_day(usage: UsageByDay) -> dict[int, int]:
    """How many were created on which day from today."""
    return {(day - TODAY).days: cells[MEDIUM].activities[Activity.CREATED_SOON] for day, cells in usage.items()}


@pytest.mark.parametrize("size", [1, 3, 7])
def test_batches_that_come_again_over_midnights_count_once(dynamodb: DynamoStores, size: int) -> None:
    dynamodb.stores.clock.advance(9 * DAY)
    counts = dynamo_counts(dynamodb)
    told = [change(number, TODAY + number // 6 * DAY, shard=number % 8) for number in range(24)]
    for at in range(0, len(told), size):
        counts.apply(told[at : at + size])
        counts.apply(told[max(0, at - size) : at + size])
    found = created_by_day(usage_of(dynamodb))
    assert sum(found.values()) == len(told)
    if size in {1, 3}:
        assert found == {0: 6, 1: 6, 2: 6, 3: 6}


def test_what_comes_late_counts_to_the_day_that_has_begun(dynamodb: DynamoStores) -> None:
    dynamodb.stores.clock.advance(9 * DAY)
    counts = dynamo_counts(dynamodb)
    for number, days in enumerate((0, 1, 0, 1)):
        counts.apply([change(number, TODAY + days * DAY)])
    assert created_by_day(usage_of(dynamodb)) == {0: 1, 1: 3}


def test_a_clock_that_is_ahead_opens_no_day_to_come(dynamodb: DynamoStores) -> None:
    counts = dynamo_counts(dynamodb)
    counts.apply([change(1, TODAY + 5 * DAY)])
    counts.apply([change(2, TODAY)])
    assert created_by_day(usage_of(dynamodb)) == {0: 2}


def test_a_crash_between_the_day_that_is_over_and_the_counts_counts_nothing_twice(dynamodb: DynamoStores) -> None:
    stores, counts = dynamodb.stores, dynamo_counts(dynamodb)
    stores.clock.advance(9 * DAY)
    counts.apply([change(1, TODAY)])
    before = dynamodb.table.get(counts_key(TENANT, 0))
    counts.apply([change(2, TODAY + DAY)])
    assert before is not None
    dynamodb.table.put(counts_key(TENANT, 0), before)
    assert created_by_day(usage_of(dynamodb)) == {0: 1}, "the day is in both, and counted once"
    counts.apply([change(2, TODAY)])
    counts.apply([change(3, TODAY + DAY)])
    assert created_by_day(usage_of(dynamodb)) == {0: 2, 1: 1}


def test_who_closes_a_day_late_does_not_overwrite_a_later_closing(dynamodb: DynamoStores) -> None:
    stores, counts = dynamodb.stores, dynamo_counts(dynamodb)
    stores.clock.advance(9 * DAY)
    for number in range(3):
        counts.apply([change(number, TODAY)])
    counts.apply([change(3, TODAY + DAY)])
    counts._close(counts_key(TENANT, 0), 1, DayUsage(day=TODAY, usage={MEDIUM: used(created_soon=1)}))
    assert created_by_day(usage_of(dynamodb)) == {0: 3, 1: 1}


def test_two_consumers_that_turn_the_day_at_once_lose_nothing(dynamodb: DynamoStores) -> None:
    stores, counts = dynamodb.stores, dynamo_counts(dynamodb)
    stores.clock.advance(9 * DAY)
    batches = [
        [change(2 * day, TODAY + day * DAY, shard), change(2 * day + 1, TODAY + day * DAY, shard)]
        for day in range(3)
        for shard in (0, 4, 8, 12)
    ]
    for at in range(0, len(batches), 4):
        dynamodb.table.each(counts.apply, [*batches[at : at + 4], *batches[at : at + 2]])
    assert sum(created_by_day(usage_of(dynamodb)).values()) == 24


def test_counting_usage_writes_no_row_more_but_one_for_each_group_and_day(dynamodb: DynamoStores) -> None:
    stores, counts = dynamodb.stores, dynamo_counts(dynamodb)
    stores.clock.advance(9 * DAY)
    for number in range(16):
        counts.apply([change(number, TODAY, shard=number)])
    days = [dynamodb.table.get(day_key(TENANT, group, TODAY)) for group in range(GROUPS)]
    assert days == [None] * GROUPS, "a day that is not over stands in the counts"
    for number in range(16):
        counts.apply([change(20 + number, TODAY + DAY, shard=number)])
    for group in range(GROUPS):
        day = day_row(dynamodb.table.get(day_key(TENANT, group, TODAY)))
        assert (day.version, day.usage_of) == (1, 4)
        assert counts_row(dynamodb.table.get(counts_key(TENANT, group))).version == 8


def test_a_row_of_an_older_release_goes_on(dynamodb: DynamoStores) -> None:
    counts, key = dynamo_counts(dynamodb), counts_key(TENANT, 0)
    counts.apply([change(1, TODAY)])
    item = dynamodb.table.get(key)
    assert item is not None
    document = str(item["doc"])
    dynamodb.table.put(key, item | {"doc": document[: document.index(',"usage"')] + "}"})
    counts.apply([change(2, TODAY)])
    assert created_by_day(usage_of(dynamodb)) == {0: 1}


def test_a_recount_leaves_usage_alone(dynamodb: DynamoStores, aws: str) -> None:
    stores = dynamodb.stores
    for _ in range(8):
        created(stores)
    told = changes_from({"Records": stream_records(aws)})
    dynamo_counts(dynamodb).apply(told)
    spoiled = [change(10**30 + number, TODAY, shard) for number, shard in enumerate(range(16))]
    dynamo_counts(dynamodb).apply(spoiled)
    before = usage_of(dynamodb)
    assert Recount(dynamodb.table, lambda: None)(TENANT)
    assert stores.counts.read(TENANT).dead_letters == 0
    assert usage_of(dynamodb) == before
