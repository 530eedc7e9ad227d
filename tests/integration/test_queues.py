"""Named queues on a clock that is moved by hand: limits, pauses, waiting lists (rule 10)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.queue_probe import SECOND, Probe, permits, states, submit, waiting
from tests.world import ADA
from tests.worlds import Build
from tickwell.application.arming import first_attempt
from tickwell.application.create_job import Every
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.queue import Queue, RateLimit
from tickwell.domain.retry import RetryPolicy, RetryStrategy


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


def test_a_clock_that_is_behind_lets_nobody_go_before_its_time(build: Build) -> None:
    probe = Probe()
    world = build(probe)
    world.queue(concurrency=1)
    admit = world.core.admit_attempts()
    admitted = admit([_message(job) for job in submit(world, 2)], now=world.clock.now())
    world.lose_messages()
    world.clock.advance(-1)  # another machine, or this one's clock was corrected
    admit.give_back(admitted.ready)
    for _ in range(2):
        world.work()
        world.clock.advance(1)
    assert probe.starts == [NOON]


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
