"""Cancelling jobs and running them again, from the request to the recorded result, on both engines."""

from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, Every, Immediately
from tickwell.application.manage_job import GetJob
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import IllegalTransitionError
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.retry import RetryPolicy, RetryStrategy

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
RETRY_AFTER_A_MINUTE = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=60)


def failing(times: int) -> Any:
    left = [times]

    def body(payload: Any, _context: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("not yet")
        return payload

    return body


def statuses(world: World, job: Job) -> list[str]:
    return [execution.status.value for execution in world.executions(job)]


@pytest.mark.parametrize(
    "schedule", [Immediately(), After(delay_seconds=20), After(delay_seconds=2000), Every(seconds=60)], ids=str
)
def test_what_waits_is_cancelled_at_once_and_never_runs(world: World, schedule: Any) -> None:
    job = world.create(schedule=schedule)
    cancelled = world.change.cancel(ADA, job.job_id)
    assert (cancelled.status, cancelled.next_run_at) == (JobStatus.CANCELLED, None)
    world.live(HOUR, step=MINUTE)
    assert world.executions(job) == []
    assert world.job(job).state(world.clock.now()) is JobState.CANCELLED


def test_a_waiting_retry_is_cancelled_at_once(build: Build) -> None:
    world = build(failing(1))
    job = world.create(task="probe", retry=RETRY_AFTER_A_MINUTE)
    world.work()
    world.change.cancel(ADA, job.job_id)
    assert world.job(job).slot is None
    world.live(5 * MINUTE)
    assert statuses(world, job) == ["failed"]
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()


def test_a_paused_job_can_be_cancelled(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    world.change.pause(ADA, job.job_id)
    world.change.cancel(ADA, job.job_id)
    stored = world.job(job)
    assert (stored.status, stored.paused_at) == (JobStatus.CANCELLED, None)
    with pytest.raises(IllegalTransitionError):
        world.change.resume(ADA, job.job_id)


def test_what_runs_keeps_its_worker_and_is_cancelled_when_that_has_ended(build: Build) -> None:
    seen: list[JobState] = []

    def cancel_me(_payload: Any, context: Any) -> str:
        world.change.cancel(ADA, context.job_id)
        seen.append(world.job(job).state(world.clock.now()))
        return "too late"

    world = build(cancel_me)
    job = world.create(task="probe")
    world.work()
    assert seen == [JobState.RUNNING]
    assert len(world.executions(job)) == 1
    stored = world.job(job)
    assert (stored.status, stored.slot) == (JobStatus.CANCELLED, None)


def test_a_worker_that_died_with_a_cancelled_job_is_not_replaced(world: World) -> None:
    job = world.create(timeout_seconds=60)
    for queue in world.lanes.values():
        if deliveries := queue.receive(10, wait_seconds=0):
            messages: list[Any] = [delivery.message for delivery in deliveries]
            assert world.core.claim_attempts()(messages, now=world.clock.now()).claimed
    world.change.cancel(ADA, job.job_id)
    with pytest.raises(IllegalTransitionError):
        world.change.retry(ADA, job.job_id)
    world.live(30 * MINUTE, step=MINUTE)
    assert len(world.executions(job)) == 1
    stored = world.job(job)
    assert (stored.status, stored.slot) == (JobStatus.CANCELLED, None)


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "deleted"])
def test_what_has_ended_cannot_be_cancelled(build: Build, status: str) -> None:
    world = build(failing(0 if status == "completed" else 99))
    job = ended(world, status)
    with pytest.raises(IllegalTransitionError):
        world.change.cancel(ADA, job.job_id)
    assert world.job(job).status.value == status


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled"])
def test_what_has_ended_runs_again_and_keeps_its_history(build: Build, status: str) -> None:
    world = build(failing(1 if status == "failed" else 0))
    job = ended(world, status, payload="p" * 2000)
    before = statuses(world, job)
    world.clock.advance(10)
    again = world.change.retry(ADA, job.job_id)
    assert (again.status, again.next_run_at, again.expires_at) == (JobStatus.ACTIVE, world.clock.now(), None)
    world.work()
    assert statuses(world, job) == [*before, "success"]
    latest = world.executions(job)[-1]
    assert (latest.output, latest.due_at) == ("p" * 2000, NOON + 10 * SECOND)
    assert world.job(job).status is JobStatus.COMPLETED


def test_a_job_runs_again_in_the_very_millisecond_of_its_end(world: World) -> None:
    job = world.create()
    for _ in range(3):
        world.work()
        again = world.change.retry(ADA, job.job_id)
        assert again.next_run_at == world.clock.now() + timedelta(milliseconds=1)
        world.clock.advance(0.001)
    world.work()
    assert statuses(world, job) == ["success"] * 4
    assert len({execution.due_at for execution in world.executions(job)}) == 4


def test_a_large_payload_is_there_when_a_job_runs_again(build: Build) -> None:
    world = build(lambda payload, _context: len(payload))
    job = world.create(task="probe", payload="p" * 300_000)
    world.work()
    world.clock.advance(timedelta(days=29))
    world.change.retry(ADA, job.job_id)
    world.clock.advance(timedelta(days=29))
    world.work()
    assert [execution.output for execution in world.executions(job)] == [300_000]
    assert world.job(job).tally.executions == 2


def test_a_recurring_job_that_is_taken_up_goes_on_with_its_next_occurrence(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("*/5 * * * *"))
    world.live(6 * MINUTE)
    world.change.cancel(ADA, job.job_id)
    world.live(10 * MINUTE)
    again = world.change.retry(ADA, job.job_id)
    assert again.next_run_at == NOON + 20 * MINUTE
    world.live(6 * MINUTE)
    assert [(e.due_at - NOON) / MINUTE for e in world.executions(job)] == [5, 20]


@pytest.mark.parametrize("status", ["active", "deleted"])
def test_what_has_not_ended_or_is_deleted_cannot_be_retried(world: World, status: str) -> None:
    job = world.create()
    if status == "deleted":
        world.change.delete(ADA, job.job_id)
    with pytest.raises(IllegalTransitionError):
        world.change.retry(ADA, job.job_id)
    assert world.job(job).status.value == status


def test_a_retry_whose_message_was_lost_is_sent_by_the_safety_sync(world: World) -> None:
    job = world.create()
    world.work()
    world.clock.advance(5)
    world.change.retry(ADA, job.job_id)
    assert world.lose_messages() == 1
    world.live(5 * MINUTE)
    assert statuses(world, job) == ["success", "success"]


def test_a_message_from_before_the_cancellation_does_not_run_the_job_that_was_taken_up(world: World) -> None:
    job = world.create(schedule=After(delay_seconds=30))
    world.change.cancel(ADA, job.job_id)
    world.clock.advance(30)
    world.change.retry(ADA, job.job_id)
    world.work()
    assert statuses(world, job) == ["success"]
    assert world.job(job).tally.executions == 1


def test_the_detail_shows_the_attempts_of_the_newest_occurrence(build: Build) -> None:
    world = build(failing(2))
    job = world.create(task="probe", retry=RETRY_AFTER_A_MINUTE)
    read = GetJob(
        jobs=world.core.jobs,
        directory=world.core.directory,
        history=world.core.history,
        blobs=world.blobs,
        clock=world.clock,
    )
    assert read(ADA, job.job_id).attempts == ()
    world.live(3 * MINUTE)
    attempts = read(ADA, job.job_id).attempts
    assert list(attempts) == world.executions(job)
    assert [attempt.attempt for attempt in attempts] == [1, 2, 3]
    world.change.retry(ADA, job.job_id)
    assert read(ADA, job.job_id).attempts == attempts
    world.work()
    newest = read(ADA, job.job_id).attempts
    assert list(newest) == world.executions(job)[3:]


def ended(world: World, status: str, **fields: Any) -> Job:
    job = world.create(task="probe", max_retries=0, **fields)
    if status in {"completed", "failed"}:
        world.work()
    elif status == "cancelled":
        world.change.cancel(ADA, job.job_id)
    else:
        world.change.delete(ADA, job.job_id)
    assert world.job(job).status.value == status
    return job
