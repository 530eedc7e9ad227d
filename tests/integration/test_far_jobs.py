"""What is due beyond the direct horizon, with either far timer, on both engines' stores."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.editing import edit
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, At, Every
from tickwell.domain.cron import CronExpression
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.retry import Overlap, RetryPolicy, RetryStrategy

TIMERS = ["sweep", "scheduler"]
EMBEDDED = pytest.mark.parametrize("build", ["embedded"], indirect=True)
"""What an emulator of DynamoDB would take minutes for, and what the stores' contract holds for it as well."""

MINUTE = timedelta(minutes=1)
HOURLY = CronExpression.parse("0 * * * *")
IN_HALF_AN_HOUR = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1800)


@pytest.fixture(params=TIMERS)
def far_timer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(build: Build, far_timer: str) -> World:
    return build(fail_first, far_timer=far_timer)


def fail_first(_payload: Any, context: Any) -> str:
    """A task whose first attempt fails."""
    if context.attempt == 1:
        raise RuntimeError("not yet")
    return "done"


def live_until(world: World, instant: datetime) -> None:
    world.live(instant - world.clock.now(), step=MINUTE)


def starts(world: World, job: Job) -> list[tuple[datetime, datetime]]:
    return [(execution.due_at, execution.started_at) for execution in world.executions(job)]


def at(*instants: datetime) -> list[tuple[datetime, datetime]]:
    """Executions that started right when they were due."""
    return [(instant, instant) for instant in instants]


@EMBEDDED
def test_every_job_starts_once_and_at_its_instant_however_far_away_it_was(world: World) -> None:
    start_in_time(world, 0, 1, 899, 900, 901, 959, 1025, 1799, 3599, 3600, 3 * 86400 + 1)


@pytest.mark.parametrize("build", ["aws"], indirect=True)
def test_so_it_does_on_the_other_engine(world: World) -> None:
    start_in_time(world, 899, 901, 1025)


def start_in_time(world: World, *seconds: int) -> None:
    """Jobs that are due after so many seconds do start then."""
    jobs = [world.create(schedule=After(delay_seconds=after)) for after in seconds]
    for after in seconds:
        live_until(world, NOON + timedelta(seconds=after))
    live_until(world, world.clock.now() + 10 * MINUTE)
    assert [starts(world, job) for job in jobs] == [at(NOON + timedelta(seconds=after)) for after in seconds]
    assert world.scheduler.schedules == {}


@EMBEDDED
def test_a_recurring_job_has_one_schedule_at_a_time_and_misses_nothing(world: World, far_timer: str) -> None:
    job = world.create(schedule=HOURLY)
    hours = [NOON + timedelta(hours=n) for n in (1, 2, 3)]
    for hour in hours:
        assert len(world.scheduler.schedules) == (far_timer == "scheduler")
        live_until(world, hour)
    assert starts(world, job) == at(*hours)


@EMBEDDED
def test_a_retry_beyond_the_horizon_comes_when_it_should_also_after_an_edit(world: World, far_timer: str) -> None:
    job = world.create(task="probe", schedule=Every(seconds=7200), retry=IN_HALF_AN_HOUR)
    due_at = NOON + timedelta(hours=2)
    live_until(world, due_at)
    edit(world, job, name="another name")
    assert len(world.scheduler.schedules) == 2 * (far_timer == "scheduler"), "the retry's, and the next occurrence's"
    live_until(world, due_at + timedelta(minutes=30))
    live_until(world, due_at + timedelta(minutes=50))
    assert starts(world, job) == [(due_at, due_at), (due_at, due_at + timedelta(minutes=30))]


@EMBEDDED
@pytest.mark.parametrize("trouble", ["refused", "deleted", "undispatched"])
def test_a_timer_that_never_fires_costs_nothing_but_time(build: Build, trouble: str) -> None:
    world = build(far_timer="scheduler")
    world.scheduler.fails = lambda _name: trouble == "refused"
    job = world.create(schedule=After(delay_seconds=1800))
    due_at = NOON + timedelta(minutes=30)
    if trouble == "deleted":
        world.scheduler.schedules.clear()
    live_until(world, due_at - MINUTE)
    if trouble == "undispatched":
        world.scheduler.fire()
        queue = world.scheduler.dispatch_queue
        queue.delete(queue.receive(10, wait_seconds=0))
        world.lose_messages()
    live_until(world, due_at)
    live_until(world, due_at + 10 * MINUTE)
    [(due, started)] = starts(world, job)
    longest = timedelta(0) if trouble == "refused" else timedelta(minutes=6)
    assert due == due_at
    assert timedelta(0) <= started - due <= longest


@EMBEDDED
def test_many_far_jobs_keep_their_timers_when_some_are_refused(build: Build) -> None:
    world = build(far_timer="scheduler")
    refused = iter([True, False, False, True, *[False] * 100])
    world.scheduler.fails = lambda _name: next(refused)
    jobs = [world.create(schedule=After(delay_seconds=1800)) for _ in range(6)]
    assert len(world.scheduler.schedules) == 4
    live_until(world, NOON + timedelta(minutes=30))
    assert [starts(world, job) for job in jobs] == [at(NOON + timedelta(minutes=30))] * 6


@EMBEDDED
@pytest.mark.parametrize(("before", "after"), [("sweep", "scheduler"), ("scheduler", "sweep")])
@pytest.mark.parametrize("switched_minutes", [1, 16, 29])
def test_switching_a_deployed_stack_loses_nothing_and_doubles_nothing(
    build: Build, before: str, after: str, switched_minutes: int
) -> None:
    old = build(far_timer=before)
    kept, moved, gone = (old.create(schedule=After(delay_seconds=1800)) for _ in range(3))
    hourly = old.create(schedule=HOURLY)
    live_until(old, NOON + timedelta(minutes=switched_minutes))
    new = old.with_far_timer(after)
    edit(new, moved, schedule=At(at=NOON + timedelta(minutes=50)))
    new.change.cancel(ADA, gone.job_id)
    for minutes in (30, 50, 60, 120):
        live_until(new, NOON + timedelta(minutes=minutes))
    assert starts(new, kept) == at(NOON + timedelta(minutes=30))
    assert starts(new, moved) == at(NOON + timedelta(minutes=50))
    assert starts(new, gone) == []
    assert starts(new, hourly) == at(NOON + timedelta(hours=1), NOON + timedelta(hours=2))
    new.change.pause(ADA, hourly.job_id)
    assert new.scheduler.schedules == {}


WAYS_OUT: dict[str, Callable[[World, Job], object]] = {
    "pause": lambda world, job: world.change.pause(ADA, job.job_id),
    "cancel": lambda world, job: world.change.cancel(ADA, job.job_id),
    "delete": lambda world, job: world.change.delete(ADA, job.job_id),
    "move near": lambda world, job: edit(world, job, schedule=Every(seconds=60)),
    "pause by an edit": lambda world, job: edit(world, job, status=JobStatus.PAUSED),
}


@pytest.mark.parametrize("way", WAYS_OUT)
def test_every_way_out_deletes_the_schedule(build: Build, way: str) -> None:
    world = build(far_timer="scheduler")
    job = world.create(schedule=HOURLY)
    assert len(world.scheduler.schedules) == 1
    WAYS_OUT[way](world, job)
    assert world.scheduler.schedules == {}


@EMBEDDED
@pytest.mark.parametrize("way", ["pause", "cancel", "delete"])
def test_every_way_out_deletes_the_schedule_of_a_retry(build: Build, way: str) -> None:
    world = build(fail_first, far_timer="scheduler")
    job = world.create(task="probe", schedule=HOURLY, retry=IN_HALF_AN_HOUR)
    live_until(world, NOON + timedelta(hours=1))
    edit(world, job, name="another version")
    assert len(world.scheduler.schedules) == 2
    WAYS_OUT[way](world, job)
    assert world.scheduler.schedules == {}


@EMBEDDED
def test_a_job_that_pauses_itself_leaves_no_schedule(build: Build) -> None:
    world = build(fail_first, far_timer="scheduler")
    job = world.create(task="probe", schedule=HOURLY, max_retries=0, pause_after_failures=2)
    live_until(world, NOON + timedelta(hours=1))
    assert len(world.scheduler.schedules) == 1
    live_until(world, NOON + timedelta(hours=2))
    assert world.job(job).status is JobStatus.PAUSED
    assert world.scheduler.schedules == {}


def test_an_edit_leaves_the_schedule_of_the_new_version_only(build: Build) -> None:
    world = build(far_timer="scheduler")
    job = world.create(schedule=HOURLY)
    before = set(world.scheduler.schedules)
    edit(world, job, name="renamed")
    assert len(world.scheduler.schedules) == 1
    assert not before & set(world.scheduler.schedules)


def test_what_fires_within_the_minute_is_not_deleted_in_vain(build: Build) -> None:
    world = build(far_timer="scheduler")
    soon, next_to = world.create(schedule=After(delay_seconds=60)), world.create()
    for job in (soon, next_to):
        world.change.cancel(ADA, job.job_id)
    assert world.scheduler.calls == []


@EMBEDDED
def test_a_service_that_is_down_stops_no_change(build: Build, caplog: pytest.LogCaptureFixture) -> None:
    world = build(far_timer="scheduler")
    job = world.create(schedule=HOURLY)
    world.scheduler.is_down = True
    world.change.cancel(ADA, job.job_id)
    assert world.job(job).status is JobStatus.CANCELLED
    assert "disarm failed" in caplog.text
    world.scheduler.is_down = False
    live_until(world, NOON + timedelta(hours=1))
    assert starts(world, job) == []


@EMBEDDED
def test_a_retry_whose_slot_is_taken_over_leaves_no_schedule(build: Build) -> None:
    world = build(fail_first, far_timer="scheduler")
    two_hours = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=7200)
    job = world.create(task="probe", schedule=HOURLY, retry=two_hours, overlap=Overlap.CANCEL_OTHER)
    live_until(world, NOON + timedelta(hours=1))
    assert len(world.scheduler.schedules) == 2
    live_until(world, NOON + timedelta(hours=2))
    assert len(world.scheduler.schedules) == 2, "the retry of the newer occurrence, and the next one"
    assert [execution.due_at for execution in world.executions(job)] == [NOON + timedelta(hours=n) for n in (1, 2)]
