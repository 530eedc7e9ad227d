"""What the safety sync costs follows from what falls due, not from what waits."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from tests.contract.dynamodb_probe import counted
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import DynamoStores, Stores, embedded_stores
from tests.doubles import FakeClock
from tests.new_world import new_world
from tests.sync_lab import MINUTE, synced, wait_in
from tests.world import World

FEW, SOME, MANY = 10, 1000, 10_000


def with_something_due(folder: Path, stores: Stores, waiting: int) -> World:
    """A system in which so many jobs wait, and a handful is due, some of them lost."""
    world = new_world(folder, stores)
    wait_in(stores, waiting)
    for _ in range(3):
        world.create()
    world.lose_messages()
    world.clock.advance(1)
    world.create()
    world.clock.advance(MINUTE)
    return world


def test_on_aws_the_calls_are_the_same_however_many_jobs_wait(tmp_path: Path, dynamodb: DynamoStores) -> None:
    found: list[Counter[str]] = []
    world = with_something_due(tmp_path, dynamodb.stores, FEW)
    synced(world)
    for waiting in (0, SOME):
        wait_in(dynamodb.stores, waiting)
        lost = world.create()
        world.lose_messages()
        world.clock.advance(MINUTE)
        with counted(dynamodb) as calls:
            assert synced(world).resent == 1
        found.append(calls)
        assert world.job(lost) == lost
    world.close()
    assert found[0] == found[1]


def test_an_idle_run_makes_the_calls_that_the_idle_cost_is_computed_of(tmp_path: Path, dynamodb: DynamoStores) -> None:
    world = new_world(tmp_path, dynamodb.stores)
    world.clock.advance(15 * MINUTE)
    synced(world)
    world.clock.advance(MINUTE)
    with counted(dynamodb) as calls:
        report = synced(world)
    world.close()
    assert report == type(report)()
    # For each of 8 shards the lease and the watermark, two minutes ahead and two behind; one look at waiting lists.
    assert calls["UpdateItem"] == 16
    assert calls["Query"] <= 32 + 16
    assert set(calls) <= {"UpdateItem", "Query"}


def test_embedded_the_work_is_the_same_however_many_jobs_wait(tmp_path: Path) -> None:
    taken = []
    for waiting in (FEW, MANY):
        made = embedded_stores(":memory:", FakeClock())
        world = with_something_due(tmp_path, made.stores, waiting)
        with steps(made.database) as counted_steps:
            report = synced(world)
        taken.append((counted_steps.taken, replace(report)))
        world.close()
        made.database.close()
    assert taken[0] == taken[1]
    assert taken[0][1].resent == 3
