"""The operator's walk through all jobs, and how it asks for due items."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract import makers
from tests.contract.dynamodb_probe import counted
from tests.contract.makers import TOMORROW, claimed, created, execution, finished, job, message, recurring
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.job_walk import PARTS, DynamoJobWalk
from tickwell.adapters.embedded.job_walk import EmbeddedJobWalk
from tickwell.application.ports import JobWalk
from tickwell.domain.due import due_item
from tickwell.domain.job import Job, JobStatus

Walked = tuple[Stores, JobWalk]


@pytest.fixture(params=["embedded", "aws"])
def walked(request: pytest.FixtureRequest) -> Walked:
    """The stores of an engine, and its walk."""
    if request.param == "aws":
        dynamodb: DynamoStores = request.getfixturevalue("dynamodb")
        return dynamodb.stores, DynamoJobWalk(dynamodb.table, dynamodb.stores.clock)
    sqlite: EmbeddedStores = request.getfixturevalue("sqlite")
    return sqlite.stores, EmbeddedJobWalk(sqlite.database, sqlite.stores.clock)


def all_of(walk: JobWalk) -> list[Job]:
    """All jobs, part by part."""
    found: list[Job] = []
    for part in range(walk.parts):
        after = None
        while True:
            page = walk.page(part, after=after)
            found += page.jobs
            after = page.reached
            if after is None:
                break
    return found


def test_every_job_of_every_tenant_that_may_wait_is_met_once(walked: Walked) -> None:
    stores, walk = walked
    waiting = [created(stores, tenant_id=f"tenant-{number % 7}") for number in range(40)]
    running = claimed(stores, created(stores))
    every_day = recurring(stores)
    met = all_of(walk)
    assert {one.key for one in met} == {one.key for one in [*waiting, running, every_day]}
    assert len(met) == 42
    assert {one.key: one for one in met}[every_day.key] == replace(every_day, payload=None)


def test_who_waits_for_nothing_and_who_has_expired_is_left_out(walked: Walked) -> None:
    stores, walk = walked
    recurring(stores, status=JobStatus.PAUSED, next_run_at=None)
    ended = claimed(stores, created(stores))
    assert finished(stores, execution(ended))
    created(stores, expires_at=NOON + timedelta(minutes=1))
    stores.clock.advance(60)
    assert all_of(walk) == []


def test_an_empty_store_is_walked_in_a_moment(walked: Walked) -> None:
    _, walk = walked
    assert all_of(walk) == []


def test_other_things_are_no_jobs(walked: Walked) -> None:
    stores, walk = walked
    made = job(stores)
    stores.due_items.put([due_item(message(made), now=NOON, direct_horizon=timedelta(minutes=15))])
    stores.accounts.create(makers.user())
    stores.history.put_skip(makers.skip(made))
    stores.history.record_many([execution(made)])
    assert all_of(walk) == []


def test_a_long_walk_goes_on_where_it_was(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    jobs = [job(stores, tenant_id=f"tenant-{number % 3}") for number in range(2500)]
    stores.jobs.create_many(jobs)
    met = [one.key for one in all_of(EmbeddedJobWalk(sqlite.database, stores.clock))]
    assert len(met) == len(set(met)) == len(jobs)


def test_a_scan_goes_on_behind_each_megabyte_of_whatever_lies_there(dynamodb: DynamoStores) -> None:
    made = [created(dynamodb.stores, tenant_id=f"tenant-{number}", payload="x" * 250_000) for number in range(60)]
    walk = DynamoJobWalk(dynamodb.table, dynamodb.stores.clock)
    with counted(dynamodb) as calls:
        met = [one.key for one in all_of(walk)]
    assert calls["Scan"] > PARTS
    assert sorted(met, key=lambda key: key.job_id) == sorted((one.key for one in made), key=lambda key: key.job_id)


def test_a_scan_is_divided_and_tells_what_it_costs(dynamodb: DynamoStores) -> None:
    walk = DynamoJobWalk(dynamodb.table, dynamodb.stores.clock)
    for number in range(40):
        created(dynamodb.stores, tenant_id=f"tenant-{number}")
    pages = [walk.page(part, after=None) for part in range(PARTS)]
    assert sum(bool(page.jobs) for page in pages) > PARTS // 2
    assert all(page.cost > 0 for page in pages if page.jobs)


def test_due_items_are_known_by_their_places(stores: Stores) -> None:
    of = job(stores)
    made = [
        due_item(message(of, run_at=at), now=NOON, direct_horizon=timedelta(minutes=15))
        for at in (NOON, NOON + timedelta(milliseconds=1), TOMORROW)
    ]
    stores.due_items.put([made[0], made[2]])
    places = [(item.shard, item.position) for item in [*made, made[0]]]
    assert list(stores.due_items.known(places)) == [True, False, True, True]
    assert list(stores.due_items.known([])) == []
    wrong_shard = [(shard + 1, position) for shard, position in places]
    assert not any(stores.due_items.known(wrong_shard))
