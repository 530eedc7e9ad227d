"""Recurring schedules with bounds and jitter, from the request to what runs then, on both engines."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.editing import edit
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, Every
from tickwell.application.edit_job import CronChange
from tickwell.application.task import TaskContext
from tickwell.domain.bounds import Bounds, exclusions
from tickwell.domain.cron import CronExpression, DstMissing
from tickwell.domain.errors import IllegalTransitionError, InvalidInputError
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.retry import RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron, Interval, start_of

SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
EVERY_MINUTE = CronExpression.parse("* * * * *")
IN_A_MINUTE = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=60)


def runs(world: World, job: Job) -> list[datetime]:
    return [execution.due_at for execution in world.executions(job)]


def until(minutes: int, **bounds: Any) -> Cron:
    """Each minute, up to so many."""
    return Cron(expression=EVERY_MINUTE, bounds=Bounds(end_at=NOON + minutes * MINUTE, **bounds))


def test_a_job_runs_to_its_end_and_is_completed(world: World) -> None:
    job = world.create(schedule=until(3))
    world.live(2 * MINUTE)
    assert world.job(job).status is JobStatus.ACTIVE
    world.live(3 * MINUTE)
    done = world.job(job)
    assert runs(world, job) == [NOON + n * MINUTE for n in (1, 2, 3)]
    assert (done.status, done.state(world.clock.now()), done.next_run_at) == (
        JobStatus.COMPLETED,
        JobState.COMPLETED,
        None,
    )
    assert done.expires_at is not None
    with pytest.raises(IllegalTransitionError, match="its schedule is over"):
        world.change.retry(ADA, job.job_id)


def test_the_last_occurrence_has_its_retries_first(build: Build) -> None:
    attempts: list[int] = []

    def fail_once(_: Any, context: TaskContext) -> None:
        attempts.append(context.attempt)
        if len(attempts) == 1:
            raise ValueError("not yet")

    world = build(fail_once)
    job = world.create(task="probe", schedule=until(1), retry=IN_A_MINUTE)
    world.live(MINUTE + 30 * SECOND)
    assert world.job(job).state(world.clock.now()) is JobState.RETRYING
    world.live(2 * MINUTE)
    assert (attempts, world.job(job).status) == ([1, 2], JobStatus.COMPLETED)


def test_a_worker_that_dies_with_the_last_occurrence_leaves_nothing_undone(world: World) -> None:
    job = world.create(schedule=until(1), timeout_seconds=30)
    world.clock.advance(60)
    assert world.die()
    world.live(15 * MINUTE)
    assert world.job(job).status is JobStatus.COMPLETED
    assert [(e.due_at, e.attempt) for e in world.executions(job)] == [(NOON + MINUTE, 1), (NOON + MINUTE, 2)]


def test_what_meets_the_slot_busy_at_the_end_is_skipped_and_the_job_ends_with_the_slot(build: Build) -> None:
    world = build(lambda _, context: 1 / 0 if context.attempt == 1 else None)
    job = world.create(task="probe", schedule=until(2), retry=replace(IN_A_MINUTE, delay_seconds=150))
    world.live(3 * MINUTE)
    busy = world.job(job)
    assert (busy.status, busy.next_run_at) == (JobStatus.ACTIVE, None)
    world.live(3 * MINUTE)
    assert world.job(job).status is JobStatus.COMPLETED
    skips = world.core.history.list_skips(job.tenant_id, job.job_id, limit=10, cursor=None).items
    assert [skip.first_due_at for skip in skips] == [NOON + 2 * MINUTE]


def test_an_interval_is_counted_from_its_start_and_leaves_dates_out(world: World) -> None:
    bounds = Bounds(start_at=NOON + 90 * SECOND, exclude=exclusions(["2026-11-23/2026-11-24"]))
    job = world.create(schedule=Every(seconds=6 * 3600, timezone="Asia/Tokyo", bounds=bounds))
    assert job.next_run_at == NOON + 90 * SECOND
    world.live(HOUR, step=HOUR / 2)
    assert runs(world, job) == [NOON + 90 * SECOND]
    # In Tokyo the 23rd begins at 15:00 UTC of the 22nd, and the 25th at 15:00 of the 24th.
    assert world.job(job).next_run_at == NOON + 90 * SECOND + 54 * HOUR


def test_jitter_moves_the_start_and_not_the_occurrence(world: World) -> None:
    schedule = replace(until(1), jitter_seconds=30)
    jobs = [world.create(schedule=schedule) for _ in range(4)]
    assert [job.next_run_at for job in jobs] == [NOON + MINUTE] * 4
    world.clock.advance(59)
    for _ in range(17):
        world.work()
        world.clock.advance(2)
    drawn = {job.job_id: start_of(schedule, job.job_id, NOON + MINUTE) for job in jobs}
    for job in jobs:
        (execution,) = world.executions(job)
        assert execution.due_at == NOON + MINUTE
        assert drawn[job.job_id] <= execution.started_at <= drawn[job.job_id] + 2 * SECOND
    assert len(set(drawn.values())) > 1
    assert all(NOON + MINUTE <= at <= NOON + 90 * SECOND for at in drawn.values())


def test_jitter_never_reaches_the_next_occurrence() -> None:
    schedule = Interval(seconds=2, anchor_at=NOON, jitter_seconds=3600)
    starts = [start_of(schedule, f"job-{n}", NOON + 2 * SECOND) - NOON for n in range(2000)]
    assert min(starts) >= 2 * SECOND
    assert 3.99 * SECOND < max(starts) < 4 * SECOND


def test_a_changed_end_or_exclusion_recalculates_what_comes_next(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("0 9 * * *"))
    assert job.next_run_at == NOON + 21 * HOUR
    later = edit(world, job, refinements={"exclude": exclusions(["2026-11-23", "2026-11-24"])})
    assert later.next_run_at == NOON + 21 * HOUR + 2 * DAY
    again = edit(world, job, refinements={"exclude": ()})
    assert again.next_run_at == NOON + 21 * HOUR
    begun = edit(world, job, refinements={"start_at": NOON + 5 * DAY})
    assert begun.next_run_at == NOON + 21 * HOUR + 5 * DAY
    assert edit(world, job, schedule=Every(seconds=3600)).next_run_at == NOON + 5 * DAY
    assert edit(world, job, refinements={"start_at": None}).next_run_at == NOON + HOUR
    kept = edit(world, job, refinements={"jitter_seconds": 60, "end_at": NOON + DAY}).schedule
    assert isinstance(kept, Interval)
    assert (kept.jitter_seconds, kept.bounds) == (60, Bounds(end_at=NOON + DAY))
    back = edit(world, job, schedule=CronChange(text="0 1 * * *")).schedule
    assert isinstance(back, Cron)
    assert (back.jitter_seconds, back.bounds) == (60, Bounds(end_at=NOON + DAY))


def test_policies_for_changes_of_the_clock_are_edited_alone_and_stay(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("30 2 29 3 *", "Europe/Berlin"))
    assert job.next_run_at == datetime.fromisoformat("2027-03-29T00:30:00Z")
    skipping = edit(world, job, refinements={"dst_missing": DstMissing.SKIP})
    moved = edit(world, job, schedule=CronChange(text="30 2 28 3 *"))
    assert (skipping.version, moved.next_run_at) == (2, datetime.fromisoformat("2028-03-28T00:30:00Z"))
    shifted = edit(world, job, refinements={"dst_missing": None})
    assert shifted.next_run_at == datetime.fromisoformat("2027-03-28T01:00:00Z")


@pytest.mark.parametrize(
    ("refinements", "field"),
    [
        ({"end_at": NOON}, "end_at"),
        ({"end_at": NOON + 59 * SECOND}, "end_at"),
        ({"start_at": NOON + DAY, "end_at": NOON}, "end_at"),
        ({"exclude": exclusions(["2026-01-01/2199-12-31"])}, "exclude"),
    ],
)
@pytest.mark.parametrize("is_paused", [False, True])
def test_a_schedule_without_any_occurrence_is_refused(
    world: World, refinements: dict[str, Any], field: str, is_paused: bool
) -> None:
    job = world.create(schedule=EVERY_MINUTE)
    if is_paused:
        world.change.pause(ADA, job.job_id)
    before = world.job(job)
    with pytest.raises(InvalidInputError) as caught:
        edit(world, job, refinements=refinements)
    assert caught.value.field == field
    assert world.job(job) == before


def test_a_job_that_never_comes_is_not_created(world: World) -> None:
    gap_only = CronExpression.parse("30 2 * 3 L0", "Europe/Berlin", dst_missing=DstMissing.SKIP)
    for schedule, field in [(until(0), "end_at"), (gap_only, "dst_missing")]:
        with pytest.raises(InvalidInputError) as caught:
            world.create(schedule=schedule)
        assert caught.value.field == field
    assert world.listed() == []


def test_refinements_of_a_one_time_job_are_refused_unless_they_say_nothing(world: World) -> None:
    job = world.create(schedule=After(delay_seconds=600))
    with pytest.raises(InvalidInputError, match="recurring jobs only"):
        edit(world, job, refinements={"end_at": NOON + DAY})
    assert edit(world, job, refinements={"end_at": None, "exclude": ()}).next_run_at == NOON + 10 * MINUTE


def test_a_pause_over_the_end_of_the_schedule_ends_in_completed(world: World) -> None:
    job = world.create(schedule=until(5))
    world.change.pause(ADA, job.job_id)
    world.clock.advance(600)
    resumed = world.change.resume(ADA, job.job_id)
    assert (resumed.status, resumed.next_run_at) == (JobStatus.COMPLETED, None)
    assert world.job(job) == resumed
    world.change.delete(ADA, job.job_id)


def test_an_edit_that_resumes_a_job_gives_it_a_new_end(world: World) -> None:
    job = world.create(schedule=until(5))
    world.change.pause(ADA, job.job_id)
    world.clock.advance(600)
    resumed = edit(world, job, refinements={"end_at": NOON + 20 * MINUTE}, status=JobStatus.ACTIVE)
    assert (resumed.status, resumed.next_run_at) == (JobStatus.ACTIVE, NOON + 11 * MINUTE)
