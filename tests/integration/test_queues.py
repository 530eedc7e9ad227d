"""Named queues on a clock that is moved by hand: limits, pauses, waiting lists, what is kept (rule 10)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.arming import first_attempt
from tickwell.application.create_job import After, Every
from tickwell.application.ports import QueueKey
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError, QueueInUseError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.queue import Kept, Queue, RateLimit, Retention
from tickwell.domain.retry import RetryPolicy, RetryStrategy

SECOND = timedelta(seconds=1)
KEY = QueueKey(tenant_id=ADA.tenant_id, name="images")


class Probe:
    """A task that notes when it starts, and how many of it run at once; ``act`` is called while it runs."""

    def __init__(self) -> None:
        self.starts: list[datetime] = []
        self.act: Any = None

    def __call__(self, payload: Any, context: Any) -> Any:
        self.starts.append(context.now())
        if self.act is not None:
            self.act()
        return payload


def submit(world: World, count: int, **fields: Any) -> list[Job]:
    return [world.create(task="probe", queue="images", **fields) for _ in range(count)]


def states(world: World, jobs: list[Job]) -> list[JobState]:
    return [world.job(job).state(world.clock.now()) for job in jobs]


def waiting(world: World) -> int:
    return world.core.queues.count_waiting([KEY], most=1000)[KEY]


def permits(world: World) -> int:
    return len(world.core.queues.gate(KEY).at(world.clock.now()).permits)


def test_who_gets_no_permit_waits_and_starts_when_one_is_given_back(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=2)
    jobs = submit(world, 7)
    seen: list[int] = []
    probe.act = lambda: seen.append(permits(world))
    reports = world.work()
    assert states(world, jobs) == [JobState.COMPLETED] * 7
    assert max(seen) == 2
    assert sum(report.parked for report in reports) == 5
    assert (waiting(world), permits(world)) == (0, 0)
    assert all(len(world.executions(job)) == 1 for job in jobs)


def test_a_queue_that_waits_delays_no_other(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=1)
    world.queue("other")
    holder = submit(world, 1)[0]
    world.core.admit_attempts()([_message(holder)], now=world.clock.now())
    world.lose_messages()
    blocked = submit(world, 3)
    free = world.create(task="probe", queue="other")
    world.work()
    assert states(world, blocked) == [JobState.WAITING] * 3
    assert world.job(free).status is JobStatus.COMPLETED
    assert waiting(world) == 3


def _message(job: Job) -> Any:
    assert job.next_run_at is not None
    return first_attempt(job, job.next_run_at)


def test_starts_are_spread_by_the_rate_and_each_message_is_received_once(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(rate_limit=RateLimit(limit=2, per_seconds=1))
    jobs = submit(world, 6)
    for _ in range(10):
        world.work()
        world.clock.advance(SECOND / 2)
    assert [(start - NOON) / SECOND for start in probe.starts] == [0, 0.5, 1, 1.5, 2, 2.5]
    assert states(world, jobs) == [JobState.COMPLETED] * 6


def test_a_start_beyond_the_longest_delay_is_kept_by_a_due_item(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(rate_limit=RateLimit(limit=1, per_seconds=3600))
    submit(world, 2)
    report = world.live(timedelta(minutes=61))
    assert [start - NOON for start in probe.starts] == [timedelta(0), timedelta(hours=1)]
    assert report.resent == 0


def test_permits_and_rate_hold_together(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=2, rate_limit=RateLimit(limit=1, per_seconds=10))
    submit(world, 4)
    for _ in range(50):
        world.work()
        world.clock.advance(SECOND)
    assert [(start - NOON) / SECOND for start in probe.starts] == [0, 10, 20, 30]
    assert (waiting(world), permits(world)) == (0, 0)


def test_a_paused_queue_keeps_its_jobs_and_loses_none(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue()
    world.queues.change(ADA, "images", Queue.paused)
    jobs = submit(world, 3)
    world.live(timedelta(minutes=20))
    assert states(world, jobs) == [JobState.WAITING] * 3
    assert (probe.starts, waiting(world)) == ([], 3)
    world.queues.change(ADA, "images", Queue.resumed)
    world.work()
    assert states(world, jobs) == [JobState.COMPLETED] * 3
    assert [len(world.executions(job)) for job in jobs] == [1, 1, 1]


def test_a_default_queue_can_be_paused_too(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queues.change(ADA, "default-medium", Queue.paused)
    job = world.create(task="probe")
    world.work()
    assert probe.starts == []
    world.queues.change(ADA, "default-medium", Queue.resumed)
    world.work()
    assert world.job(job).status is JobStatus.COMPLETED


def test_what_runs_when_its_queue_is_paused_goes_on_and_lets_nobody_start(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=1)
    jobs = submit(world, 2)
    probe.act = lambda: world.queues.change(ADA, "images", Queue.paused)
    world.work()
    assert states(world, jobs) == [JobState.COMPLETED, JobState.WAITING]
    assert permits(world) == 0


def test_resuming_a_long_list_goes_on_with_the_safety_sync(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tickwell.application.manage_queues._FIRST_LET_GO", 2)
    monkeypatch.setattr("tickwell.application.admission._HEADS", 2)
    world = build(Probe())
    world.queue()
    world.queues.change(ADA, "images", Queue.paused)
    jobs = submit(world, 5)
    world.work()
    world.queues.change(ADA, "images", Queue.resumed)
    assert waiting(world) == 3
    assert world.sync().let_go == 3
    world.work()
    assert states(world, jobs) == [JobState.COMPLETED] * 5


def test_a_higher_limit_lets_those_go_who_wait(build: Build) -> None:
    world = build(Probe())
    world.queue(concurrency=1)
    holder = submit(world, 1)[0]
    world.core.admit_attempts()([_message(holder)], now=world.clock.now())
    world.lose_messages()
    submit(world, 3)
    world.work()
    assert waiting(world) == 3
    world.queues.change(ADA, "images", lambda queue, now: queue.changed(now, concurrency=3))
    assert (waiting(world), permits(world)) == (1, 3)


def test_the_permit_of_a_lost_worker_is_given_back_when_its_attempt_is(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=1)
    lost, other = submit(world, 2)
    admitted = world.core.admit_attempts()([_message(lost)], now=world.clock.now())
    world.core.claim_attempts()(admitted.ready, now=world.clock.now())
    world.work()
    assert states(world, [other]) == [JobState.WAITING]
    world.live(timedelta(minutes=16))
    assert states(world, [lost, other]) == [JobState.COMPLETED, JobState.COMPLETED]
    assert [execution.status for execution in world.executions(lost)] == [
        ExecutionStatus.LOST,
        ExecutionStatus.SUCCESS,
    ]


def test_a_message_that_is_lost_after_its_permit_was_given_is_sent_again(build: Build) -> None:
    world = build(Probe())
    world.queue(concurrency=1)
    first, second = submit(world, 2)
    world.core.admit_attempts()([_message(first), _message(second)], now=world.clock.now())
    world.lose_messages()
    world.live(timedelta(hours=1))
    assert states(world, [first, second]) == [JobState.COMPLETED] * 2


def test_a_permit_given_back_in_the_middle_of_parking_is_not_missed(build: Build) -> None:
    world = build(Probe())
    world.queue(concurrency=1)
    first, second = submit(world, 2)
    admit = world.core.admit_attempts()
    admit([_message(first)], now=world.clock.now())
    park = world.core.queues.park

    def given_back_meanwhile(messages: Any) -> None:
        admit.give_back([_message(first)])
        park(messages)

    world.core.queues.park = given_back_meanwhile  # type: ignore[method-assign]
    admit([_message(second)], now=world.clock.now())
    assert (waiting(world), permits(world)) == (0, 1)


def test_the_check_leaves_alone_what_waits_for_a_permit(build: Build) -> None:
    world = build(Probe())
    world.queue(concurrency=1)
    holder = submit(world, 1)[0]
    world.core.admit_attempts()([_message(holder)], now=world.clock.now())
    world.lose_messages()
    submit(world, 3)
    world.work()
    world.clock.advance(timedelta(minutes=2))
    report = world.sync()
    assert (report.resent, report.carried) == (0, 1)


def test_a_job_that_was_deleted_while_it_waited_holds_nobody_up(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue()
    world.queues.change(ADA, "images", Queue.paused)
    deleted, kept = submit(world, 2)
    world.work()
    world.change.delete(ADA, deleted.job_id)
    world.queues.change(ADA, "images", lambda queue, now: queue.changed(now, paused_at=None, concurrency=1))
    world.work()
    assert states(world, [deleted, kept]) == [JobState.DELETED, JobState.COMPLETED]
    assert (len(probe.starts), waiting(world), permits(world)) == (1, 0, 0)


def test_a_retry_enters_the_queue_again(build: Build) -> None:
    failures = [ValueError("no")]

    def flaky(payload: Any, _context: Any) -> Any:
        if failures:
            raise failures.pop()
        return payload

    world = build(flaky)
    world.queue(concurrency=1, retry=RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=2.0))
    job = submit(world, 1)[0]
    world.work()
    assert (states(world, [job]), permits(world)) == ([JobState.RETRYING], 0)
    world.clock.advance(2 * SECOND)
    world.work()
    assert (states(world, [job]), permits(world)) == ([JobState.COMPLETED], 0)


def test_a_recurring_job_goes_on_in_a_limited_queue(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=1)
    world.create(task="probe", queue="images", schedule=Every(seconds=60))
    world.live(timedelta(seconds=200))
    assert [(start - NOON) / SECOND for start in probe.starts] == [60, 120, 180]


def test_a_job_says_what_goes_before_its_queue_and_that_before_its_task(build: Build) -> None:
    world = build(Probe())
    world.queue(priority="high", timeout_seconds=5, max_retries=1, stall_seconds=30)
    job = world.create(task="probe", queue="images", timeout_seconds=7)
    assert (job.lane, job.policy.timeout_seconds, job.policy.max_retries) == (Lane.HIGH, 7, 1)
    assert job.policy.stall_seconds == 30
    assert world.create(task="probe", queue="images", priority="low").lane is Lane.LOW


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"queue": "unknown"}, "queue"), ({"queue": "default-high", "priority": "low"}, "priority")],
)
def test_queues_that_do_not_fit_are_refused(build: Build, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build().create(**fields)
    assert caught.value.field == field


def test_a_default_queue_may_be_named(build: Build) -> None:
    world = build()
    assert (world.create(queue="default-high").lane, world.create(queue="default-high").queue) == (Lane.HIGH, None)
    assert world.create(queue="default", priority="low").lane is Lane.LOW


def test_a_queue_with_unfinished_jobs_is_not_deleted(build: Build) -> None:
    world = build(Probe())
    world.queue()
    submit(world, 2, schedule=After(delay_seconds=60))
    with pytest.raises(QueueInUseError) as caught:
        world.queues.delete(ADA, "images")
    assert caught.value.jobs == 2
    world.live(timedelta(seconds=90))
    world.queues.delete(ADA, "images")
    with pytest.raises(NotFoundError):
        world.queues.get(ADA, "images")


def test_default_queues_cannot_be_created_or_deleted(build: Build) -> None:
    world = build()
    with pytest.raises(ConflictError):
        world.queue("default-low")
    with pytest.raises(ConflictError):
        world.queues.delete(ADA, "default-low")


def test_queues_of_other_tenants_do_not_exist(build: Build) -> None:
    world = build()
    world.queue()
    with pytest.raises(NotFoundError):
        world.queues.get(replace(ADA, tenant_id="tenant-eve"), "images")


def test_how_full_a_queue_is(build: Build) -> None:
    world = build(Probe())
    world.queue(concurrency=1, rate_limit=RateLimit(limit=1, per_seconds=60))
    world.queues.change(ADA, "images", Queue.paused)
    submit(world, 3)
    world.work()
    state = world.queues.get(ADA, "images")
    assert (state.waiting, state.running, state.health, state.jobs) == (3, 0, "normal", {JobStatus.ACTIVE: 3})
    assert replace(state, waiting=100).health == "warning"
    assert replace(state, waiting=1000).health == "critical"
    assert [found.queue.name for found in world.queues.list_queues(ADA)] == [
        "default-heavy",
        "default-high",
        "default-low",
        "default-medium",
        "images",
    ]


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
