"""Occurrences that nobody could start in time (X4), and those that expire (X11)."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from tests.doubles import NOON
from tests.outcomes import outcomes, ran
from tests.stages import MINUTE
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, At, Every
from tickwell.application.task import TaskContext
from tickwell.domain.arrival import EXPIRED, MISSED
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.retry import Misfire, Overlap, RetryPolicy, RetryStrategy

EACH_MINUTE = Every(seconds=60)
SECOND = timedelta(seconds=1)


def after_an_outage(world: World, seconds: float, **fields: Any) -> Job:
    """A job each minute that nobody looked at for so long."""
    job = world.create(task="probe", schedule=EACH_MINUTE, **fields)
    world.clock.advance(seconds)
    world.work()
    return job


def done(_payload: Any, _context: TaskContext) -> str:
    return "done"


def test_by_default_one_runs_for_all(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 610)
    missed = dict.fromkeys(range(120, 541, 60), f"skipped: {MISSED}")
    assert outcomes(world, job) == {60: "success", **missed, 600: "success"}


def test_the_grace_is_the_jobs_own(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 610, misfire_grace_seconds=300)
    assert [due for due, outcome in outcomes(world, job).items() if outcome == "success"] == [60, *range(360, 601, 60)]


def test_none_runs_where_the_job_says_so(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 610, misfire=Misfire.SKIP)
    missed = dict.fromkeys(range(60, 541, 60), f"skipped: {MISSED}")
    assert outcomes(world, job) == {**missed, 600: "success"}
    assert len(world.core.history.list_skips(job.tenant_id, job.job_id, limit=10, cursor=None).items) == 1


def test_what_is_late_within_the_grace_runs(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 119, misfire=Misfire.SKIP)
    assert outcomes(world, job) == {60: "success"}


def test_all_run_one_after_the_other_and_apart(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 610, misfire=Misfire.RUN_ALL, misfire_spread_seconds=5)
    assert len(ran(world, job)) == 1, "a stampede"
    world.live(2 * MINUTE, step=SECOND)
    found = outcomes(world, job)
    assert {due: found[due] for due in range(60, 601, 60)} == dict.fromkeys(range(60, 601, 60), "success")
    late = [e for e in ran(world, job) if e.due_at <= job.created_at + 9 * MINUTE]
    starts = [e.started_at for e in late]
    assert [e.due_at for e in late] == sorted(e.due_at for e in late)
    assert [later - earlier for earlier, later in pairwise(starts)] == [5 * SECOND] * 8


def test_the_newest_run_and_the_rest_is_one_record(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 610, misfire=Misfire.RUN_ALL, misfire_max=3)
    world.live(MINUTE, step=SECOND)
    found = outcomes(world, job)
    assert {due: found[due] for due in range(60, 601, 60)} == {
        60: "success",
        **dict.fromkeys(range(120, 421, 60), f"skipped: {MISSED}"),
        480: "success",
        540: "success",
        600: "success",
    }


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.QUEUE_ONE, Overlap.QUEUE_ALL])
def test_regular_ones_queue_behind_those_that_were_missed(build: Build, overlap: Overlap) -> None:
    world = build(done)
    job = after_an_outage(world, 310, misfire=Misfire.RUN_ALL, misfire_spread_seconds=40, overlap=overlap)
    world.live(4 * MINUTE, step=5 * SECOND)
    attempts = ran(world, job)
    assert [e.started_at for e in attempts] == sorted(e.started_at for e in attempts)
    found = outcomes(world, job)
    assert {found[due] for due in range(60, 301, 60)} == {"success"}
    assert set(range(60, 541, 60)) == set(found)


@pytest.mark.parametrize(("late", "status"), [(60, JobStatus.COMPLETED), (61, JobStatus.CANCELLED)])
def test_a_one_time_job_that_is_too_late_is_cancelled(build: Build, late: float, status: JobStatus) -> None:
    world = build(done)
    job = world.create(task="probe", schedule=After(delay_seconds=10), misfire=Misfire.SKIP)
    world.clock.advance(10 + late)
    world.work()
    ended = world.job(job)
    assert ended.status is status
    skipped = status is JobStatus.CANCELLED
    assert outcomes(world, job) == {10: f"cancelled: {MISSED}" if skipped else "success"}
    assert (ended.expires_at is not None, ended.slot, ended.next_run_at) == (True, None, None)
    world.live(10 * MINUTE, step=MINUTE)
    assert len(ran(world, job)) == (0 if skipped else 1)


def test_a_time_that_has_passed_is_refused_on_request(build: Build) -> None:
    world = build(done)
    now = world.clock.now()
    with pytest.raises(InvalidInputError, match="scheduled_time"):
        world.create(task="probe", schedule=At(at=now - SECOND), misfire=Misfire.REFUSE)
    job = world.create(task="probe", schedule=At(at=now + SECOND), misfire=Misfire.REFUSE)
    world.clock.advance(3600)
    world.work()
    assert outcomes(world, job) == {1: "success"}


def test_an_occurrence_that_has_expired_is_skipped(build: Build) -> None:
    world = build(done)
    job = after_an_outage(world, 100, expires_after_seconds=30)
    assert outcomes(world, job) == {60: f"skipped: {EXPIRED}"}
    world.clock.advance(20)
    world.work()
    assert outcomes(world, job)[120] == "success"


@pytest.mark.parametrize(("late", "ends"), [(30, "success"), (31, f"cancelled: {EXPIRED}")])
def test_a_one_time_job_that_has_expired_is_cancelled(build: Build, late: float, ends: str) -> None:
    world = build(done)
    job = world.create(task="probe", schedule=After(delay_seconds=10), expires_after_seconds=30)
    world.clock.advance(10 + late)
    world.work()
    assert outcomes(world, job) == {10: ends}


@pytest.mark.parametrize(("delay", "attempts"), [(29, 2), (31, 1)])
def test_no_retry_is_planned_beyond_the_expiry(build: Build, delay: float, attempts: int) -> None:
    def body(_payload: Any, context: TaskContext) -> str:
        if context.attempt == 1:
            raise ValueError("not yet")
        return "done"

    world = build(body)
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=delay)
    job = world.create(task="probe", retry=retry, expires_after_seconds=30)
    world.work()
    world.clock.advance(delay)
    world.work()
    assert len(ran(world, job)) == attempts
    letters = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert ["expired" in letter.reason for letter in letters] == [True] * (2 - attempts)


def test_a_retry_that_comes_after_the_expiry_does_not_start(build: Build) -> None:
    started = []

    def body(_payload: Any, context: TaskContext) -> str:
        started.append(context.attempt)
        raise ValueError("not yet")

    world = build(body)
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=10)
    job = world.create(task="probe", retry=retry, expires_after_seconds=30)
    world.work()
    world.clock.advance(31)
    world.work()
    assert started == [1]
    assert world.job(job).status is JobStatus.FAILED
    assert [e.failure.code for e in ran(world, job) if e.failure] == ["TASK_ERROR", "EXPIRED"]


def test_who_waited_until_it_expired_is_skipped(build: Build) -> None:
    def body(_payload: Any, context: TaskContext) -> str:
        if context.attempt == 1 and context.due_at == NOON + MINUTE:
            raise ValueError("not yet")
        return "done"

    world = build(body)
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=140)
    expires = 150
    job = world.create(
        task="probe", schedule=EACH_MINUTE, overlap=Overlap.QUEUE_ALL, retry=retry, expires_after_seconds=expires
    )
    for _ in range(3):
        world.clock.advance(60)
        world.work()
    assert len(world.job(job).pending) == 2
    world.lose_messages()
    world.clock.advance(100)
    world.live(3 * MINUTE, step=MINUTE)
    found = outcomes(world, job)
    assert (found[120], world.job(job).pending) == (f"skipped: {EXPIRED}", ())
    assert set(found) >= set(range(60, 421, 60))
