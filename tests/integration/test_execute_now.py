"""One extra execution beside the schedule (C15), on both engines."""

from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.editing import edit, execute_now
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, Every
from tickwell.application.manage_job import GetJob
from tickwell.application.task import TaskContext
from tickwell.domain.account import Principal, Role
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import IllegalTransitionError, NotFoundError
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job, JobStatus

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOURLY = CronExpression.parse("0 * * * *")


def under(world: World, job: Job) -> list[Execution]:
    """What is listed under ``job``, oldest first."""
    page = world.read.executions(ADA, job.job_id, limit=100, cursor=None, status=None)
    return list(reversed(page.items))


def test_a_recurring_job_runs_once_more_and_its_schedule_is_untouched(world: World) -> None:
    job = world.create(schedule=HOURLY, payload={"n": 1}, pause_after_failures=1)
    world.clock.advance(90)
    child = execute_now(world, job)
    world.work()
    assert world.job(job) == job
    (execution,) = under(world, job)
    assert (execution.job_id, execution.output) == (child.job_id, {"n": 1})
    assert world.job(child).status is JobStatus.COMPLETED
    world.live(HOUR, step=MINUTE)
    assert [(e.job_id, e.due_at) for e in under(world, job)] == [
        (child.job_id, NOON + 1.5 * MINUTE),
        (job.job_id, NOON + HOUR),
    ]
    assert world.job(job).tally.executions == 1
    assert [listed.job_id for listed in world.listed()] == [job.job_id]


def test_it_runs_whatever_has_become_of_the_job(build: Build) -> None:
    world = build(lambda payload, _context: 1 / payload)
    paused = world.create(task="probe", payload=1, schedule=HOURLY)
    world.change.pause(ADA, paused.job_id)
    completed, failed = (world.create(task="probe", payload=n, max_retries=0) for n in (1, 0))
    cancelled = world.create(task="probe", payload=1, schedule=After(delay_seconds=900))
    world.change.cancel(ADA, cancelled.job_id)
    world.work()
    edit(world, failed, payload=2)
    for job in (paused, completed, failed, cancelled):
        before = world.job(job)
        child = execute_now(world, job)
        world.work()
        assert world.job(child).status is JobStatus.COMPLETED
        assert world.job(job) == before
        assert under(world, job)[-1].job_id == child.job_id


def test_it_does_not_wait_for_what_the_job_is_busy_with(build: Build) -> None:
    seen: list[str] = []

    def run(_payload: Any, context: TaskContext) -> None:
        seen.append(context.job_id)
        if context.job_id == job.job_id:
            execute_now(world, job)

    world = build(run)
    job = world.create(task="probe")
    world.work()
    assert len(seen) == 2
    assert len(under(world, job)) == 2


def test_two_requests_within_a_millisecond_are_two_executions(world: World) -> None:
    job = world.create(schedule=HOURLY)
    assert execute_now(world, job).job_id != execute_now(world, job).job_id
    world.work()
    assert len(under(world, job)) == 2


def test_it_is_retried_and_given_up_by_the_policy_of_the_job(build: Build) -> None:
    def fail(_payload: Any, _context: TaskContext) -> None:
        raise RuntimeError("broken")

    world = build(fail)
    job = world.create(task="probe", schedule=Every(seconds=86400), max_retries=1, pause_after_failures=1)
    child = execute_now(world, job)
    world.live(5 * MINUTE)
    assert [e.attempt for e in under(world, job)] == [1, 2]
    (letter,) = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert (letter.job_id, letter.attempts, letter.due_at) == (child.job_id, 2, NOON)
    assert world.job(job) == job
    assert world.read.dead_letter(ADA, letter.dead_letter_id).payload_kept


def test_a_large_payload_is_shared(world: World) -> None:
    job = world.create(payload="x" * 300_000, schedule=After(delay_seconds=900))
    child = execute_now(world, job)
    assert child.payload_blob == job.payload_blob
    world.work()
    (execution,) = under(world, job)
    found = world.read.execution(ADA, execution.execution_id).execution
    assert isinstance(found, Execution)
    assert found.output == "x" * 300_000


def test_a_child_that_is_run_once_more_has_a_sibling(world: World) -> None:
    job = world.create(schedule=HOURLY)
    child = execute_now(world, job)
    world.clock.advance(1)
    execute_now(world, child)
    world.work()
    assert len(under(world, job)) == 2


def test_a_lost_message_is_sent_again(world: World) -> None:
    job = world.create(schedule=HOURLY)
    execute_now(world, job)
    assert world.lose_messages()
    world.live(5 * MINUTE, step=MINUTE)
    assert len(under(world, job)) == 1


def test_nobody_runs_what_is_deleted_or_anothers(world: World) -> None:
    job = world.create(schedule=HOURLY)
    with pytest.raises(NotFoundError):
        execute_now(world, job, Principal(tenant_id="tenant-eve", user_id="eve", role=Role.OWNER))
    world.change.delete(ADA, job.job_id)
    with pytest.raises(IllegalTransitionError):
        execute_now(world, job)
    world.work()
    assert under(world, job) == []


def test_the_attempts_of_the_newest_occurrence_are_the_jobs_own(world: World) -> None:
    job = world.create()
    world.work()
    world.clock.advance(60)
    execute_now(world, job)
    world.work()
    core = world.core
    get = GetJob(jobs=core.jobs, directory=core.directory, history=core.history, blobs=world.blobs, clock=world.clock)
    assert [attempt.job_id for attempt in get(ADA, job.job_id).attempts] == [job.job_id]
