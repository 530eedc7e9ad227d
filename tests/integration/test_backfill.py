"""Backfill: what a past range misses runs once, however often it is asked for, on both engines."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.makers import execution
from tests.doubles import NOON
from tests.editing import execute_now
from tests.occurring import backfill, occurrences, outcomes
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, Every
from tickwell.application.task import TaskContext
from tickwell.domain.account import Principal, Role
from tickwell.domain.child import child_id, stands_in_for
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import IllegalTransitionError, InvalidInputError, NotFoundError
from tickwell.domain.job import Job

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
HOURLY = CronExpression.parse("0 * * * *")
MINUTELY = CronExpression.parse("* * * * *")


def ran(world: World, job: Job) -> list[tuple[datetime, str]]:
    """When what was due, and who ran it, oldest first."""
    page = world.read.executions(ADA, job.job_id, limit=100)
    return [(one.due_at, one.job_id) for one in reversed(page.items)]


def test_what_was_due_before_the_job_was_created_runs_once_oldest_first(build: Build) -> None:
    seen: list[tuple[datetime, Any]] = []
    world = build(lambda payload, context: seen.append((context.due_at, payload)))
    job = world.create(task="probe", schedule=HOURLY, payload={"n": 1})
    made = backfill(world, job, NOON - 4 * HOUR - MINUTE)
    assert (made.created, made.existing, made.executed, made.next_from) == (5, 0, 0, None)
    assert made.until == NOON
    world.work()
    due = [NOON - hours * HOUR for hours in (4, 3, 2, 1, 0)]
    assert seen == [(at, {"n": 1}) for at in due]
    assert ran(world, job) == [(at, child_id(job.job_id, at)) for at in due]
    assert world.job(job) == job, "the job itself is not touched"
    again = backfill(world, job, NOON - 4 * HOUR - MINUTE)
    assert (again.created, again.executed) == (0, 5)
    world.work()
    assert len(seen) == 5


def test_asked_for_again_before_they_ran_they_are_there_already(world: World) -> None:
    job = world.create(schedule=HOURLY)
    backfill(world, job, NOON - 2 * HOUR)
    again = backfill(world, job, NOON - 4 * HOUR)
    assert (again.created, again.existing, again.executed) == (2, 3, 0)
    world.work()
    assert len(ran(world, job)) == 5


def test_what_was_executed_is_left_out_and_what_was_missed_is_made_up(world: World) -> None:
    job = world.create(schedule=HOURLY)
    world.live(1.5 * HOUR, step=30 * MINUTE)
    world.clock.advance(4 * HOUR)
    world.sync()
    world.work()
    before = outcomes(world, job, until=NOON + 5 * HOUR)
    assert [outcome for _, outcome in before] == ["executed", "executed", "skipped", "skipped", "skipped"]
    made = backfill(world, job, NOON)
    assert (made.created, made.executed) == (4, 2), "noon itself was before the job"
    world.work()
    assert [outcome for _, outcome in outcomes(world, job, since=NOON, until=NOON + 5 * HOUR)] == ["executed"] * 6


def test_it_is_seen_among_the_occurrences_from_the_beginning(build: Build) -> None:
    world = build(lambda _payload, context: 1 / (context.due_at.hour - 11))
    job = world.create(task="probe", schedule=HOURLY, max_retries=0)
    backfill(world, job, NOON - 2 * HOUR)
    waiting = occurrences(world, job, until=NOON)
    assert {entry.outcome.value for entry in waiting} == {"waiting"}
    assert [entry.child_id for entry in waiting] == [child_id(job.job_id, entry.due_at) for entry in waiting]
    world.change.cancel(ADA, child_id(job.job_id, NOON))
    world.work()
    first, second, third = occurrences(world, job, until=NOON)
    assert (first.outcome, first.status) == ("executed", "success")
    assert (second.outcome, second.status, second.reason) == ("executed", "failed", "the only attempt failed")
    assert (third.outcome, third.status) == ("cancelled", None)
    assert backfill(world, job, NOON - 2 * HOUR).created == 0, "not even the cancelled one"


def test_they_start_apart_from_each_other(world: World) -> None:
    job = world.create(schedule=Every(seconds=600))
    world.clock.advance(32 * MINUTE)
    world.work()
    now = world.clock.now()
    made = backfill(world, job, NOON, spread=100)
    assert (made.created, made.last_start_at) == (2, now + timedelta(seconds=100))
    world.work()
    assert len(ran(world, job)) == 2
    world.clock.advance(99)
    world.work()
    assert len(ran(world, job)) == 2
    world.clock.advance(1)
    world.work()
    assert len(ran(world, job)) == 3


def test_what_starts_beyond_the_longest_delay_is_sent_in_time(world: World) -> None:
    job = world.create(schedule=HOURLY)
    backfill(world, job, NOON - 2 * HOUR, spread=1200)
    world.live(35 * MINUTE, step=MINUTE)
    assert len(ran(world, job)) == 2
    world.live(10 * MINUTE, step=MINUTE)
    assert len(ran(world, job)) == 3


def test_a_dry_run_counts_and_makes_nothing(world: World) -> None:
    job = world.create(schedule=HOURLY)
    made = backfill(world, job, NOON - 4 * HOUR, dry_run=True)
    assert (made.created, made.last_start_at) == (5, None)
    world.work()
    assert ran(world, job) == []


def test_a_request_is_bounded_and_the_next_one_goes_on(world: World) -> None:
    job = world.create(schedule=MINUTELY)
    since = NOON - 1100 * MINUTE
    first = backfill(world, job, since, dry_run=True)
    assert (first.created, first.next_from) == (1000, since + 1000 * MINUTE)
    second = backfill(world, job, since + 1000 * MINUTE, dry_run=True)
    assert (second.created, second.next_from) == (101, None)


def test_more_than_one_step_is_written_and_each_runs_once(world: World) -> None:
    job = world.create(schedule=MINUTELY)
    assert backfill(world, job, NOON - 110 * MINUTE).created == 111
    assert backfill(world, job, NOON - 110 * MINUTE).existing == 111
    reports = world.work()
    assert sum(len(report.settled) for report in reports) == 111


def test_what_the_schedule_decides_itself_is_left_to_it(world: World) -> None:
    job = world.create(schedule=HOURLY)
    world.clock.advance(2 * HOUR)
    made = backfill(world, job, NOON - HOUR)
    assert (made.created, made.until) == (2, NOON + HOUR - timedelta(milliseconds=1))
    world.sync()
    world.work()
    assert [at - NOON for at, ran_by in ran(world, job) if ran_by == job.job_id] == [HOUR, 2 * HOUR]


def test_what_runs_or_waits_for_a_retry_counts_as_executed(build: Build) -> None:
    def fail(_payload: Any, _context: TaskContext) -> None:
        made.append(backfill(world, job, NOON))
        raise RuntimeError("broken")

    made: list[Any] = []
    world = build(fail)
    job = world.create(task="probe", schedule=Every(seconds=600))
    world.clock.advance(600)
    world.work()
    made.append(backfill(world, job, NOON))
    assert [(one.created, one.executed) for one in made] == [(0, 1), (0, 1)]


def test_extra_executions_stand_for_nothing(world: World) -> None:
    job = world.create(schedule=HOURLY)
    execute_now(world, job)
    world.work()
    assert backfill(world, job, NOON, dry_run=True).created == 1


def test_many_attempts_do_not_hide_what_was_executed(world: World) -> None:
    """More rows of history than one reading gives."""
    job = world.create(schedule=MINUTELY)
    shown = replace(job, next_run_at=NOON + MINUTE)
    records = [
        execution(shown, due_at=NOON - minute * MINUTE, attempt=attempt)
        for minute in range(12)
        for attempt in range(1, 102)
    ]
    world.core.history.record_many(records)
    made = backfill(world, job, NOON - 20 * MINUTE, dry_run=True)
    assert (made.created, made.executed) == (9, 12)


def test_a_paused_job_is_backfilled_and_stays_paused(world: World) -> None:
    job = world.create(schedule=HOURLY)
    paused = world.change.pause(ADA, job.job_id)
    world.clock.advance(2 * HOUR)
    made = backfill(world, job, NOON)
    assert (made.created, made.until) == (2, NOON + 2 * HOUR - MINUTE), "it may be resumed at this very moment"
    world.clock.advance(60)
    assert backfill(world, job, NOON).created == 1
    world.work()
    assert len(ran(world, job)) == 3
    assert world.job(job) == paused


def test_two_requests_at_once_make_each_child_once(world: World) -> None:
    job = world.create(schedule=MINUTELY)
    with ThreadPoolExecutor(max_workers=4) as threads:
        made = list(threads.map(lambda _: backfill(world, job, NOON - 20 * MINUTE), range(4)))
    assert sum(one.created for one in made) >= 21
    assert all(one.next_from is None for one in made)
    world.work()
    assert len(ran(world, job)) == 21
    assert len({stands_in_for(job_id) for _, job_id in ran(world, job)}) == 21


@pytest.mark.parametrize(
    ("window", "field"), [((NOON + SECOND, None), "from"), ((NOON - HOUR, NOON - 2 * HOUR), "until")]
)
def test_a_range_must_be_past_and_the_right_way_round(
    world: World, window: tuple[datetime, datetime | None], field: str
) -> None:
    job = world.create(schedule=HOURLY)
    with pytest.raises(InvalidInputError) as caught:
        backfill(world, job, *window)
    assert caught.value.field == field


def test_only_recurring_jobs_of_ones_own_that_are_not_deleted(world: World) -> None:
    with pytest.raises(IllegalTransitionError):
        backfill(world, world.create(schedule=After(delay_seconds=60)), NOON)
    job = world.create(schedule=HOURLY)
    eve = Principal(tenant_id="tenant-eve", user_id="eve", role=Role.OWNER)
    with pytest.raises(NotFoundError):
        backfill(world, job, NOON, principal=eve)
    world.change.delete(ADA, job.job_id)
    with pytest.raises(IllegalTransitionError):
        backfill(world, job, NOON)
