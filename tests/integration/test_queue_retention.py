"""What queues keep of jobs that have ended: for a time, or a number of them (S13)."""

from datetime import timedelta

from tests.doubles import NOON
from tests.queue_probe import SECOND, Probe, submit
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.domain.queue import Kept, Retention


def test_ended_jobs_are_kept_as_long_as_their_queue_says(build: Build) -> None:
    world = build(Probe())
    world.queue(retention=Retention(completed=Kept(seconds=3600)))
    job = submit(world, 1)[0]
    world.work()
    assert world.job(job).expires_at == NOON + timedelta(hours=1)
    assert world.executions(job)[0].expires_at == NOON + timedelta(hours=1)


def test_no_more_ended_jobs_are_shown_than_their_queue_keeps(build: Build) -> None:
    world = build(Probe())
    world.queue(retention=Retention(completed=Kept(count=2, at_least_seconds=60)))
    jobs = []
    for _ in range(4):
        jobs += submit(world, 1)
        world.work()
        world.clock.advance(10 * SECOND)
    assert len(world.listed()) == 4
    world.clock.advance(60 * SECOND)
    assert [job.job_id for job in world.listed()] == [jobs[3].job_id, jobs[2].job_id]


def shown(world: World) -> list[str]:
    """What a listing shows once the directory has looked again."""
    world.clock.advance(10 * SECOND)
    return [job.job_id for job in world.listed()]


def test_a_job_that_goes_on_or_is_deleted_takes_no_place_among_those_kept(build: Build) -> None:
    world = build(Probe())
    world.queue(retention=Retention(completed=Kept(count=2)))
    jobs = []
    for _ in range(3):
        jobs += submit(world, 1)
        world.work()
        world.clock.advance(10 * SECOND)
    first, second, third = (job.job_id for job in jobs)
    assert shown(world) == [third, second]
    world.change.retry(ADA, second)
    assert shown(world) == [third, second, first]
    world.work()
    assert shown(world) == [third, second]
    world.change.delete(ADA, third)
    assert shown(world) == [second, first]


def test_a_failed_job_that_succeeds_when_retried_makes_room_for_another_failed_one(build: Build) -> None:
    def fail() -> None:
        raise ValueError("not yet")

    probe = Probe()
    probe.act = fail
    world = build(probe)
    world.queue(max_retries=0, retention=Retention(failed=Kept(count=1)))
    earlier = submit(world, 1)[0].job_id
    world.work()
    world.clock.advance(SECOND)
    later = submit(world, 1)[0].job_id
    world.work()
    assert shown(world) == [later]
    probe.act = None
    world.change.retry(ADA, later)
    world.work()
    assert shown(world) == [later, earlier]
