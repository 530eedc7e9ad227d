"""Messages that reach a worker a little before their time: each starts at its own instant, and none before."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.doubles import NOON
from tests.world import World, task
from tickwell.application.arming import first_attempt
from tickwell.application.claim_attempts import ClaimAttempts, ClaimedBatch
from tickwell.application.create_job import At
from tickwell.application.execute_batch import BatchReport
from tickwell.application.ports import Outgoing
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import Precision

MILLISECOND = timedelta(milliseconds=1)
_TURNS = 50
"""More than an attempt needs from its claim to its start."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = memory_world(tmp_path, tasks=[task("probe", lambda _payload, context: context.now().isoformat())])
    yield made
    made.close()


class AtOnce(ThreadPoolExecutor):
    """What is handed to a thread is done by then, so that turns of the loop are all that anything takes."""

    def submit(self, call: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(call(*args, **kwargs))
        return done


def ticking(world: World) -> Callable[[float], Awaitable[None]]:
    """A pause during which others run: the clock moves to what is waited for next, once all have had their turn."""
    awaited: list[datetime] = []

    async def pause(seconds: float) -> None:
        end = world.clock.now() + timedelta(seconds=seconds)
        awaited.append(end)
        while (now := world.clock.now()) < end:
            for _ in range(_TURNS):
                await asyncio.sleep(0)
            if end == min(awaited) and world.clock.now() == now:
                world.clock.set(end)
        awaited.remove(end)

    return pause


def execute_all(world: World, jobs: list[Job], stop: WorkerStop | None = None, pause: Any = None) -> BatchReport:
    """Let a worker have the messages of ``jobs`` now, in one batch."""
    world.clock.set(NOON + timedelta(minutes=1))
    world.lose_messages()
    world.clock.set(NOON)
    queue = world.lanes[Lane.MEDIUM]
    messages = [first_attempt(job, job.next_run_at or NOON) for job in jobs]
    queue.send([Outgoing(message=message, group=message.tenant_id) for message in messages])
    deliveries = queue.receive(10, wait_seconds=0)
    assert len(deliveries) == len(jobs)
    execute = replace(world.execute, pause=pause or ticking(world))

    async def work() -> BatchReport:
        asyncio.get_running_loop().set_default_executor(AtOnce())
        return await execute(queue, deliveries, stop=stop)

    report = asyncio.run(work())
    queue.delete([delivery for delivery in deliveries if delivery.message_id not in report.again])
    return report


def created(world: World, *milliseconds: int, **fields: Any) -> list[Job]:
    return [world.create(task="probe", schedule=At(at=NOON + ms * MILLISECOND), **fields) for ms in milliseconds]


def started(world: World, job: Job) -> datetime:
    [execution] = world.executions(job)
    assert execution.output == execution.started_at.isoformat()
    return execution.started_at


@pytest.mark.parametrize("precision", Precision)
def test_each_of_a_batch_starts_at_its_own_instant(world: World, precision: Precision) -> None:
    """However precise the job is to be: whatever is there early is waited for."""
    milliseconds = (1500, 3, 0, 700, 3, 1999)
    jobs = created(world, *milliseconds, precision=precision)
    report = execute_all(world, jobs)
    assert [started(world, job) - NOON for job in jobs] == [ms * MILLISECOND for ms in milliseconds]
    assert len(report.settled) == len(jobs)
    assert report.done == len(jobs)


def test_what_comes_too_early_to_be_waited_for_is_sent_again(world: World) -> None:
    near, far = created(world, 2000, 2001)
    report = execute_all(world, [near, far])
    assert (report.early, len(report.settled)) == (1, 1)
    assert started(world, near) == NOON + 2000 * MILLISECOND
    world.clock.advance(MILLISECOND)
    world.work()
    assert started(world, far) == NOON + 2001 * MILLISECOND


def test_a_clock_that_is_behind_the_pause_makes_nothing_early(world: World) -> None:
    [job] = created(world, 900)

    async def half(seconds: float) -> None:
        world.clock.advance(max(seconds / 2, 0.001))

    execute_all(world, [job], pause=half)
    assert started(world, job) == NOON + 900 * MILLISECOND


def test_a_worker_that_stops_gives_back_what_it_is_still_waiting_for(world: World) -> None:
    stop = WorkerStop()
    soon, later = created(world, 100, 1800)

    passing = ticking(world)

    async def pause(seconds: float) -> None:
        await passing(seconds)
        if world.clock.now() >= NOON + timedelta(seconds=1):
            stop.request()

    report = execute_all(world, [soon, later], stop=stop, pause=pause)
    assert len(report.settled) == len(report.unbegun) == 1
    assert world.job(later).status is JobStatus.ACTIVE
    assert world.lanes[Lane.MEDIUM].depth().waiting == 1
    world.work()
    assert started(world, later) == NOON + 1800 * MILLISECOND


def test_messages_say_whether_they_may_be_early(world: World) -> None:
    """Only then may an engine that knows whole seconds deliver them before their time."""
    plain, precise = world.create(), world.create(precision=Precision.SUBSECOND)
    assert [first_attempt(job, NOON).subsecond for job in (plain, precise)] == [False, True]


def test_what_runs_goes_on_while_others_are_claimed(world: World) -> None:
    """A claim waits for the disk, and for whoever writes just then; the worker's loop does not."""
    went_on = threading.Event()
    claim = world.execute.claim_attempts

    class Patient(ClaimAttempts):
        def __call__(self, messages: Sequence[JobMessage], *, now: datetime) -> ClaimedBatch:
            assert went_on.wait(timeout=20)
            return claim(messages, now=now)

    parts = {field.name: getattr(claim, field.name) for field in fields(claim)}
    execute = replace(world.execute, claim_attempts=Patient(**parts))
    job = world.create(task="probe")
    queue = world.lanes[Lane.MEDIUM]

    async def work() -> BatchReport:
        batch = asyncio.create_task(execute(queue, queue.receive(1, wait_seconds=0)))
        await asyncio.sleep(0)
        went_on.set()
        return await batch

    report = asyncio.run(work())
    assert [settled.execution.job_id for settled in report.settled] == [job.job_id]
