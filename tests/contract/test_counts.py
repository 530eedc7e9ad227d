"""What is counted of a tenant is what a recount finds, on both engines, however the stream tells of it (rule 9)."""

import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.contract.counted import DECISIONS, Counted, dynamo_counts, ended
from tests.contract.dynamodb_probe import stream_records
from tests.contract.makers import TENANT, TOMORROW, claimed, created, dead_letter, execution, finished, job, recurring
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.count_stream import Change, changes_from
from tickwell.adapters.aws.dynamodb.recount import Recount
from tickwell.adapters.embedded.counts import EmbeddedTenantCounts
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.domain.child import child_id
from tickwell.domain.counts import (
    HOURS_KEPT,
    RECENT_KEPT,
    Counts,
    ExecutionCell,
    ExecutionTally,
    HourTally,
    JobCell,
    cell_of,
)
from tickwell.domain.durations import durations_of
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.retry import RetryAt
from tickwell.domain.schedule import JobType

RETRY = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)
MEDIUM = ExecutionCell(queue="default-medium", lane=Lane.MEDIUM)


def cell(**changes: Any) -> JobCell:
    fields: dict[str, Any] = {
        "queue": "default-medium",
        "lane": Lane.MEDIUM,
        "status": JobStatus.ACTIVE,
        "job_type": JobType.ONE_TIME,
        "running": False,
    }
    return JobCell(**fields | changes)


def test_nothing_is_counted_of_a_tenant_without_jobs(counted: Counted) -> None:
    assert counted.read("nobody") == Counts()
    assert counted.stores.counts.hours("nobody", since=NOON, until=TOMORROW) == {}


def test_a_job_is_counted_as_what_it_is_from_its_creation_to_its_end(counted: Counted) -> None:
    stores = counted.stores
    made = created(stores)
    assert counted.read().jobs == {cell(): 1}
    running = claimed(stores, made)
    assert counted.read().jobs == {cell(running=True): 1}
    assert finished(stores, execution(running))
    assert counted.read().jobs == {cell(status=JobStatus.COMPLETED): 1}
    again = stores.jobs.get(TENANT, made.job_id)
    assert stores.jobs.replace(again.delete(NOON, expires_at=TOMORROW), read=again)
    counts = counted.read()
    assert counts.jobs == {cell(status=JobStatus.DELETED): 1}
    assert counts.count_jobs() == 0, "a deleted job is left out unless it is asked for"
    assert counts.count_jobs(status=JobStatus.DELETED) == 1


def test_jobs_are_counted_by_queue_lane_and_type(counted: Counted) -> None:
    for fields in ({"queue": "images", "lane": Lane.HEAVY}, {"lane": Lane.HIGH}, {"lane": Lane.HIGH}):
        created(counted.stores, **fields)
    recurring(counted.stores)
    created(counted.stores, tenant_id="tenant-2")
    counts = counted.read()
    assert counts.count_jobs() == 4, "another tenant's jobs are not counted"
    assert counts.count_jobs(queue="images") == 1
    assert counts.count_jobs(lane=Lane.HIGH) == 2
    assert counts.count_jobs(job_type=JobType.RECURRING) == 1
    assert counts.count_jobs(job_type=JobType.ONE_TIME, status=JobStatus.ACTIVE) == 3


def test_children_are_no_jobs_of_their_own_and_their_attempts_count(counted: Counted) -> None:
    parent = recurring(counted.stores)
    child = created(counted.stores, job_id=child_id(parent.job_id, NOON))
    running = claimed(counted.stores, child)
    assert counted.read().jobs == {cell(job_type=JobType.RECURRING): 1}
    assert finished(counted.stores, execution(running))
    counts = counted.read()
    assert counts.jobs == {cell(job_type=JobType.RECURRING): 1}
    assert (counts.tally().total, counts.recent[0].job_id) == (1, child.job_id)


def test_writing_a_job_again_counts_once(counted: Counted) -> None:
    made = created(counted.stores)
    counted.stores.jobs.create(made)
    assert counted.read().count_jobs() == 1


@pytest.mark.parametrize("status", DECISIONS)
def test_an_attempt_is_counted_as_it_ended(counted: Counted, status: ExecutionStatus) -> None:
    made = recurring(counted.stores)
    ended(counted.stores, made, status, 1.5, next_run_at=TOMORROW)
    counts = counted.read()
    tally = ExecutionTally(by_status={status: 1}, duration_ms=1500, shortest_ms=1500, longest_ms=1500)
    assert counts.executions == {MEDIUM: tally}
    [recent] = counts.recent
    assert (recent.job_id, recent.status, recent.attempt, recent.due_at) == (made.job_id, status, 1, NOON)
    assert (recent.started_at, recent.finished_at) == (NOON, NOON + timedelta(seconds=1.5))
    hour = HourTally(tally=tally, durations=durations_of([1500]))
    assert counted.hours(NOON, NOON + timedelta(hours=1)) == {NOON: hour}


def test_a_retry_counts_both_attempts(counted: Counted) -> None:
    stores = counted.stores
    made = created(stores)
    first = claimed(stores, made)
    assert finished(stores, execution(first, status=ExecutionStatus.TIMEOUT, decision=RETRY))
    second = claimed(stores, made, token="token-2", attempt=2)
    assert finished(stores, execution(second, finished_at=NOON + timedelta(seconds=4)))
    tally = counted.read().tally(lane=Lane.MEDIUM)
    assert tally.by_status == {ExecutionStatus.TIMEOUT: 1, ExecutionStatus.SUCCESS: 1}
    assert (tally.total, tally.successful, tally.failed) == (2, 1, 1)
    assert (tally.duration_ms, tally.shortest_ms, tally.longest_ms) == (5500, 1500, 4000)


def test_the_executions_that_ended_last_are_kept_newest_first(counted: Counted) -> None:
    jobs = [created(counted.stores) for _ in range(RECENT_KEPT + 3)]
    for seconds, made in enumerate(jobs):
        ended(counted.stores, made, ExecutionStatus.SUCCESS, seconds)
    counts = counted.read()
    assert [each.job_id for each in counts.recent] == [made.job_id for made in reversed(jobs[3:])]
    assert counts.tally().total == len(jobs)


def test_hours_are_those_in_which_attempts_ended(counted: Counted) -> None:
    for seconds in (10, 3599, 3600, 36 * 3600):
        ended(counted.stores, created(counted.stores), ExecutionStatus.SUCCESS, seconds)
    counted.stores.clock.advance(timedelta(hours=37))
    hour = timedelta(hours=1)
    found = counted.hours(NOON, NOON + 37 * hour)
    assert {at: of_hour.tally.total for at, of_hour in found.items()} == {NOON: 2, NOON + hour: 1, NOON + 36 * hour: 1}
    assert list(found) == sorted(found)
    assert set(counted.hours(NOON + hour, NOON + 36 * hour)) == {NOON + hour}


def test_hours_go_after_400_days(counted: Counted) -> None:
    ended(counted.stores, created(counted.stores), ExecutionStatus.SUCCESS, 1)
    counted.follow()
    counted.stores.clock.advance(HOURS_KEPT - timedelta(hours=13))
    assert counted.hours(NOON, NOON + timedelta(hours=1))
    counted.stores.clock.advance(timedelta(days=1))
    assert counted.hours(NOON, NOON + timedelta(hours=1)) == {}


def test_dead_letters_are_counted_once_until_they_are_deleted(counted: Counted) -> None:
    letters = [dead_letter(job(counted.stores)) for _ in range(3)]
    counted.stores.history.put_dead_letters(letters)
    counted.stores.history.put_dead_letters(letters)
    assert counted.read().dead_letters == 3
    counted.stores.history.delete_dead_letter(TENANT, letters[0].dead_letter_id)
    counted.stores.history.delete_dead_letter(TENANT, letters[0].dead_letter_id)
    assert counted.read().dead_letters == 2


def test_a_job_that_expired_and_was_made_again_counts_as_the_new_one(counted: Counted) -> None:
    made = created(counted.stores)
    ended(counted.stores, made, ExecutionStatus.SUCCESS, 1)
    counted.stores.clock.advance(timedelta(days=31))
    counted.stores.jobs.create(made)
    counts = counted.read()
    assert counts.jobs == {cell(): 1}
    assert counts.tally().total == 1


def test_expired_jobs_count_until_they_are_deleted(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    ended(stores, created(stores), ExecutionStatus.SUCCESS, 1)
    stores.clock.advance(timedelta(days=31))
    EmbeddedExpiry(sqlite.database, stores.clock).sweep()
    counts = stores.counts.read(TENANT)
    assert (counts.count_jobs(), counts.tally().total) == (0, 1)


STATUSES = st.sampled_from(list(DECISIONS))
STEPS = st.lists(st.tuples(st.sampled_from(["create", "end", "pause", "delete", "retry"]), STATUSES), max_size=25)


def lived(
    stores: Stores, steps: list[tuple[str, ExecutionStatus]], chance: random.Random, tenant_id: str = TENANT
) -> None:
    """Jobs that lead a random life."""
    jobs: list[str] = []
    for number, (step, status) in enumerate(steps):
        if step == "create" or not jobs:
            lane = chance.choice(list(Lane))
            jobs.append(chance.choice([created, recurring])(stores, lane=lane, tenant_id=tenant_id).job_id)
            continue
        made = stores.jobs.get(tenant_id, chance.choice(jobs))
        if step == "end" and made.status is JobStatus.ACTIVE and made.next_run_at is not None:
            ended(stores, made, status, number, next_run_at=made.next_run_at if made.is_recurring else None)
        elif step == "pause" and made.is_recurring and made.status is JobStatus.ACTIVE:
            assert stores.jobs.replace(made.pause(NOON), read=made)
        elif step == "delete" and made.status is not JobStatus.DELETED:
            assert stores.jobs.replace(made.delete(NOON, expires_at=TOMORROW), read=made)


def recounted(stores: Stores, tenant_id: str = TENANT) -> Counter[JobCell]:
    page = stores.jobs.list_jobs(tenant_id, limit=100, cursor=None)
    return Counter(cell_of(made) for made in page.items)


@given(STEPS, st.randoms(use_true_random=False))
@hypothesis_settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
def test_counts_are_what_a_recount_finds(
    counted: Counted, steps: list[tuple[str, ExecutionStatus]], chance: random.Random
) -> None:
    tenant_id = counted.stores.ids.new()
    lived(counted.stores, steps, chance, tenant_id)
    counts = counted.read(tenant_id)
    listed = {cell: number for cell, number in counts.jobs.items() if cell.status is not JobStatus.DELETED}
    assert listed == recounted(counted.stores, tenant_id)


@pytest.fixture
def told(dynamodb: DynamoStores, aws: str) -> list[Change]:
    """What the stream tells of some jobs, each with attempts."""
    chance = random.Random(7)
    steps = [(chance.choice(["create", "create", "end", "end", "delete"]), status) for status in [*DECISIONS] * 6]
    lived(dynamodb.stores, steps, chance)
    return changes_from({"Records": stream_records(aws)})


def rested() -> None:
    """Nothing happens meanwhile."""


def test_a_recount_repairs_what_was_lost_and_leaves_executions_alone(
    dynamodb: DynamoStores, told: list[Change]
) -> None:
    stores, counts = dynamodb.stores, dynamo_counts(dynamodb)
    stores.history.put_dead_letters([dead_letter(job(stores))])
    last = {change.partition: change.sequence for change in told}
    counts.apply([c for number, c in enumerate(told) if number % 3 or c.sequence == last[c.partition]])
    spoiled = counts.read(TENANT)
    assert Recount(dynamodb.table, rested)(TENANT)
    repaired = counts.read(TENANT)
    assert repaired.jobs != spoiled.jobs
    assert {cell: n for cell, n in repaired.jobs.items() if cell.status is not JobStatus.DELETED} == recounted(stores)
    assert (repaired.dead_letters, repaired.executions, repaired.recent) == (1, spoiled.executions, spoiled.recent)
    counts.apply(told)
    assert counts.read(TENANT).jobs == repaired.jobs, "what came before is not counted again"


def test_a_recount_of_a_tenant_that_is_not_at_rest_changes_nothing(dynamodb: DynamoStores, told: list[Change]) -> None:
    counts = dynamo_counts(dynamodb)
    counts.apply(told[: len(told) // 2])
    spoiled = counts.read(TENANT)
    assert not Recount(dynamodb.table, lambda: [created(dynamodb.stores)])(TENANT)
    assert counts.read(TENANT) == spoiled
    assert not Recount(dynamodb.table, lambda: counts.apply(told))(TENANT)


def test_a_recount_of_the_embedded_engine_finds_what_its_triggers_counted(sqlite: EmbeddedStores) -> None:
    lived(sqlite.stores, [("create", ExecutionStatus.SUCCESS), ("end", ExecutionStatus.LOST)] * 6, random.Random(3))
    sqlite.stores.history.put_dead_letters([dead_letter(job(sqlite.stores))])
    counts = EmbeddedTenantCounts(sqlite.database, sqlite.stores.clock)
    before = counts.read(TENANT)
    assert counts.recount(TENANT)
    assert counts.read(TENANT) == before
    with sqlite.database.transaction() as cursor:
        cursor.execute("DELETE FROM job_counts")
    assert counts.recount(TENANT)
    assert counts.read(TENANT) == before


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_batches_that_come_again_in_whole_or_in_part_count_once(
    dynamodb: DynamoStores, told: list[Change], size: int
) -> None:
    counts = dynamo_counts(dynamodb)
    for at in range(0, len(told), size):
        counts.apply(told[at : at + size])
        counts.apply(told[at : at + size // 2])
        counts.apply(told[max(0, at - size) : at + size])
    read = counts.read(TENANT)
    assert {cell: n for cell, n in read.jobs.items() if cell.status is not JobStatus.DELETED} == recounted(
        dynamodb.stores
    )
    assert read.tally().total == sum(bool(change.counts.recent) for change in told)
    hours = counts.hours(TENANT, since=NOON, until=NOON + timedelta(hours=1))
    assert sum(of_hour.tally.total for of_hour in hours.values()) == read.tally().total


def test_the_order_among_partitions_does_not_matter(dynamodb: DynamoStores, told: list[Change]) -> None:
    counts = dynamo_counts(dynamodb)
    partitions = sorted({change.partition for change in told}, reverse=True)
    for partition in partitions:
        counts.apply([change for change in told if change.partition == partition])
    in_turn = counts.read(TENANT)
    counts.apply(told)
    assert counts.read(TENANT) == in_turn
    assert in_turn.count_jobs() == recounted(dynamodb.stores).total()


def test_two_consumers_that_count_at_once_lose_nothing(dynamodb: DynamoStores, told: list[Change]) -> None:
    counts = dynamo_counts(dynamodb)
    halves = [[c for c in told if c.shard // 8 == half] for half in range(2)]
    dynamodb.table.each(counts.apply, [*halves, *halves])
    assert counts.read(TENANT).count_jobs() == recounted(dynamodb.stores).total()


def test_a_batch_costs_one_write_for_each_row(dynamodb: DynamoStores, told: list[Change]) -> None:
    counts = dynamo_counts(dynamodb)
    assert counts.apply(told) <= 8, "four groups, and a day of each"
