"""Changing jobs, from the request to what runs then, on both engines."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.editing import edit
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, At, Every, Immediately
from tickwell.application.edit_job import CronChange
from tickwell.application.task import TaskContext
from tickwell.domain.account import Principal, Role
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import IllegalTransitionError, InvalidInputError, NotFoundError
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.retry import RetryPolicy, RetryStrategy

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOURLY = CronExpression.parse("0 * * * *")
RETRY_AFTER_TEN_MINUTES = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=600)


def runs(world: World, job: Job) -> list[datetime]:
    return [execution.due_at for execution in world.executions(job)]


@pytest.mark.parametrize("before", [20.0, 5000.0])
@pytest.mark.parametrize("after", [40.0, 4000.0])
def test_a_one_time_job_runs_at_its_new_time_only(world: World, before: float, after: float) -> None:
    job = world.create(schedule=After(delay_seconds=before))
    moved = edit(world, job, schedule=At(at=NOON + timedelta(seconds=after)))
    assert (moved.next_run_at, moved.version) == (NOON + timedelta(seconds=after), 2)
    world.live(2 * HOUR, step=MINUTE)
    assert runs(world, job) == [NOON + timedelta(seconds=after)]
    assert world.job(job).status is JobStatus.COMPLETED


def test_a_past_instant_and_immediately_run_at_once(world: World) -> None:
    world.clock.advance(60)
    past, now = world.create(schedule=After(delay_seconds=900)), world.create(schedule=After(delay_seconds=900))
    edit(world, past, schedule=At(at=NOON - HOUR))
    edit(world, now, schedule=Immediately())
    world.work()
    assert [world.job(job).status for job in (past, now)] == [JobStatus.COMPLETED] * 2
    assert runs(world, past) == runs(world, now) == [NOON + MINUTE]


def test_a_changed_expression_recalculates_the_next_occurrence_and_the_old_one_never_runs(world: World) -> None:
    job = world.create(schedule=HOURLY)
    world.clock.advance(50 * 60)
    changed = edit(world, job, schedule=CronChange(text="30 * * * *"))
    assert changed.next_run_at == NOON + timedelta(minutes=90)
    world.live(2 * HOUR, step=MINUTE)
    assert runs(world, job) == [NOON + timedelta(minutes=90), NOON + timedelta(minutes=150)]


def test_a_time_zone_may_change_by_itself_and_stays_when_the_expression_does(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("0 9 * * *"))
    in_tokyo = edit(world, job, schedule=CronChange(timezone="Asia/Tokyo"))
    assert in_tokyo.next_run_at == NOON + timedelta(hours=12)
    at_ten = edit(world, job, schedule=CronChange(text="0 10 * * *"))
    assert at_ten.next_run_at == NOON + timedelta(hours=13)


@pytest.mark.parametrize("schedule", [Every(seconds=600), HOURLY], ids=str)
def test_what_does_not_change_the_schedule_leaves_the_next_occurrence(world: World, schedule: Any) -> None:
    job = world.create(schedule=schedule)
    world.clock.advance(60)
    same = CronChange(text="0 * * * *") if schedule is HOURLY else schedule
    renamed = edit(world, job, name="renamed", schedule=same)
    assert (renamed.next_run_at, renamed.schedule) == (job.next_run_at, job.schedule)
    world.live(HOUR, step=MINUTE)
    assert runs(world, job)[0] == job.next_run_at


def test_kinds_change_both_ways_while_nothing_runs(world: World) -> None:
    once = world.create(schedule=After(delay_seconds=900))
    again = world.create(schedule=Every(seconds=300), pause_after_failures=3)
    edit(world, once, schedule=Every(seconds=300))
    ends = edit(world, again, schedule=After(delay_seconds=60))
    assert ends.policy.pause_after_failures is None
    world.live(HOUR / 4, step=MINUTE)
    assert len(runs(world, once)) == 3
    assert runs(world, again) == [NOON + MINUTE]
    assert (world.job(once).status, world.job(again).status) == (JobStatus.ACTIVE, JobStatus.COMPLETED)


def test_a_recurring_job_that_ran_at_an_instant_does_not_take_that_one_for_its_new_time(world: World) -> None:
    job = world.create(schedule=Every(seconds=300))
    world.live(5 * MINUTE)
    assert runs(world, job) == [NOON + 5 * MINUTE]
    edit(world, job, schedule=At(at=NOON + 5 * MINUTE))
    world.live(5 * MINUTE)
    assert len(runs(world, job)) == 2
    assert world.job(job).status is JobStatus.COMPLETED


def test_an_attempt_that_runs_goes_on_and_the_next_one_is_as_edited(build: Build) -> None:
    seen: list[Any] = []

    def change_me(payload: Any, _context: TaskContext) -> None:
        seen.append(payload)
        if payload == "old":
            edit(world, job, payload="new", timeout_seconds=17, schedule=CronChange(text="30 * * * *"))

    world = build(change_me)
    job = world.create(task="probe", payload="old", schedule=HOURLY)
    world.live(2 * HOUR, step=MINUTE)
    assert seen == ["old", "new"]
    assert runs(world, job) == [NOON + HOUR, NOON + 3 * HOUR / 2]
    assert world.job(job).policy.timeout_seconds == 17


@pytest.mark.parametrize("schedule", [Immediately(), Every(seconds=60)], ids=str)
def test_a_busy_job_is_not_made_a_one_time_job_of(build: Build, schedule: Any) -> None:
    refused: list[str] = []

    def change_me(_payload: Any, _context: TaskContext) -> None:
        with pytest.raises(IllegalTransitionError) as error:
            edit(world, job, schedule=After(delay_seconds=900))
        refused.append(str(error.value))

    world = build(change_me)
    job = world.create(task="probe", schedule=schedule)
    world.live(MINUTE)
    assert refused == ["cannot reschedule a job that is running"]


def test_a_waiting_retry_survives_an_edit_and_is_not_hurried(build: Build) -> None:
    left = [1]

    def fail_once(payload: Any, _context: TaskContext) -> Any:
        if left[0]:
            left[0] -= 1
            raise RuntimeError("not yet")
        return payload

    world = build(fail_once)
    job = world.create(task="probe", payload=1, retry=RETRY_AFTER_TEN_MINUTES, schedule=HOURLY)
    world.live(HOUR, step=MINUTE)
    edit(world, job, payload=2, schedule=CronChange(text="30 * * * *"))
    world.live(5 * MINUTE)
    assert world.job(job).state(world.clock.now()) is JobState.RETRYING
    world.live(30 * MINUTE)
    assert [(e.attempt, e.output) for e in world.executions(job)] == [(1, None), (2, 2), (1, 2)]


def test_status_pauses_and_resumes_along_with_the_rest(world: World) -> None:
    job = world.create(schedule=HOURLY)
    paused = edit(world, job, name="quiet", status=JobStatus.PAUSED, schedule=CronChange(text="30 * * * *"))
    assert (paused.status, paused.next_run_at, paused.version) == (JobStatus.PAUSED, None, 2)
    assert edit(world, job, status=JobStatus.PAUSED, description="still").status is JobStatus.PAUSED
    world.live(HOUR, step=MINUTE)
    assert runs(world, job) == []
    resumed = edit(world, job, status=JobStatus.ACTIVE, schedule=CronChange(text="45 * * * *"))
    assert resumed.next_run_at == NOON + timedelta(minutes=105)
    world.live(HOUR, step=MINUTE)
    assert runs(world, job) == [NOON + timedelta(minutes=105)]
    assert (world.job(job).name, world.job(job).description) == ("quiet", "still")


def test_one_time_jobs_are_not_paused_nor_made_while_paused(world: World) -> None:
    once = world.create(schedule=After(delay_seconds=900))
    with pytest.raises(IllegalTransitionError):
        edit(world, once, status=JobStatus.PAUSED)
    paused = edit(world, world.create(schedule=HOURLY), status=JobStatus.PAUSED)
    with pytest.raises(IllegalTransitionError):
        edit(world, paused, schedule=After(delay_seconds=60))
    edit(world, paused, status=JobStatus.ACTIVE, schedule=After(delay_seconds=60))
    world.live(2 * MINUTE)
    assert world.job(paused).status is JobStatus.COMPLETED


def test_what_has_ended_is_described_anew_for_its_retry_but_not_scheduled(build: Build) -> None:
    world = build(lambda payload, _context: 1 / payload)
    job = world.create(task="probe", payload=0, max_retries=0)
    world.work()
    assert world.job(job).status is JobStatus.FAILED
    for changes in ({"schedule": Every(seconds=5)}, {"priority": "high"}, {"status": JobStatus.ACTIVE}):
        with pytest.raises(IllegalTransitionError):
            edit(world, job, **changes)
    expires_at = world.job(job).expires_at
    mended = edit(world, job, payload=4)
    assert (mended.status, mended.expires_at) == (JobStatus.FAILED, expires_at)
    world.clock.advance(1)
    world.change.retry(ADA, job.job_id)
    world.work()
    assert world.executions(job)[-1].output == 0.25


def test_nobody_changes_what_is_deleted_or_anothers(world: World) -> None:
    job = world.create(schedule=HOURLY)
    with pytest.raises(NotFoundError):
        edit(world, job, Principal(tenant_id="tenant-eve", user_id="eve", role=Role.OWNER), name="mine")
    world.change.delete(ADA, job.job_id)
    with pytest.raises(IllegalTransitionError):
        edit(world, job, name="back")


@pytest.mark.parametrize("size", [10, 2_000, 300_000])
def test_a_payload_is_changed_whatever_its_size_and_the_old_blob_stays(world: World, size: int) -> None:
    job = world.create(payload="a" * 300_000, schedule=After(delay_seconds=60))
    edit(world, job, payload="b" * size)
    world.live(MINUTE)
    (execution,) = world.read.executions(ADA, job.job_id, limit=1, cursor=None, status=None).items
    found = world.read.execution(ADA, execution.execution_id).execution
    assert isinstance(found, Execution)
    assert found.output == "b" * size
    assert job.payload_blob is not None
    assert world.blobs.get(job.payload_blob).startswith(b'"aaa')


def test_a_payload_is_checked_against_the_task(world: World) -> None:
    job = world.create(
        task="send_email", payload={"to": "a@b.example", "subject": "s", "body": "b"}, schedule=After(delay_seconds=60)
    )
    with pytest.raises(InvalidInputError) as error:
        edit(world, job, payload={"to": "a@b.example"}, name="never written")
    assert error.value.field == "payload.subject"
    assert world.job(job) == job


def test_a_job_moves_to_another_queue_and_keeps_its_policy_unless_it_says_otherwise(world: World) -> None:
    world.queue("images", priority="high", timeout_seconds=40, max_retries=7)
    job = world.create(schedule=After(delay_seconds=60), timeout_seconds=5)
    moved = edit(world, job, queue="images")
    assert (moved.queue, moved.lane, moved.policy.timeout_seconds, moved.policy.max_retries) == (
        "images",
        Lane.HIGH,
        5,
        3,
    )
    as_queue = edit(world, job, timeout_seconds=None, max_retries=None)
    assert (as_queue.policy.timeout_seconds, as_queue.policy.max_retries) == (40, 7)
    assert edit(world, job, priority="low").queue == "images"
    back = edit(world, job, queue=None, max_retries=None)
    assert (back.queue, back.lane, back.policy.max_retries) == (None, Lane.MEDIUM, 3)
    world.live(MINUTE)
    assert world.job(job).status is JobStatus.COMPLETED


def test_a_job_that_runs_keeps_its_queue_and_its_permit(build: Build) -> None:
    refused: list[str] = []

    def change_me(_payload: Any, _context: TaskContext) -> None:
        with pytest.raises(IllegalTransitionError) as error:
            edit(world, job, queue="images")
        refused.append(str(error.value))

    world = build(change_me)
    world.queue("images")
    job = world.create(task="probe")
    world.work()
    assert refused == ["cannot move to another queue a job that is running"]


def test_an_edit_that_meets_a_claim_is_made_anew_on_what_stands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    job = world.create(schedule=HOURLY)
    read, stale = world.core.jobs.get, [replace(job, version=0)]
    monkeypatch.setattr(world.core.jobs, "get", lambda *key: stale.pop() if stale else read(*key))
    assert edit(world, job, name="renamed").version == 2
    assert world.job(job).name == "renamed"
