"""``rebuild``: after an outage that due items do not outlive, everything that waited goes on."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.contract.dynamodb_probe import items
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores, embedded_stores
from tests.doubles import FakeClock
from tests.editing import edit
from tests.new_world import new_world
from tests.sync_lab import MINUTE, Over, pass_time, statuses
from tests.world import ADA, World, task
from tickwell.adapters.aws.dynamodb.attributes import key_of
from tickwell.adapters.aws.dynamodb.job_walk import DynamoJobWalk
from tickwell.adapters.embedded.job_walk import EmbeddedJobWalk
from tickwell.application.create_job import After, Immediately
from tickwell.application.ports import JobWalk, WalkedJobs
from tickwell.application.rebuild import Pace, RebuildDueItems, Rebuilt
from tickwell.domain.cron import CronExpression
from tickwell.domain.due import DUE_ITEM_LIFE
from tickwell.domain.errors import UnavailableError
from tickwell.domain.retry import RetryPolicy, RetryStrategy

LONG = DUE_ITEM_LIFE + timedelta(days=5)
"""Of an outage; where an emulator would take minutes to walk through it, due items are forgotten instead."""
HOURLY = CronExpression.parse("0 * * * *")


class Lab:
    """A world with a task that fails at first, and its rebuild."""

    def __init__(self, folder: Path, *, sqlite: EmbeddedStores | None = None, dynamodb: DynamoStores | None = None):
        self.sqlite, self.dynamodb = sqlite, dynamodb
        self.failures = 0
        self.stores, self.walk = self._opened()
        self.world: World = new_world(folder, self.stores, tasks=[task("probe", self.run)])
        self.waits: list[float] = []

    def _opened(self) -> tuple[Stores, JobWalk]:
        if self.dynamodb is not None:
            return self.dynamodb.stores, DynamoJobWalk(self.dynamodb.table, self.dynamodb.stores.clock)
        assert self.sqlite is not None
        return self.sqlite.stores, EmbeddedJobWalk(self.sqlite.database, self.sqlite.stores.clock)

    def run(self, _payload: Any, _context: Any) -> str:
        self.failures -= 1
        if self.failures >= 0:
            raise ValueError("not yet")
        return "done"

    def rebuild(self, ports: Mapping[str, Any] | None = None, *, dry_run: bool = False) -> Rebuilt:
        fields: dict[str, Any] = {
            "walk": self.walk,
            "due_items": self.stores.due_items,
            "history": self.stores.history,
            "clock": self.stores.clock,
            "wait": self.waits.append,
        }
        return RebuildDueItems(**fields | dict(ports or {}))(dry_run=dry_run)


@pytest.fixture(params=["embedded", "aws"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    if request.param == "aws":
        made = Lab(tmp_path, dynamodb=request.getfixturevalue("dynamodb"))
    else:
        made = Lab(tmp_path, sqlite=embedded_stores(":memory:", FakeClock()))
    yield made
    made.world.close()
    if made.sqlite is not None:
        made.sqlite.database.close()


def test_after_an_outage_of_forty_days_everything_goes_on_once(lab: Lab) -> None:
    world = lab.world
    lab.failures = 1
    retried = world.create(task="probe", retry=RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=3000))
    world.work()
    orphan = world.create(task="probe", timeout_seconds=60)
    assert len(world.die()) == 1
    once, later, every_hour = (
        world.create(schedule=schedule) for schedule in (Immediately(), After(delay_seconds=3600), HOURLY)
    )
    _outlast_due_items(lab)
    world.lose_messages()
    assert lab.rebuild(dry_run=True) == Rebuilt(jobs=5, awaited=5, missing=5)
    assert lab.rebuild() == Rebuilt(jobs=5, awaited=5, missing=5)
    world.clock.advance(60)
    assert lab.rebuild() == Rebuilt(jobs=5, awaited=5, missing=0)
    pass_time(world, 12 * MINUTE)
    assert [statuses(world, job) for job in (once, later, every_hour)] == [["success"]] * 3
    # The record of its first attempt may have expired meanwhile.
    assert statuses(world, retried)[-1:] == ["success"]
    assert statuses(world, orphan) == ["lost", "success"]
    assert world.job(every_hour).next_run_at > world.clock.now()  # type: ignore[operator]
    assert lab.rebuild() == Rebuilt(jobs=1, awaited=1, missing=0)


def test_without_the_rebuild_nothing_goes_on(lab: Lab) -> None:
    job = lab.world.create(schedule=After(delay_seconds=3600))
    _outlast_due_items(lab)
    pass_time(lab.world, 12 * MINUTE)
    assert statuses(lab.world, job) == []


def test_in_a_healthy_system_nothing_is_missing(lab: Lab) -> None:
    world = lab.world
    lab.failures = 1
    for schedule in (Immediately(), After(delay_seconds=5), After(delay_seconds=5000), HOURLY):
        world.create(schedule=schedule)
    edited, paused, resumed, ran, skipped = (world.create(schedule=HOURLY) for _ in range(5))
    world.create(task="probe", retry=RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=4000))
    assert lab.rebuild(dry_run=True).missing == 0
    world.clock.advance(7.123)
    world.work()
    edit(world, edited, priority="high")
    world.change.pause(ADA, paused.job_id)
    world.change.pause(ADA, resumed.job_id)
    world.clock.advance(1.5)
    world.change.resume(ADA, resumed.job_id)
    assert lab.rebuild(dry_run=True).missing == 0
    pass_time(world, 70 * MINUTE, each=5 * MINUTE)
    assert statuses(world, ran) == statuses(world, skipped) == ["success"]
    found = lab.rebuild()
    assert (found.awaited, found.missing) == (6, 0)


def test_what_is_to_come_is_swept_in_time(lab: Lab) -> None:
    world = lab.world
    far, soon = world.create(schedule=After(delay_seconds=2000)), world.create(schedule=After(delay_seconds=1000))
    _forget_due_items(lab)
    assert lab.rebuild().missing == 2
    pass_time(world, timedelta(seconds=2100), each=timedelta(seconds=100))
    late = [world.executions(job)[0].started_at - (job.next_run_at or world.clock.now()) for job in (far, soon)]
    assert max(late[0], late[1] - timedelta(seconds=100)) == timedelta(0)


def test_a_job_in_a_backlog_is_looked_after_and_a_second_due_item_does_no_harm(lab: Lab) -> None:
    world = lab.world
    jobs = [world.create() for _ in range(10)]
    pass_time(world, 10 * MINUTE, at_work=False)
    assert lab.rebuild() == Rebuilt(jobs=10, awaited=10, missing=0)
    _forget_due_items(lab)
    assert lab.rebuild().missing == 10
    assert lab.rebuild().missing == 0
    pass_time(world, 60 * MINUTE, each=5 * MINUTE, at_work=False)
    world.work()
    pass_time(world, 60 * MINUTE, each=10 * MINUTE)
    assert [statuses(world, job) for job in jobs] == [["success"]] * 10


def test_a_dry_run_writes_nothing(lab: Lab) -> None:
    lab.world.create(schedule=After(delay_seconds=5000))
    _forget_due_items(lab)

    class ReadOnly(Over):
        def put(self, _items: Any) -> None:
            raise AssertionError

    ports = {"due_items": ReadOnly(lab.stores.due_items)}
    assert lab.rebuild(ports, dry_run=True) == Rebuilt(jobs=1, awaited=1, missing=1)
    assert lab.rebuild(dry_run=True) == Rebuilt(jobs=1, awaited=1, missing=1)


@pytest.mark.parametrize("port", ["walk", "due_items"])
def test_a_store_that_fails_for_a_moment_is_waited_for_and_one_that_fails_for_good_is_told(lab: Lab, port: str) -> None:
    for number in range(3):
        lab.world.create(schedule=After(delay_seconds=5000 + number))
    _forget_due_items(lab)
    failures: list[int] = []

    class Failing(Over):
        """The first calls fail, and one that writes has written by then."""

        def page(self, *arguments: Any, **named: Any) -> Any:
            return self._fail(lambda: self.inner.page(*arguments, **named))

        def put(self, items: Any) -> None:
            self._fail(lambda: self.inner.put(items))

        def _fail(self, call: Callable[[], Any]) -> Any:
            answer = call()
            if len(failures) < most:
                failures.append(1)
                raise UnavailableError("store", "throttled")
            return answer

    inner = {"walk": lab.walk, "due_items": lab.stores.due_items}[port]
    most = 3
    lab.rebuild({port: Failing(inner)})
    assert 1.0 in lab.waits
    assert lab.rebuild(dry_run=True).missing == 0
    failures.clear()
    most = 100
    _forget_due_items(lab)
    with pytest.raises(UnavailableError):
        lab.rebuild({port: Failing(inner)})
    most = 0
    lab.rebuild()
    assert lab.rebuild(dry_run=True).missing == 0


def test_the_pace_is_kept_by_all_parts_together() -> None:
    pace = Pace(read_units=1000, write_units=500)
    page = WalkedJobs(jobs=(), reached="on", cost=128.0)
    assert pace.seconds(page, 0, 8) == pytest.approx(1.024)
    assert pace.seconds(page, 250, 8) == pytest.approx(5.024)
    assert Pace().seconds(page, 250, 8) == 0.0


def _outlast_due_items(lab: Lab) -> None:
    if lab.dynamodb is None:
        lab.world.clock.advance(LONG)
        return
    lab.world.clock.advance(120 * MINUTE)
    _forget_due_items(lab)


def _forget_due_items(lab: Lab) -> None:
    """As if they had expired."""
    if lab.dynamodb is None:
        assert lab.sqlite is not None
        with lab.sqlite.database.transaction() as cursor:
            cursor.execute("DELETE FROM due_items")
    else:
        lab.dynamodb.table.delete_many([key_of(item) for item in items(lab.dynamodb, "due")])
