"""A permit that is given back late is not taken from an attempt that has begun by it meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from tests.queue_probe import permits
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.arming import first_attempt, slot_message
from tickwell.application.claim_attempts import ClaimedBatch
from tickwell.application.create_job import Every
from tickwell.domain.job import Job
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import OnLost, RetryPolicy, RetryStrategy

SOON = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=20)


def fail(_payload: Any, _context: Any) -> None:
    raise ValueError("not yet")


def armed(job: Job) -> JobMessage:
    assert job.next_run_at is not None
    return first_attempt(job, job.next_run_at)


def let_through(world: World, message: JobMessage) -> None:
    """A worker has got ``message`` and, for it, a permit."""
    assert world.core.admit_attempts()([message], now=world.clock.now()).ready


def claim(world: World, message: JobMessage) -> ClaimedBatch:
    """The worker goes on to the claim, and no further."""
    return world.core.claim_attempts()([message], now=world.clock.now())


def begin(world: World, message: JobMessage) -> None:
    """Another worker begins by ``message``."""
    let_through(world, message)
    assert claim(world, message).claimed


@pytest.mark.parametrize("ends", [False, True], ids=["runs", "has ended"])
def test_who_finds_a_retry_paused_takes_no_permit_from_it_once_it_goes_on(build: Build, ends: bool) -> None:
    world = build(fail)
    world.queue(concurrency=1)
    job = world.create(task="probe", queue="images", schedule=Every(seconds=3600), max_retries=2, retry=SOON)
    world.live(timedelta(hours=1))
    world.live(timedelta(seconds=5))
    world.clock.advance(timedelta(seconds=20))
    waits = world.job(job)
    assert waits.slot is not None
    message = slot_message(waits, waits.slot, world.clock.now())
    let_through(world, message)
    world.change.pause(ADA, job.job_id)
    over = claim(world, message).over
    assert over == (message,)

    resumed = world.change.resume(ADA, job.job_id)
    assert resumed.slot is not None
    again = slot_message(resumed, resumed.slot, world.clock.now())
    if ends:
        world.work()
    else:
        begin(world, again)
    world.core.admit_attempts().give_back(over)
    assert permits(world) == (0 if ends else 1)


def test_who_finds_a_job_cancelled_takes_no_permit_from_what_a_retry_in_the_same_millisecond_began(
    build: Build,
) -> None:
    world = build(fail)
    world.queue(concurrency=1)
    job = world.create(task="probe", queue="images")
    let_through(world, armed(job))
    world.change.cancel(ADA, job.job_id)
    over = claim(world, armed(job)).over
    assert over == (armed(job),)
    retried = world.change.retry(ADA, job.job_id)
    assert retried.next_run_at == job.next_run_at
    begin(world, armed(retried))
    world.core.admit_attempts().give_back(over)
    assert permits(world) == 1


def test_who_skipped_an_occurrence_takes_no_permit_from_it_once_a_clock_that_is_behind_has_armed_it_anew(
    build: Build,
) -> None:
    world = build(fail)
    world.queue(concurrency=2)
    job = world.create(task="probe", queue="images", schedule=Every(seconds=60), on_lost=OnLost.FAIL)
    world.clock.advance(timedelta(seconds=60))
    begin(world, armed(job))
    first = world.job(job)
    world.clock.advance(timedelta(seconds=60))
    let_through(world, armed(first))
    batch = claim(world, armed(first))
    assert (batch.skipped, batch.over) == (1, (armed(first),))

    world.clock.advance(timedelta(seconds=-1))
    world.change.pause(ADA, job.job_id)
    resumed = world.change.resume(ADA, job.job_id)
    assert resumed.next_run_at == first.next_run_at
    world.clock.advance(timedelta(seconds=1))
    world.core.recover()([world.job(job)])
    begin(world, armed(resumed))
    world.core.admit_attempts().give_back(batch.over)
    assert permits(world) == 1
