"""Pausing, resuming, editing and ending account for what was due and had not been claimed (rule 5)."""

import pytest

from tests.editing import edit
from tests.outcomes import outcomes, ran
from tests.stages import MINUTE
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, Every
from tickwell.application.task import TaskContext
from tickwell.domain.arrival import CANCELLED, EDITED, PAUSED
from tickwell.domain.job import Job, JobStatus

EACH_MINUTE = Every(seconds=60)
BY_PAUSE, BY_EDIT, BY_CANCEL = f"skipped: {PAUSED}", f"skipped: {EDITED}", f"cancelled: {CANCELLED}"


def overdue(world: World, seconds: float = 130) -> Job:
    """A job each minute whose messages nobody has received: two occurrences are due."""
    job = world.create(schedule=EACH_MINUTE)
    world.clock.advance(seconds)
    return job


def test_a_pause_accounts_for_what_was_due(world: World) -> None:
    job = overdue(world)
    world.change.pause(ADA, job.job_id)
    world.work()
    assert outcomes(world, job) == {60: BY_PAUSE, 120: BY_PAUSE}


def test_a_pause_accounts_for_nothing_that_is_to_come(world: World) -> None:
    job = overdue(world, 50)
    world.change.pause(ADA, job.job_id)
    assert outcomes(world, job) == {}


def test_a_resume_accounts_for_the_time_of_the_pause(world: World) -> None:
    job = overdue(world)
    world.change.pause(ADA, job.job_id)
    world.clock.advance(120)
    edit(world, job, name="renamed meanwhile")
    world.clock.advance(60)
    world.change.resume(ADA, job.job_id)
    assert outcomes(world, job) == dict.fromkeys(range(60, 301, 60), BY_PAUSE)
    world.clock.advance(50)
    world.work()
    assert outcomes(world, job)[360] == "success"


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_ending_a_paused_job_accounts_for_the_pause(world: World, action: str) -> None:
    job = overdue(world, 50)
    world.change.pause(ADA, job.job_id)
    world.clock.advance(120)
    getattr(world.change, action)(ADA, job.job_id)
    assert outcomes(world, job) == {60: BY_PAUSE, 120: BY_PAUSE}


def test_another_schedule_accounts_for_what_was_due_by_the_old_one(world: World) -> None:
    job = overdue(world)
    edit(world, job, schedule=Every(seconds=45))
    world.work()
    assert outcomes(world, job) == {60: BY_EDIT, 120: BY_EDIT}


def test_an_edit_that_leaves_the_schedule_leaves_out_nothing(world: World) -> None:
    job = overdue(world, 70)
    edit(world, job, name="another")
    world.work()
    assert outcomes(world, job) == {60: "success"}


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_what_was_due_is_cancelled_with_its_job(world: World, action: str) -> None:
    job = overdue(world)
    getattr(world.change, action)(ADA, job.job_id)
    world.work()
    assert outcomes(world, job) == {60: BY_CANCEL, 120: BY_CANCEL}


@pytest.mark.parametrize("delay", [10, 3600])
def test_the_only_occurrence_is_cancelled_with_its_job_due_or_not(world: World, delay: int) -> None:
    job = world.create(schedule=After(delay_seconds=delay))
    world.clock.advance(20)
    world.change.cancel(ADA, job.job_id)
    assert outcomes(world, job) == {delay: BY_CANCEL}
    world.change.retry(ADA, job.job_id)
    world.work()
    assert [e.status.value for e in ran(world, job)] == ["success"]


def test_a_job_that_pauses_itself_accounts_for_what_was_due_by_then(build: Build) -> None:
    def fail(_payload: object, _context: TaskContext) -> None:
        world.clock.advance(130)
        raise ValueError("no")

    world = build(fail)
    job = world.create(task="probe", schedule=EACH_MINUTE, max_retries=0, pause_after_failures=1)
    world.clock.advance(60)
    world.work()
    assert world.job(job).status is JobStatus.PAUSED
    assert outcomes(world, job) == {60: "failed", 120: BY_PAUSE, 180: BY_PAUSE}
    world.clock.advance(100)
    world.change.resume(ADA, job.job_id)
    assert outcomes(world, job) == {60: "failed", **dict.fromkeys(range(120, 290, 60), BY_PAUSE)}


def test_what_was_executed_overrides_what_a_lost_race_left_out(world: World) -> None:
    job = overdue(world, 60)
    read = world.job(job)
    now = world.clock.now()
    paused = read.pause(now)
    world.work()  # the claim comes between the record and the write of the pause
    assert not world.core.jobs.replace(paused, read=read)
    world.change.pause(ADA, job.job_id)
    world.clock.advance(MINUTE)
    world.change.resume(ADA, job.job_id)
    assert outcomes(world, job) == {60: "success", 120: BY_PAUSE}
