"""Each occurrence of a job with its one outcome, past and to come, on both engines."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.makers import execution
from tests.doubles import NOON
from tests.editing import edit, execute_now
from tests.occurring import backfill, occurrences, outcomes
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, At, Every
from tickwell.application.edit_job import CronChange
from tickwell.application.task import TaskContext
from tickwell.domain.account import Principal, Role
from tickwell.domain.child import child_id
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import DoNotRetryError, InvalidInputError, NotFoundError
from tickwell.domain.execution import ExecutionStatus, Skip
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.occurrence_entry import OccurrenceEntry
from tickwell.domain.retry import Overlap, RetryPolicy, RetryStrategy

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOURLY = CronExpression.parse("0 * * * *")
OFTEN = CronExpression.parse("*/10 * * * *")


def skip(world: World, job: Job, first: datetime, last: datetime, count: int | None, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "tenant_id": job.tenant_id,
        "job_id": job.job_id,
        "first_due_at": first,
        "last_due_at": last,
        "count": count,
        "reason": "missed",
        "expires_at": NOON + timedelta(days=30),
    }
    world.core.history.put_skip(Skip(**fields | changes))


def shown(entries: Sequence[OccurrenceEntry]) -> list[str]:
    return [entry.outcome.value for entry in entries]


def test_what_was_executed_and_what_is_to_come(world: World) -> None:
    job = world.create(schedule=HOURLY)
    world.live(2.5 * HOUR, step=30 * MINUTE)
    first, second, *to_come = occurrences(world, job, until=NOON + 5 * HOUR)
    assert (first.due_at, first.outcome, first.status) == (NOON + HOUR, "executed", ExecutionStatus.SUCCESS)
    assert (second.attempt, second.execution_id) == (1, world.executions(job)[1].execution_id)
    assert [(one.due_at, one.outcome, one.status) for one in to_come] == [
        (NOON + hours * HOUR, "upcoming", None) for hours in (3, 4, 5)
    ]


def test_what_is_to_come_is_told_as_far_as_anybody_wants(world: World) -> None:
    job = world.create(schedule=Every(seconds=3600))
    far = NOON + timedelta(days=3650)
    entries = occurrences(world, job, since=far, until=far + 10 * HOUR, limit=3)
    assert [one.due_at for one in entries] == [far + hours * HOUR for hours in range(11)]


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_of_any_size_have_the_same_entries(build: Build, limit: int) -> None:
    def sometimes(_payload: Any, context: TaskContext) -> None:
        if context.due_at.minute == 20 and context.attempt < 3:
            raise RuntimeError("not yet")

    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1)
    world = build(sometimes)
    job = world.create(task="probe", schedule=OFTEN, max_retries=3, retry=retry)
    world.live(55 * MINUTE, step=MINUTE)
    world.clock.advance(2 * HOUR)
    world.work()
    execute_now(world, job)
    world.work()
    skip(world, job, NOON - 20 * MINUTE, NOON - 3 * MINUTE, 12, reason="edited")
    until = world.clock.now() + 25 * MINUTE
    whole = occurrences(world, job, until=until)
    assert occurrences(world, job, until=until, limit=limit) == whole
    assert [one.due_at for one in whole] == sorted(one.due_at for one in whole)
    assert len({one.due_at for one in whole}) == len(whole)
    assert whole[0].count == 12
    assert {"executed", "skipped", "upcoming"} == set(shown(whole))
    assert [one.attempt for one in whole if one.due_at == NOON + 20 * MINUTE] == [3]


def test_an_occurrence_that_met_a_busy_slot_is_skipped_with_its_reason(build: Build) -> None:
    def fail(_payload: Any, _context: TaskContext) -> None:
        raise RuntimeError("broken")

    world = build(fail)
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=850)
    job = world.create(task="probe", schedule=OFTEN, max_retries=1, retry=retry)
    world.clock.advance(10 * MINUTE)
    world.work()
    (waiting,) = occurrences(world, job, until=NOON + 10 * MINUTE)
    assert (waiting.outcome, waiting.status, waiting.attempt) == ("waiting", ExecutionStatus.FAILED, 1)
    assert waiting.next_attempt_at == NOON + 10 * MINUTE + timedelta(seconds=850)
    world.live(25 * MINUTE, step=MINUTE)
    given_up, left_out = occurrences(world, job, until=NOON + 20 * MINUTE)
    assert (given_up.outcome, given_up.status, given_up.attempt) == ("executed", ExecutionStatus.FAILED, 2)
    assert given_up.reason == "all 2 attempts failed"
    assert (left_out.outcome, left_out.reason, left_out.status) == (
        "skipped",
        "the previous occurrence was not over",
        None,
    )


def test_what_is_running_and_what_waits_are_told_apart(build: Build) -> None:
    seen: list[list[OccurrenceEntry]] = []

    def look(_payload: Any, _context: TaskContext) -> None:
        if not seen:
            world.clock.advance(15 * MINUTE)
            seen.append(list(occurrences(world, world.job(job), until=NOON + 30 * MINUTE)))
        raise DoNotRetryError("enough")

    world = build(look)
    job = world.create(task="probe", schedule=OFTEN, timeout_seconds=870)
    world.clock.advance(10 * MINUTE)
    world.work()
    running, waiting, to_come = seen[0]
    assert (running.outcome, running.status, running.attempt) == ("running", ExecutionStatus.RUNNING, 1)
    assert running.execution_id == world.executions(job)[0].execution_id
    assert (waiting.outcome, to_come.outcome) == ("waiting", "upcoming")


def test_a_range_is_told_one_by_one_as_long_as_the_schedule_says_which(world: World) -> None:
    job = world.create(schedule=OFTEN)
    world.clock.advance(2 * HOUR + 5 * MINUTE)
    world.work()
    before = occurrences(world, job, until=NOON + 2 * HOUR)
    assert [one.due_at for one in before] == [NOON + number * 10 * MINUTE for number in range(1, 13)]
    assert shown(before) == ["executed", *["skipped"] * 11]
    assert {one.reason for one in before[1:]} == {"missed"}
    edit(world, job, schedule=CronChange(text="*/7 * * * *"))
    executed, left_out = occurrences(world, job, until=NOON + 2 * HOUR)
    assert executed == before[0]
    assert (left_out.due_at, left_out.last_due_at, left_out.count) == (before[1].due_at, before[-1].due_at, 11)
    (reaching,) = occurrences(world, job, since=NOON + HOUR, until=NOON + 2 * HOUR)
    assert reaching == left_out


@pytest.mark.parametrize("count", [None, 1441])
def test_a_range_of_very_many_is_one_entry(world: World, count: int | None) -> None:
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    skip(world, job, NOON - 24 * HOUR, NOON, count)
    (entry,) = occurrences(world, job, until=NOON)
    assert (entry.due_at, entry.last_due_at, entry.count) == (NOON - 24 * HOUR, NOON, count)


def test_an_execution_overrides_a_skip(world: World) -> None:
    job = world.create(schedule=HOURLY)
    world.live(3.5 * HOUR, step=30 * MINUTE)
    skip(world, job, NOON + HOUR, NOON + 3 * HOUR, 3)
    assert outcomes(world, job, until=NOON + 3 * HOUR) == [(NOON + n * HOUR, "executed") for n in (1, 2, 3)]


def test_an_occurrence_that_is_not_decided_yet_is_not_skipped(world: World) -> None:
    """Whoever skips records it first, and may die before the job goes on."""
    job = world.create(schedule=HOURLY)
    world.clock.advance(HOUR)
    skip(world, job, NOON + HOUR, NOON + HOUR, 1)
    assert outcomes(world, job, until=NOON + 2 * HOUR) == [(NOON + HOUR, "waiting"), (NOON + 2 * HOUR, "upcoming")]


def test_extra_executions_are_no_occurrences(world: World) -> None:
    job = world.create(schedule=HOURLY)
    execute_now(world, job)
    world.work()
    assert outcomes(world, job, until=NOON + HOUR) == [(NOON + HOUR, "upcoming")]


def test_a_paused_job_has_nothing_to_come_and_leaves_out_what_passes(world: World) -> None:
    job = world.create(schedule=HOURLY)
    world.live(1.5 * HOUR, step=30 * MINUTE)
    world.change.pause(ADA, job.job_id)
    assert outcomes(world, job) == [(NOON + HOUR, "executed")]
    world.clock.advance(2 * HOUR)
    _, *passed = whole = occurrences(world, job)
    assert [(one.due_at, one.outcome, one.reason) for one in passed] == [
        (NOON + hours * HOUR, "skipped", "paused") for hours in (2, 3)
    ]
    world.change.resume(ADA, job.job_id)
    assert occurrences(world, job, until=NOON + 3 * HOUR) == whole


def test_a_one_time_job_has_one_occurrence(world: World) -> None:
    job = world.create(schedule=After(delay_seconds=60))
    assert outcomes(world, job) == [(NOON + MINUTE, "upcoming")]
    world.clock.advance(60)
    assert outcomes(world, job) == [(NOON + MINUTE, "waiting")]
    world.work()
    assert outcomes(world, job) == [(NOON + MINUTE, "executed")]


def test_a_job_that_was_cancelled_before_it_began_says_so(world: World) -> None:
    job = world.create(schedule=At(at=NOON + MINUTE))
    world.change.cancel(ADA, job.job_id)
    (entry,) = occurrences(world, job)
    assert (entry.due_at, entry.outcome) == (NOON + MINUTE, "cancelled")
    assert entry.reason


def test_an_occurrence_whose_retry_was_cancelled_is_cancelled(build: Build) -> None:
    def fail(_payload: Any, _context: TaskContext) -> None:
        raise RuntimeError("broken")

    world = build(fail)
    job = world.create(task="probe")
    world.work()
    world.change.cancel(ADA, job.job_id)
    (entry,) = occurrences(world, job)
    assert (entry.outcome, entry.status, entry.next_attempt_at) == ("cancelled", ExecutionStatus.FAILED, None)
    assert world.job(job).status is JobStatus.CANCELLED


def test_the_day_before_the_end_is_shown_unless_a_beginning_is_given(world: World) -> None:
    job = world.create(schedule=HOURLY)
    for days in range(1, 5):
        at = NOON - timedelta(days=days)
        skip(world, job, at, at, 1)
    shown_at = [one.due_at for one in occurrences(world, job, until=NOON - timedelta(days=2, hours=1))]
    assert shown_at == [NOON - timedelta(days=3)]
    assert [one.due_at for one in occurrences(world, job, until=NOON)] == [NOON - timedelta(days=1)]


@pytest.mark.parametrize(
    ("window", "field"),
    [({"since": NOON, "until": NOON - HOUR}, "until"), ({"limit": 0}, "limit"), ({"limit": 1001}, "limit")],
)
def test_a_window_must_make_sense(world: World, window: dict[str, Any], field: str) -> None:
    job = world.create(schedule=HOURLY)
    with pytest.raises(InvalidInputError) as caught:
        occurrences(world, job, **window)
    assert caught.value.field == field


def test_nobody_sees_what_belongs_to_another_tenant(world: World) -> None:
    job = world.create(schedule=HOURLY)
    with pytest.raises(NotFoundError):
        occurrences(world, job, Principal(tenant_id="tenant-eve", user_id="eve", role=Role.OWNER), until=NOON)


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_many_attempts_do_not_hide_the_newest_one_nor_what_comes_behind(world: World, limit: int) -> None:
    job = world.create(schedule=HOURLY)
    world.clock.advance(30 * MINUTE)
    tried = [
        execution(job, due_at=NOON - hours * HOUR, attempt=number) for hours in (1, 2, 3) for number in range(1, 102)
    ]
    world.core.history.record_many(tried)
    entries = occurrences(world, job, until=NOON + HOUR, limit=limit)
    assert [(one.due_at, one.attempt) for one in entries] == [
        (NOON - 3 * HOUR, 101),
        (NOON - 2 * HOUR, 101),
        (NOON - HOUR, 101),
        (NOON + HOUR, None),
    ]


@pytest.mark.parametrize("overlap", [Overlap.ALLOW, Overlap.QUEUE_ALL])
def test_what_waited_or_ran_beside_has_its_outcome_too(build: Build, overlap: Overlap) -> None:
    def sometimes(_payload: Any, context: TaskContext) -> None:
        if context.due_at == NOON + 10 * MINUTE and context.attempt == 1:
            raise RuntimeError("not yet")

    world = build(sometimes)
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1500)
    job = world.create(task="probe", schedule=OFTEN, overlap=overlap, retry=retry)
    world.live(25 * MINUTE, step=MINUTE)
    tried, second = occurrences(world, job, until=NOON + 20 * MINUTE)
    waits = overlap is Overlap.QUEUE_ALL
    assert (tried.outcome, second.outcome) == ("waiting", "waiting" if waits else "executed")
    assert second.child_id == (None if waits else child_id(job.job_id, NOON + 20 * MINUTE))
    made = backfill(world, job, NOON + 10 * MINUTE)
    assert (made.created, made.executed) == (0, 2)
    world.live(15 * MINUTE, step=MINUTE)
    assert outcomes(world, job, until=NOON + 20 * MINUTE) == [(NOON + n * MINUTE, "executed") for n in (10, 20)]


def test_a_recorded_attempt_whose_job_is_not_finished_yet_counts(world: World) -> None:
    """Between the record and the write that empties the slot."""
    job = world.create()
    (claimed,) = world.die()
    world.core.history.record_many([replace(execution(claimed), due_at=NOON)])
    (entry,) = occurrences(world, job)
    assert (entry.outcome, entry.status) == ("executed", ExecutionStatus.SUCCESS)
