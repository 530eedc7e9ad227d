"""What was due in a range of instants: records, skips, and the children that stand in, earliest first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

import pytest

from tests.contract.makers import RETENTION, TENANT, TOMORROW, created, execution, job, skip
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import Span
from tickwell.domain.child import child, child_id, stand_in, stands_in_for
from tickwell.domain.execution import Execution, Skip
from tickwell.domain.job import Job, JobStatus

T = TypeVar("T")
MINUTE = timedelta(minutes=1)
MILLISECOND = timedelta(milliseconds=1)


def all_of(read: Callable[[datetime], Span[T]], since: datetime, *, limit: int) -> list[T]:
    """Span by span, as long as one says that more may follow."""
    found: list[T] = []
    while True:
        span = read(since)
        assert len(span.items) <= limit
        found += span.items
        if span.reached is None:
            return found
        assert span.reached >= since
        since = span.reached + MILLISECOND


def executed(stores: Stores, of: Job, since: datetime, until: datetime, *, limit: int = 100) -> list[Execution]:
    def read(start: datetime) -> Span[Execution]:
        return stores.history.executions_between(
            of.tenant_id, of.job_id, since=start, until=until, limit=limit, consistent=limit % 2 == 0
        )

    return all_of(read, since, limit=limit)


def skipped(stores: Stores, of: Job, since: datetime, until: datetime, *, limit: int = 100) -> list[Skip]:
    span = stores.history.skips_between(of.tenant_id, of.job_id, since=since, until=until, limit=limit)
    return list(span.items)


def standing_in(stores: Stores, of: Job, since: datetime, until: datetime, *, limit: int = 100) -> list[Job]:
    def read(start: datetime) -> Span[Job]:
        return stores.listing.stand_ins(of.tenant_id, of.job_id, since=start, until=until, limit=limit)

    return all_of(read, since, limit=limit)


@pytest.mark.parametrize("limit", [3, 4, 100])
def test_executions_of_a_range_come_in_order_and_those_of_one_occurrence_together(stores: Stores, limit: int) -> None:
    of = created(stores)
    made = [
        execution(of, due_at=NOON + number * MINUTE, attempt=attempt, output="x" * 2000)
        for number in range(6)
        for attempt in range(1, 1 + number % 4)
    ]
    children = [stand_in(of, NOON + 1.5 * MINUTE, now=TOMORROW), child(of, NOON + 2 * MINUTE, mark="0a", now=TOMORROW)]
    made += [execution(one, due_at=one.next_run_at) for one in children]
    stores.history.record_many([*made, execution(job(stores)), replace(made[0], tenant_id="tenant-2")])
    expected = sorted(made, key=lambda one: (one.due_at, one.attempt, one.job_id))
    bare = [replace(one, output=None) for one in expected]
    assert executed(stores, of, NOON, NOON + 9 * MINUTE, limit=limit) == bare
    assert executed(stores, of, NOON + MINUTE, NOON + 2 * MINUTE, limit=limit) == [
        one for one in bare if NOON + MINUTE <= one.due_at <= NOON + 2 * MINUTE
    ]
    assert executed(stores, of, NOON + MINUTE + MILLISECOND, NOON + 2 * MINUTE - MILLISECOND) == [
        one for one in bare if one.job_id == children[0].job_id
    ]
    assert executed(stores, children[0], NOON, TOMORROW) == [one for one in bare if one.job_id == children[0].job_id]


def test_more_attempts_than_asked_for_do_not_hold_a_reading_up(stores: Stores) -> None:
    of = created(stores)
    made = [execution(of, attempt=attempt) for attempt in range(1, 8)]
    later = execution(of, due_at=NOON + MINUTE)
    stores.history.record_many([*made, later])
    assert executed(stores, of, NOON, TOMORROW, limit=3) == [*made[:3], later]


def test_what_has_expired_is_not_read(stores: Stores) -> None:
    of = created(stores)
    soon = NOON + MINUTE
    gone = [execution(of, due_at=NOON + number * MINUTE, expires_at=soon) for number in range(5)]
    stays = execution(of, due_at=NOON + 9 * MINUTE)
    stores.history.record_many([*gone, stays])
    for one in gone:
        stores.history.put_skip(skip(of, first_due_at=one.due_at, last_due_at=one.due_at, expires_at=soon))
    stores.jobs.create(replace(stand_in(of, NOON, now=NOON), expires_at=soon))
    stores.clock.advance(60)
    assert executed(stores, of, NOON, TOMORROW, limit=2) == [stays]
    assert skipped(stores, of, NOON, TOMORROW) == []
    assert standing_in(stores, of, NOON, TOMORROW) == []


def test_skips_that_begin_in_a_range_or_reach_into_it(stores: Stores) -> None:
    of = created(stores)
    long_ago = skip(of, first_due_at=NOON - 60 * MINUTE, last_due_at=NOON - 31 * MINUTE, count=30)
    reaching = skip(of, first_due_at=NOON - 30 * MINUTE, last_due_at=NOON, count=31)
    within = [skip(of, first_due_at=NOON + n * MINUTE, last_due_at=NOON + n * MINUTE) for n in range(1, 6)]
    behind = skip(of, first_due_at=NOON + 7 * MINUTE, last_due_at=TOMORROW)
    for one in (long_ago, reaching, *within, behind, skip(job(stores))):
        stores.history.put_skip(one)
    end = NOON + 6 * MINUTE
    assert skipped(stores, of, NOON, end) == [reaching, *within]
    assert skipped(stores, of, NOON + MILLISECOND, end) == within
    assert skipped(stores, of, NOON - 30 * MINUTE, NOON) == [reaching]
    cut = stores.history.skips_between(TENANT, of.job_id, since=NOON, until=end, limit=2)
    assert (list(cut.items), cut.reached) == ([reaching, *within[:2]], NOON + 2 * MINUTE)
    exact = stores.history.skips_between(TENANT, of.job_id, since=NOON, until=NOON + 2 * MINUTE, limit=2)
    assert list(exact.items) == [reaching, *within[:2]]


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_children_that_stand_in_come_in_the_order_of_their_occurrences(stores: Stores, limit: int) -> None:
    of, other = created(stores), created(stores)
    made = [stand_in(of, NOON - number * MINUTE, now=NOON) for number in range(10)]
    extra = child(of, NOON - 2 * MINUTE, mark="0a1b2c3d", now=NOON)
    deleted = replace(made[3], status=JobStatus.DELETED, next_run_at=None, expires_at=NOON + RETENTION)
    stores.jobs.create_many([*made[:3], deleted, *made[4:], extra, stand_in(other, NOON, now=NOON)])
    first, last = NOON - 8 * MINUTE, NOON - MINUTE
    found = standing_in(stores, of, first, last, limit=limit)
    assert [one.job_id for one in found] == [child_id(of.job_id, NOON - n * MINUTE) for n in range(8, 0, -1)]
    assert [stands_in_for(one.job_id) for one in found] == [one.next_run_at or NOON - 3 * MINUTE for one in found]
    assert found[5].status is JobStatus.DELETED
    assert stores.listing.stand_ins("tenant-2", of.job_id, since=first, until=last, limit=10).items == ()


def test_a_range_may_begin_with_time_itself(stores: Stores) -> None:
    of = created(stores)
    beginning = datetime.fromtimestamp(0, tz=NOON.tzinfo)
    made = stand_in(of, beginning, now=NOON)
    record = execution(made, due_at=beginning)
    stores.jobs.create(made)
    stores.history.record_many([record])
    stores.history.put_skip(skip(of, first_due_at=beginning, last_due_at=beginning))
    assert executed(stores, of, beginning, NOON) == [record]
    assert len(skipped(stores, of, beginning, NOON)) == 1
    assert [one.job_id for one in standing_in(stores, of, beginning, NOON)] == [made.job_id]


def test_a_child_that_stands_in_is_the_job_at_the_instant_of_its_occurrence(stores: Stores) -> None:
    of = created(stores, payload={"n": 1}, tags=("a",))
    made = stand_in(of, NOON - MINUTE, now=NOON)
    assert (made.next_run_at, made.created_at, made.payload, made.tags) == (NOON - MINUTE, NOON, {"n": 1}, ("a",))
    assert stands_in_for(made.job_id) == NOON - MINUTE
    assert stands_in_for(child(of, NOON, mark="0a", now=NOON).job_id) is None
    assert stands_in_for(of.job_id) is None
