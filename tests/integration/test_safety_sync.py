"""Rule 6: whatever was due and did not happen is made good once, in bounded time, and is reported."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.contract.store_engines import DynamoStores
from tests.new_world import new_world
from tests.sync_lab import (
    MINUTE,
    Crowded,
    DeadTimer,
    Over,
    Skewed,
    blinded,
    delays,
    in_lanes,
    on_timer,
    pass_time,
    statuses,
    synced,
)
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.adapters.embedded.jobs import EmbeddedJobStore
from tickwell.application.create_job import After, CreatedJob, Every, NewJob
from tickwell.application.losses import ON_SUSPICION
from tickwell.domain.account import Principal, Role
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.queue import RateLimit
from tickwell.domain.retry import Misfire, OnLost

BOB = Principal(tenant_id="tenant-bob", user_id="user-bob", role=Role.OWNER)
GRACE = timedelta(seconds=30)
LEASE_AND_TAKEOVER = timedelta(seconds=60 + 15 + 5)


@pytest.fixture
def aws_world(tmp_path: Path, dynamodb: DynamoStores) -> Iterator[World]:
    """A world on the engine whose lanes cannot tell the age of their messages."""
    world = new_world(tmp_path, dynamodb.stores)
    yield world
    world.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[World]:
    """A world on the embedded engine, for what the lanes alone decide: they are the same in all worlds."""
    world = memory_world(tmp_path)
    yield world
    world.close()


def test_a_lost_message_is_sent_again_once(world: World) -> None:
    jobs = [world.create() for _ in range(5)]
    assert world.lose_messages() == 5
    report = pass_time(world, 8 * MINUTE)
    assert (report.resent, report.recovered) == (5, 0)
    assert [statuses(world, job) for job in jobs] == [["success"]] * 5
    assert max(delays(world, jobs, lambda job: job.next_run_at)) <= GRACE + MINUTE


@pytest.mark.parametrize("comes_back", [False, True])
def test_a_timer_that_never_fires_or_is_not_dispatched_is_made_up_for_once(build: Build, *, comes_back: bool) -> None:
    timer = DeadTimer()
    world = on_timer(build(), timer)
    jobs = [world.create(schedule=After(delay_seconds=2000 + number)) for number in range(5)]
    assert len(timer.fired) == 5
    report = pass_time(world, timedelta(seconds=2400), sweeps=False, each=5 * MINUTE)
    if comes_back:
        # The dispatcher is alive again, and deals with what lies in its queue.
        world.core.arming.send(timer.fired, now=world.clock.now())
    report.resent += pass_time(world, 20 * MINUTE, sweeps=False, each=5 * MINUTE).resent
    assert report.resent == 5
    assert [statuses(world, job) for job in jobs] == [["success"]] * 5
    assert max(delays(world, jobs, lambda job: job.next_run_at)) <= GRACE + 5 * MINUTE


def test_a_lost_worker_is_made_up_for_once(world: World) -> None:
    jobs = [world.create(timeout_seconds=60) for _ in range(5)]
    assert len(world.die()) == 5
    report = pass_time(world, 10 * MINUTE)
    assert report.recovered == 5
    assert [statuses(world, job) for job in jobs] == [["lost", "success"]] * 5
    assert max(delays(world, jobs, lambda job: job.next_run_at)) <= LEASE_AND_TAKEOVER + GRACE + 2 * MINUTE


def test_what_was_made_good_is_not_looked_at_any_more(small: World) -> None:
    small.create()
    small.lose_messages()
    pass_time(small, 12 * MINUTE)
    rest = pass_time(small, 24 * 60 * MINUTE, each=60 * MINUTE)
    assert (rest.checked, rest.carried, rest.resent) == (0, 0, 0)


def test_a_backlog_is_not_multiplied_although_its_lane_cannot_tell_its_age(small: World) -> None:
    world = blinded(small)
    many = [NewJob(name=f"job {number}") for number in range(200)]
    world.create_many(ADA, many)
    report = pass_time(world, timedelta(hours=6), each=5 * MINUTE, at_work=False)
    assert report.resent <= 4 * ON_SUSPICION
    assert in_lanes(world) == len(many) + report.resent
    assert sum(len(batch.settled) for batch in world.work()) == len(many)


def test_a_backlog_whose_age_is_known_is_not_touched_for_hours(small: World) -> None:
    world = small
    world.create_many(ADA, [NewJob(name=f"job {number}") for number in range(100)])
    assert pass_time(world, timedelta(hours=11), each=10 * MINUTE, at_work=False).resent == 0
    report = pass_time(world, timedelta(hours=30), each=60 * MINUTE, at_work=False)
    assert 0 < report.resent <= 4 * ON_SUSPICION


def test_a_loss_in_a_crowded_lane_shows_when_later_jobs_were_served(aws_world: World) -> None:
    world = blinded(aws_world, Crowded)
    lost = [world.create() for _ in range(16)]  # in all shards, also in those that are visited before the evidence
    flood = world.create(BOB)
    world.lose_messages()
    for _ in range(7):
        world.create()
        world.work()
        pass_time(world, MINUTE)
    assert [statuses(world, job) for job in lost] == [["success"]] * 16
    # A fair queue may let everybody pass him, so for him that proves nothing.
    assert statuses(world, flood) == []


def test_what_a_worker_holds_is_not_sent_again_all_at_once(small: World) -> None:
    world = blinded(small)
    jobs = [world.create() for _ in range(60)]
    (queue,) = {world.lanes[job.lane] for job in jobs}
    held = [delivery for _ in range(6) for delivery in queue.receive(10, wait_seconds=0)]
    world.clock.advance(MINUTE)
    assert synced(world).resent == ON_SUSPICION
    assert synced(world).resent == 0
    for delivery in held:
        queue.release(delivery, delay_seconds=0)
    world.work()
    assert [statuses(world, job) for job in jobs] == [["success"]] * 60


def test_what_a_worker_took_along_for_good_is_sent_again(small: World) -> None:
    world = blinded(small)
    jobs = [world.create() for _ in range(60)]
    (queue,) = {world.lanes[job.lane] for job in jobs}
    for _ in range(6):
        queue.delete(queue.receive(10, wait_seconds=0))
    longest = world.create()
    queue.receive(10, wait_seconds=0)  # held all the time, so that the lane is never empty
    pass_time(world, 40 * MINUTE)
    assert [statuses(world, job) for job in [*jobs, longest]] == [["success"]] * 61


def test_a_day_of_outage_ends_in_one_run_for_each_job(build: Build) -> None:
    world = build()
    count, hours = (999, 24) if isinstance(world.core.jobs, EmbeddedJobStore) else (21, 3)
    every = (Every(seconds=600), Every(seconds=3600), CronExpression.parse("30 12 * * *"))
    requests = [NewJob(name=f"job {number}", schedule=every[number % 3]) for number in range(count)]
    jobs = [made.job for made in world.create_many(ADA, requests) if isinstance(made, CreatedJob)]
    resumed = world.clock.advance(timedelta(hours=hours, minutes=5))
    first = synced(world)
    assert count // 3 * 2 <= first.resent <= count // 3 * 2 + ON_SUSPICION
    assert in_lanes(world) <= count + ON_SUSPICION
    batches = world.work()
    assert in_lanes(world) == 0
    assert sum(len(batch.settled) for batch in batches) == count
    assert sum(batch.late for batch in batches) == count
    # Of each job one occurrence stood for all.
    assert sum(batch.missed for batch in batches) == count // 3 * (6 * hours - 1 + hours - 1)
    following = [world.job(job).next_run_at for job in jobs[:30]]
    assert all(next_run is not None and next_run >= resumed for next_run in following)
    assert synced(world).resent == 0


@pytest.mark.parametrize(
    ("policy", "runs"),
    [
        ({"misfire": Misfire.RUN_ONCE}, 1),
        ({"misfire": Misfire.RUN_ALL, "misfire_max": 3, "misfire_spread_seconds": 60}, 3),
        ({"misfire": Misfire.SKIP}, 0),
    ],
)
def test_a_day_of_outage_is_caught_up_with_as_the_policy_says(small: World, policy: dict[str, Any], runs: int) -> None:
    count = 100
    requests = [NewJob(name=f"job {n}", schedule=Every(seconds=3600), **policy) for n in range(count)]
    jobs = [made.job for made in small.create_many(ADA, requests) if isinstance(made, CreatedJob)]
    small.clock.advance(timedelta(hours=24, minutes=5))
    most = 0
    for _ in range(20):
        small.clock.advance(MINUTE)
        synced(small)
        most = max(most, in_lanes(small))
        assert sum(len(batch.settled) for batch in small.work()) <= count
    assert most <= count
    assert [statuses(small, job) for job in jobs] == [["success"] * runs] * count


def test_two_runs_at_once_share_the_work(build: Build) -> None:
    world = build()
    jobs = [world.create() for _ in range(30)]
    world.lose_messages()
    world.clock.advance(MINUTE)
    with ThreadPoolExecutor(2) as threads:
        reports = [run.result() for run in [threads.submit(synced, world) for _ in range(2)]]
    assert in_lanes(world) == sum(report.resent for report in reports) <= 30
    # What one run has sent is a backlog to the other, which may leave some of its own to its next check.
    reports.append(pass_time(world, 8 * MINUTE))
    assert sum(report.resent for report in reports) == 30
    assert [statuses(world, job) for job in jobs] == [["success"]] * 30


def test_a_run_that_sees_what_another_has_sent_leaves_the_rest_to_the_next_check(build: Build) -> None:
    world = build()
    jobs = [world.create() for _ in range(2 * ON_SUSPICION)]
    world.lose_messages()
    world.clock.advance(MINUTE)
    others: list[int] = []

    class Waits(Over):
        """Once the first run has sent something, another one comes, and does what it can, before it goes on."""

        def acquire(self, *args: Any, **kwargs: Any) -> Any:
            if in_lanes(world) and not others:
                others.append(synced(world).resent)
            return self.inner.acquire(*args, **kwargs)

    first = synced(world, due_items=Waits(world.core.arming.due_items)).resent
    assert others == [ON_SUSPICION]
    assert 0 < first < ON_SUSPICION
    assert first + ON_SUSPICION + pass_time(world, 8 * MINUTE).resent == 2 * ON_SUSPICION
    assert [statuses(world, job) for job in jobs] == [["success"]] * (2 * ON_SUSPICION)


def test_a_run_that_was_overtaken_in_its_sleep_does_no_harm(build: Build) -> None:
    world = build()
    jobs = [world.create(timeout_seconds=60) for _ in range(20)]
    world.lose_messages()
    world.clock.advance(MINUTE)
    others: list[int] = []

    class Sleeps(Over):
        """Between reading and repairing the machine sleeps for longer than the lease."""

        def get_many(self, keys: Any) -> Any:
            found = self.inner.get_many(keys)
            if not others:
                world.clock.advance(6 * MINUTE)
                others.append(synced(world).resent)
            return found

    report = synced(world, jobs=Sleeps(world.core.jobs))
    assert others[0] > 0
    assert in_lanes(world) <= 2 * len(jobs)
    pass_time(world, 60 * MINUTE, each=10 * MINUTE)
    assert [statuses(world, job) for job in jobs] == [["success"]] * 20
    assert report.resent + others[0] <= 2 * len(jobs)


@pytest.mark.parametrize("ahead", [-5, 5])
def test_clocks_may_differ_by_some_seconds(build: Build, ahead: int) -> None:
    world = build()
    clock: Any = Skewed(world.clock, timedelta(seconds=ahead))

    class Full(Over):
        """A lane that takes nothing."""

        def send(self, _outgoing: Any) -> None:
            raise UnavailableError("sqs", "throttled")

    class Slow(Over):
        """The job follows its due item as late as it may, and a run of the safety sync comes between."""

        def create(self, job: Job) -> None:
            world.clock.advance(19.9)
            synced(world, clock=clock)
            self.inner.create(job)

    lanes: Any = {lane: Full(queue) for lane, queue in world.lanes.items()}
    core = replace(world.core, jobs=Slow(world.core.jobs), arming=replace(world.core.arming, lanes=lanes))
    jobs = [replace(world, core=core).create(on_lost=OnLost.FAIL) for _ in range(3)]
    for _ in range(10):
        world.clock.advance(MINUTE)
        synced(world, clock=clock)
        world.work()
    assert [statuses(world, job) for job in jobs] == [["success"]] * 3


def test_a_clock_that_was_a_day_ahead_for_a_while_leaves_nothing_behind_the_watermark(build: Build) -> None:
    world = build()
    wrong: Any = Skewed(world.clock, timedelta(days=1))
    synced(world, clock=wrong)
    job = world.create(schedule=After(delay_seconds=1900))
    near = world.create()
    world.lose_messages()
    pass_time(world, 40 * MINUTE, each=5 * MINUTE)
    assert [statuses(world, one) for one in (job, near)] == [["success"]] * 2


def test_a_late_attempt_is_counted_unless_a_limit_held_it_back(build: Build) -> None:
    world = build()
    world.queue("slow", rate_limit=RateLimit(limit=1, per_seconds=300))
    for _ in range(2):
        world.create(queue="slow")
    world.create(schedule=After(delay_seconds=1))
    assert [batch.late for batch in world.work()] == [0]
    world.clock.advance(301)
    batches = world.work()
    assert sum(len(batch.settled) for batch in batches) == 2
    assert sum(batch.late for batch in batches) == 1
