"""The thread that runs a lane's jobs on one machine."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.server_process import eventually
from tests.world import World, task
from tickwell.application.execute_batch import JobDelivery
from tickwell.application.ports import Delivery
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.message import Unreadable
from tickwell.domain.slot import Slot
from tickwell.local import lane_worker
from tickwell.local.lane_worker import LaneWorker, Leave


class Gatekeeper:
    """A task that waits until it is let go, unless its payload says ``quick``; counts how many run at once."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.running, self.most = 0, 0

    async def __call__(self, payload: Any, _context: Any) -> str:
        self.running += 1
        self.most = max(self.most, self.running)
        while payload != "quick" and not self.open.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)
        self.running -= 1
        return "done"


@pytest.fixture
def gatekeeper() -> Gatekeeper:
    return Gatekeeper()


@pytest.fixture
def world(tmp_path: Path, gatekeeper: Gatekeeper) -> Iterator[World]:
    made = memory_world(tmp_path, tasks=[task("probe", gatekeeper)])
    yield made
    made.close()


@pytest.fixture
def worker(world: World) -> Iterator[LaneWorker]:
    made = LaneWorker(Lane.MEDIUM, world.lanes[Lane.MEDIUM], world.execute, concurrency=3, grace_seconds=10)
    made.start()
    yield made
    made.stop()
    made.join(15)
    assert not made.is_alive()


def completed(world: World, jobs: list[Job]) -> bool:
    return all(world.job(job).status is JobStatus.COMPLETED for job in jobs)


def test_a_slow_job_holds_one_place_and_not_its_whole_batch(
    world: World, gatekeeper: Gatekeeper, request: pytest.FixtureRequest
) -> None:
    slow = [world.create(task="probe", payload="slow") for _ in range(2)]
    quick = [world.create(task="probe", payload="quick") for _ in range(10)]
    request.getfixturevalue("worker")
    eventually(lambda: completed(world, quick))
    assert not completed(world, slow)
    gatekeeper.open.set()
    eventually(lambda: completed(world, slow))


def test_no_more_jobs_run_at_once_than_there_are_places(
    world: World, gatekeeper: Gatekeeper, request: pytest.FixtureRequest
) -> None:
    jobs = [world.create(task="probe", payload="slow") for _ in range(8)]
    request.getfixturevalue("worker")
    eventually(lambda: gatekeeper.running == 3)
    gatekeeper.open.set()
    eventually(lambda: completed(world, jobs))
    assert gatekeeper.most == 3


def test_stopping_lets_what_runs_end_and_leaves_the_rest(
    world: World, gatekeeper: Gatekeeper, worker: LaneWorker
) -> None:
    running = [world.create(task="probe", payload="slow") for _ in range(3)]
    eventually(lambda: gatekeeper.running == 3)
    worker.stop()
    later = world.create(task="probe", payload="quick")
    gatekeeper.open.set()
    worker.join(15)
    assert completed(world, running)
    assert world.job(later).status is JobStatus.ACTIVE
    assert world.lanes[Lane.MEDIUM].depth().waiting == 1


def test_what_does_not_end_in_time_is_given_back_and_the_worker_says_so(world: World, gatekeeper: Gatekeeper) -> None:
    worker = LaneWorker(Lane.MEDIUM, world.lanes[Lane.MEDIUM], world.execute, concurrency=3, grace_seconds=0.5)
    worker.start()
    slow = [world.create(task="probe", payload="slow") for _ in range(2)]
    eventually(lambda: gatekeeper.running == 2)
    worker.stop()
    assert worker.leave(15) == Leave(finished=0, returned=2, left=0)
    for job in slow:
        (execution,) = world.executions(job)
        assert execution.was_returned
        assert world.job(job).slot == Slot(due_at=job.created_at, attempt=2, returns=1)
    depth = world.lanes[Lane.MEDIUM].depth()
    assert (depth.waiting, depth.in_flight) == (2, 0)


def test_a_worker_says_what_it_finished_after_it_was_told_to_stop(
    world: World, gatekeeper: Gatekeeper, worker: LaneWorker
) -> None:
    early = world.create(task="probe", payload="quick")
    # The store has it before the worker has noted it, and what it notes later it has finished later.
    eventually(lambda: completed(world, [early]) and worker.running == 0)
    slow = [world.create(task="probe", payload="slow") for _ in range(2)]
    eventually(lambda: gatekeeper.running == 2)
    worker.stop()  # it hears of it only when it has asked the lane for messages, for one more place
    gatekeeper.open.set()
    assert worker.leave(15) == Leave(finished=2, returned=0, left=0)
    assert completed(world, slow)


def test_an_attempt_that_does_not_let_itself_be_given_back_is_left_to_its_lease(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_worker, "RETURN_SECONDS", 0.5)
    begun = threading.Event()

    async def stubborn(_payload: Any, _context: Any) -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    world = memory_world(tmp_path, tasks=[task("probe", stubborn)])
    worker = LaneWorker(Lane.MEDIUM, world.lanes[Lane.MEDIUM], world.execute, concurrency=3, grace_seconds=0.1)
    worker.start()
    job = world.create(task="probe")
    assert begun.wait(10)
    worker.stop()
    assert worker.leave(15) == Leave(finished=0, returned=0, left=1)
    worker.join(10)
    slot = world.job(job).slot
    assert slot is not None
    assert slot.is_running()
    world.close()


def test_what_was_received_before_comes_in_small_batches() -> None:
    deliveries = [_delivery(number, receive_count=1 + number % 2) for number in range(60)]
    sizes = [len(batch) for batch in lane_worker._batches(deliveries)]
    assert sizes == [30, 10, 10, 10]
    assert lane_worker._batches([]) == []


def _delivery(number: int, *, receive_count: int) -> JobDelivery:
    message = Unreadable(body="", reason="for the worker they are all the same")
    return Delivery(message=message, message_id=str(number), receipt=str(number), receive_count=receive_count)
