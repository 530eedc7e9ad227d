"""What becomes of attempts whose worker is stopped, or is itself cancelled."""

import asyncio
from typing import Any

import pytest

from tests.stages import LONG, MINUTE, on_stage
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.task import TaskContext
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.retry import OnLost, RetryAt
from tickwell.domain.slot import Slot


def test_an_attempt_that_its_worker_gives_back_begins_anew_at_once(build: Build) -> None:
    stop = WorkerStop()

    async def body(_world: World, _context: TaskContext) -> None:
        stop.return_all()
        await asyncio.sleep(LONG)

    world = on_stage(build, body, watch_seconds=LONG)
    job = world.create(task="probe", max_retries=0)
    world.work(stop)
    (execution,) = world.executions(job)
    assert execution.failure is not None
    assert (execution.status, execution.failure.code) == (ExecutionStatus.LOST, "WORKER_STOPPED")
    assert execution.decision == RetryAt(at=world.clock.now(), attempt=2)
    assert world.job(job).slot == Slot(due_at=job.created_at, attempt=2, returns=1)
    world.work()
    assert [(e.status, e.losses, e.returns) for e in world.executions(job)] == [("lost", 0, 1), ("success", 0, 1)]
    assert world.job(job).status is JobStatus.COMPLETED


def test_an_attempt_given_back_uses_up_neither_a_retry_nor_a_loss(build: Build) -> None:
    attempts = []

    async def body(_payload: Any, context: TaskContext) -> str:
        attempts.append(context.attempt)
        if context.attempt == 1:
            stop.return_all()
            await asyncio.sleep(LONG)
        if context.attempt < 4:
            raise ValueError("really")
        return "done"

    stop = WorkerStop()
    world = build(body)
    job = world.create(task="probe", max_retries=2)
    world.work(stop)
    world.live(10 * MINUTE)
    assert attempts == [1, 2, 3, 4]
    assert world.job(job).status is JobStatus.COMPLETED


def test_what_must_not_run_twice_is_given_up_when_its_worker_stops(build: Build) -> None:
    stop = WorkerStop()

    async def body(_world: World, _context: TaskContext) -> None:
        stop.return_all()
        await asyncio.sleep(LONG)

    world = on_stage(build, body)
    job = world.create(task="probe", on_lost=OnLost.FAIL)
    world.work(stop)
    assert world.job(job).status is JobStatus.FAILED
    (letter,) = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert (letter.error_code, letter.reason) == (
        "WORKER_STOPPED",
        "the worker was stopped, and this job must not run twice",
    )


def test_what_had_not_begun_when_the_worker_stopped_is_deliverable_at_once(build: Build) -> None:
    stop = WorkerStop()

    async def body(_world: World, _context: TaskContext) -> str:
        stop.request()
        return "done"

    world = on_stage(build, body)
    job = world.create(task="probe")
    queue = world.lanes[Lane.MEDIUM]
    world.create()
    for delivery in queue.receive(10, wait_seconds=0):
        queue.release(delivery, delay_seconds=0)
    deliveries = queue.receive(10, wait_seconds=0)
    report = asyncio.run(world.execute(queue, deliveries, stop=stop))
    assert [settled.execution.job_id for settled in report.settled] == [job.job_id]
    assert report.again == report.unbegun == [deliveries[1].message_id]
    assert queue.depth().waiting == 1


def test_a_worker_that_is_itself_cancelled_records_nothing(build: Build) -> None:
    begun = asyncio.Event()

    async def body(_payload: Any, _context: TaskContext) -> None:
        begun.set()
        await asyncio.sleep(LONG)

    world = build(body)
    job = world.create(task="probe")
    (claimed,) = world.die()

    async def cancelled() -> None:
        running = asyncio.create_task(world.execute.run_attempt(claimed))
        await begun.wait()
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    slot = world.job(job).slot
    assert slot is not None
    assert slot.is_running()
    assert world.executions(job) == []
