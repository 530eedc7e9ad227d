"""The life of jobs, from acceptance to the recorded result, with everything real but time."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.application.create_job import After, Every, Immediately
from tickwell.application.ports import Outgoing
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import (
    AttemptFailedError,
    IllegalTransitionError,
    NotFoundError,
)
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.job import JobState, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import OnLost, RetryPolicy, RetryStrategy

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def failing(times: int, error: Callable[[], Exception]) -> Any:
    """A task body that fails ``times`` times and then succeeds."""
    left = [times]

    def body(_payload: Any, _context: Any) -> str:
        if left[0]:
            left[0] -= 1
            raise error()
        return "done"

    return body


def test_an_immediate_job_runs_once_and_is_completed(world: World) -> None:
    job = world.create(payload={"a": [1, None, "ü"]})
    assert job.state(world.clock.now()) is JobState.WAITING
    world.work()
    (execution,) = world.executions(job)
    assert (execution.status, execution.output) == (ExecutionStatus.SUCCESS, {"a": [1, None, "ü"]})
    stored = world.job(job)
    assert stored.status is JobStatus.COMPLETED
    assert (stored.tally.executions, stored.tally.successful, stored.tally.failed) == (1, 1, 0)
    assert stored.slot is None
    world.live(20 * MINUTE)
    assert len(world.executions(job)) == 1


def test_a_delayed_job_does_not_start_before_its_time(world: World) -> None:
    job = world.create(schedule=After(delay_seconds=20))
    world.clock.advance(timedelta(seconds=19, milliseconds=999))
    world.work()
    assert world.executions(job) == []
    world.clock.advance(timedelta(milliseconds=1))
    world.work()
    (execution,) = world.executions(job)
    assert execution.started_at == NOON + 20 * SECOND


def test_a_far_job_is_swept_into_its_lane_and_starts_at_its_second(world: World) -> None:
    job = world.create(schedule=After(delay_seconds=1807))
    assert all(queue.depth().delayed == 0 for queue in world.lanes.values())
    total = world.live(40 * MINUTE, step=SECOND)
    (execution,) = world.executions(job)
    assert execution.started_at == NOON + 1807 * SECOND
    assert (total.swept, total.resent, total.recovered) == (1, 0, 0)


def test_a_recurring_job_runs_at_every_occurrence_and_stays_active(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("*/5 * * * *"))
    world.live(HOUR)
    executions = world.executions(job)
    assert [e.due_at for e in executions] == [NOON + n * 5 * MINUTE for n in range(1, 13)]
    assert world.job(job).status is JobStatus.ACTIVE
    assert world.job(job).tally.successful == 12


def test_an_interval_does_not_drift(world: World) -> None:
    job = world.create(schedule=Every(seconds=90))
    world.live(10 * MINUTE, step=7 * SECOND)
    assert [e.due_at - NOON for e in world.executions(job)] == [n * 90 * SECOND for n in range(1, 7)]


def test_a_failed_attempt_is_retried_with_its_backoff_and_succeeds(build: Build) -> None:
    world = build(failing(2, lambda: AttemptFailedError("NO_LUCK", "not yet")))
    job = world.create(task="probe")
    world.work()
    assert world.job(job).state(world.clock.now()) is JobState.RETRYING
    world.live(7 * MINUTE, step=SECOND * 5)
    executions = world.executions(job)
    assert [e.status.value for e in executions] == ["failed", "failed", "success"]
    assert [e.started_at - NOON for e in executions] == [0 * SECOND, 60 * SECOND, 360 * SECOND]
    assert world.job(job).status is JobStatus.COMPLETED


def test_the_wait_for_a_retry_may_exceed_the_longest_delay_of_a_lane(build: Build) -> None:
    world = build(failing(1, RuntimeError))
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1200)
    job = world.create(task="probe", retry=retry)
    world.live(30 * MINUTE)
    assert [e.started_at - NOON for e in world.executions(job)] == [0 * SECOND, 20 * MINUTE]


def test_when_all_attempts_fail_the_job_fails_and_leaves_one_dead_letter(build: Build) -> None:
    world = build(failing(99, lambda: ValueError("broken")))
    job = world.create(task="probe", max_retries=1)
    world.live(5 * MINUTE)
    executions = world.executions(job)
    assert [e.attempt for e in executions] == [1, 2]
    assert executions[0].failure is not None
    assert executions[0].failure.code == "TASK_ERROR"
    assert "ValueError: broken" in (executions[0].failure.traceback or "")
    assert world.job(job).status is JobStatus.FAILED
    (letter,) = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert (letter.job_id, letter.attempts, letter.error_message) == (job.job_id, 2, "broken")


def test_an_error_that_cannot_be_cured_is_not_retried(build: Build) -> None:
    world = build(failing(9, lambda: AttemptFailedError("GONE", "gone", retryable=False)))
    job = world.create(task="probe")
    world.live(10 * MINUTE)
    assert len(world.executions(job)) == 1
    assert world.job(job).status is JobStatus.FAILED


def test_an_attempt_that_overruns_is_stopped_recorded_as_timeout_and_retried(build: Build) -> None:
    async def sleep_once(_payload: Any, context: Any) -> str:
        if context.attempt == 1:
            await asyncio.sleep(60)
        return "done"

    world = build(sleep_once)
    job = world.create(task="probe", timeout_seconds=1)
    world.live(2 * MINUTE)
    assert [e.status.value for e in world.executions(job)] == ["timeout", "success"]


def test_what_a_task_returns_must_be_json(build: Build) -> None:
    world = build(lambda *_: {1, 2})
    job = world.create(task="probe", max_retries=0)
    world.work()
    (execution,) = world.executions(job)
    assert execution.failure is not None
    assert "JSON" in execution.failure.message


def test_a_lost_message_is_sent_again_by_the_safety_sync(world: World) -> None:
    job = world.create(schedule=Immediately())
    assert world.lose_messages() == 1
    total = world.live(3 * MINUTE)
    assert len(world.executions(job)) == 1
    assert total.resent == 1


def test_a_lost_retry_message_is_sent_again_by_the_safety_sync(build: Build) -> None:
    world = build(failing(1, RuntimeError))
    job = world.create(task="probe")
    world.work()
    world.clock.advance(61)
    assert world.lose_messages() == 1
    world.live(3 * MINUTE)
    assert [e.status.value for e in world.executions(job)] == ["failed", "success"]


def test_a_backlog_is_not_taken_for_a_loss(world: World) -> None:
    for _ in range(30):
        world.create(schedule=Immediately())
    for _ in range(6):
        world.clock.advance(200)
        assert world.sync().resent == 0
    assert sum(q.depth().waiting for q in world.lanes.values()) == 30


def _die_in(world: World, job_count: int = 1) -> None:
    """Claim what is deliverable and do nothing with it, as a worker that dies right then."""
    for queue in world.lanes.values():
        deliveries = queue.receive(10, wait_seconds=0)
        messages = [d.message for d in deliveries]
        if messages:
            batch = world.core.claim_attempts()(messages, now=world.clock.now())  # type: ignore[arg-type]  # all readable
            assert len(batch.claimed) == job_count
            queue.delete(deliveries)


def test_a_job_whose_worker_died_runs_again_after_its_lease(world: World) -> None:
    job = world.create(timeout_seconds=60)
    _die_in(world)
    assert world.job(job).state(world.clock.now()) is JobState.RUNNING
    total = world.live(10 * MINUTE)
    assert [e.status.value for e in world.executions(job)] == ["lost", "success"]
    assert world.executions(job)[1].started_at >= NOON + 80 * SECOND
    assert total.recovered == 1
    assert world.job(job).status is JobStatus.COMPLETED


def test_two_losses_fail_the_occurrence(world: World) -> None:
    job = world.create(timeout_seconds=60, max_retries=50)
    _die_in(world)
    while len(world.executions(job)) < 1:
        world.clock.advance(15)
        world.sync()
    _die_in(world)
    world.live(10 * MINUTE)
    assert [e.status.value for e in world.executions(job)] == ["lost", "lost"]
    assert world.job(job).status is JobStatus.FAILED


def test_a_job_that_must_not_run_twice_fails_with_its_worker(world: World) -> None:
    job = world.create(timeout_seconds=60, on_lost=OnLost.FAIL)
    _die_in(world)
    world.live(10 * MINUTE)
    assert [e.status.value for e in world.executions(job)] == ["lost"]
    assert world.job(job).status is JobStatus.FAILED


def test_a_crash_between_record_and_finish_does_not_run_the_task_again(build: Build) -> None:
    runs: list[int] = []
    world = build(lambda *_: runs.append(1))
    job = world.create(task="probe", timeout_seconds=60)
    queue = world.lanes[job.lane]
    deliveries = queue.receive(10, wait_seconds=0)
    messages: list[Any] = [d.message for d in deliveries]
    (claimed,) = world.core.claim_attempts()(messages, now=world.clock.now()).claimed
    execution = asyncio.run(world.execute.run_attempt(claimed))
    assert isinstance(execution, Execution)
    world.core.history.record_many([execution])
    world.live(30 * MINUTE)
    assert runs == [1]
    assert [e.status.value for e in world.executions(job)] == ["success"]
    assert world.job(job).status is JobStatus.COMPLETED


def test_duplicated_messages_run_a_job_once(world: World) -> None:
    job = world.create()
    queue = world.lanes[job.lane]
    (delivery,) = queue.receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    queue.send([Outgoing(message=delivery.message, group="g")] * 12)
    world.work()
    assert len(world.executions(job)) == 1


def test_an_occurrence_that_meets_a_busy_slot_is_skipped_and_recorded(build: Build) -> None:
    world = build(failing(1, RuntimeError))
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=150)
    job = world.create(task="probe", schedule=CronExpression.parse("* * * * *"), retry=retry)
    world.live(5 * MINUTE, step=5 * SECOND)
    due = [(e.due_at - NOON) / MINUTE for e in world.executions(job)]
    assert due == [1, 1, 4, 5]
    skips = world.core.history.list_skips(job.tenant_id, job.job_id, limit=10, cursor=None).items
    assert sorted((s.first_due_at - NOON) / MINUTE for s in skips) == [2, 3]


def test_after_an_outage_a_recurring_job_runs_once_for_all_that_it_missed(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    world.live(2 * MINUTE + 30 * SECOND)
    world.clock.advance(90 * MINUTE)
    world.live(3 * MINUTE)
    executions = world.executions(job)
    assert len(executions) <= 8
    (skip,) = world.core.history.list_skips(job.tenant_id, job.job_id, limit=10, cursor=None).items
    late = [e.due_at for e in executions]
    assert skip.count is not None
    covered = len(late) + skip.count
    assert covered == (world.job(job).next_run_at - NOON) / MINUTE - 1  # type: ignore[operator]  # a recurring job has one


def test_a_paused_job_starts_nothing_and_goes_on_after_resume(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    world.live(2 * MINUTE + SECOND)
    world.change.pause(ADA, job.job_id)
    world.live(5 * MINUTE)
    assert len(world.executions(job)) == 2
    with pytest.raises(IllegalTransitionError):
        world.change.pause(ADA, job.job_id)
    world.change.resume(ADA, job.job_id)
    world.live(2 * MINUTE)
    assert len(world.executions(job)) == 4


def test_a_retry_that_waited_during_a_pause_runs_after_resume(build: Build) -> None:
    world = build(failing(1, RuntimeError))
    job = world.create(task="probe", schedule=Every(seconds=3600))
    world.live(HOUR + SECOND)
    world.change.pause(ADA, job.job_id)
    world.live(20 * MINUTE)
    assert [e.status.value for e in world.executions(job)] == ["failed"]
    world.change.resume(ADA, job.job_id)
    world.work()
    assert [e.status.value for e in world.executions(job)] == ["failed", "success"]


def test_a_deleted_job_never_runs_again_but_keeps_its_history(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    world.live(MINUTE + SECOND)
    world.change.delete(ADA, job.job_id)
    world.live(5 * MINUTE)
    assert len(world.executions(job)) == 1
    assert world.job(job).status is JobStatus.DELETED
    with pytest.raises(NotFoundError):
        world.change.delete(ADA, job.job_id)


def test_an_unreadable_message_goes_to_the_dead_letter_queue_and_is_recorded(world: World) -> None:
    queue: Any = world.lanes[Lane.HIGH]
    assert isinstance(queue, EmbeddedQueue)
    raw: Any = EmbeddedQueue(
        queue._database,
        "lane-high",
        None,
        str,
        str,
        world.clock,
        visibility_seconds=1,
    )
    raw.send([Outgoing(message="{not json", group="g")])
    (report,) = world.work()
    assert report.unreadable == 1
    deliveries = world.lane_dead_letters.receive(10, wait_seconds=0)
    consumed = world.core.consume_dead_letters()(deliveries)
    assert (consumed.unreadable, consumed.lost) == (1, 0)
    (letter,) = world.core.history.list_dead_letters("operator", limit=10, cursor=None).items
    assert (letter.error_code, letter.body) == ("UNREADABLE_MESSAGE", "{not json")


def test_a_message_that_a_lane_gave_up_on_costs_an_attempt_and_then_the_occurrence(world: World) -> None:
    job = world.create()
    for expected in ("waiting", "failed"):
        deliveries = world.lanes[job.lane].receive(10, wait_seconds=0)
        assert len(deliveries) == 1
        world.core.consume_dead_letters()(deliveries)
        world.lanes[job.lane].delete(deliveries)
        state = world.job(job).state(world.clock.now()).value
        assert state == {"waiting": "retrying"}.get(expected, expected)
    assert [e.status.value for e in world.executions(job)] == ["lost", "lost"]
