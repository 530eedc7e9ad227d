"""High jobs start first when there is more to do than the machine can, and low ones still move (Q2)."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.server_process import eventually
from tests.world import ADA, World, task
from tickwell.application.create_job import CreatedJob, NewJob
from tickwell.domain.lane import Lane
from tickwell.local.background import lane_workers
from tickwell.local.lane_worker import LaneWorker
from tickwell.local.precedence import Precedence

PRIORITIES = ("high", "medium", "low")

THROUGH_SECONDS = 180.0
"""For hundreds of jobs on a machine that has much else to do: the order is what counts, and no safety sync mends it."""


class Starts:
    """A task that notes who started, in order; ``slow`` ones wait until all are let go, ``busy`` ones take 20 ms."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.order: list[str] = []

    async def __call__(self, payload: str, _context: Any) -> None:
        self.order.append(payload)
        if payload.startswith("busy"):
            await asyncio.sleep(0.02)
        while payload.startswith("slow") and not self.open.is_set():  # noqa: ASYNC110 - another thread sets it
            await asyncio.sleep(0.005)

    def count(self, payload: str) -> int:
        return self.order.count(payload)


@pytest.fixture
def starts() -> Starts:
    return Starts()


@pytest.fixture
def world(tmp_path: Path, starts: Starts) -> Iterator[World]:
    made = memory_world(tmp_path, tasks=[task("probe", starts)])
    yield made
    made.close()


def add(world: World, number: int, priority: str, payload: str | None = None) -> None:
    """Let ``number`` jobs wait that note their priority when they start."""
    jobs = [NewJob(name="a job", task="probe", payload=payload or priority, priority=priority) for _ in range(number)]
    assert all(isinstance(made, CreatedJob) for made in world.create_many(ADA, jobs))


@contextmanager
def at_work(workers: Sequence[LaneWorker]) -> Iterator[None]:
    """Workers that run while the block lasts."""
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            worker.join(15)
            assert not worker.is_alive()


def workers_of(world: World, *, concurrency: int) -> list[LaneWorker]:
    """As the local server has them."""
    return lane_workers(world.lanes, world.execute, concurrency=concurrency, grace_seconds=10)


def test_a_high_job_starts_before_nearly_all_that_were_there_before_it(world: World, starts: Starts) -> None:
    for priority in PRIORITIES:
        add(world, 3, priority, f"slow {priority}")
    with at_work(workers_of(world, concurrency=3)):
        eventually(lambda: len(starts.order) == 9)
        add(world, 250, "low")
        add(world, 250, "medium")
        add(world, 1, "high")
        assert len(starts.order) == 9, "every place was to be taken"
        starts.open.set()
        eventually(lambda: len(starts.order) == 9 + 501, seconds=THROUGH_SECONDS)
    assert starts.order.index("high") < 9 + 100


def test_low_jobs_with_every_place_of_theirs_taken_keep_no_high_job_waiting(world: World, starts: Starts) -> None:
    add(world, 3, "low", "slow low")
    add(world, 3, "medium", "slow medium")
    with at_work(workers_of(world, concurrency=3)):
        eventually(lambda: len(starts.order) == 6)
        add(world, 500, "low")
        add(world, 1, "high")
        eventually(lambda: starts.count("high"))
        assert starts.count("low") == 0
        starts.open.set()


def test_low_jobs_all_start_although_high_ones_never_cease(world: World, starts: Starts) -> None:
    add(world, 200, "high", "busy high")
    add(world, 60, "medium")
    add(world, 60, "low")
    with at_work(workers_of(world, concurrency=10)):
        while min(starts.count("low"), starts.count("medium")) < 60:
            waiting = world.lanes[Lane.HIGH].depth().waiting
            assert waiting, "high jobs were to wait all the time"
            if waiting < 200:
                add(world, 100, "high", "busy high")
            assert starts.count("busy high") < 5_000, "the others starve"


def test_of_what_waits_together_high_jobs_are_through_before_half_of_the_low_ones_start(
    world: World, starts: Starts
) -> None:
    add(world, 300, "low")
    add(world, 300, "high")
    precedence = Precedence(yield_seconds=0.5)  # long, so that a slow machine proves the same
    lanes = (Lane.HIGH, Lane.LOW)
    with at_work(
        [
            LaneWorker(lane, world.lanes[lane], world.execute, concurrency=10, grace_seconds=10, precedence=precedence)
            for lane in lanes
        ]
    ):
        eventually(lambda: starts.count("high") == 300, seconds=THROUGH_SECONDS)
        last = len(starts.order) - starts.order[::-1].index("high")
        assert starts.order[:last].count("low") < 150
        eventually(lambda: starts.count("low") == 300, seconds=THROUGH_SECONDS)


def test_a_lane_yields_to_more_urgent_ones_that_are_pressed_and_to_no_others() -> None:
    precedence = Precedence(yield_seconds=0.25)

    def yielding() -> set[Lane]:
        return {lane for lane in Lane if precedence.pause_seconds(lane) == 0.25}

    assert yielding() == set()
    precedence.note(Lane.LOW, pressed=True)
    precedence.note(Lane.HEAVY, pressed=True)
    assert yielding() == {Lane.LOW}
    precedence.note(Lane.HEAVY, pressed=False)
    precedence.note(Lane.MEDIUM, pressed=True)
    assert yielding() == {Lane.LOW}
    precedence.note(Lane.HIGH, pressed=True)
    assert yielding() == {Lane.MEDIUM, Lane.LOW}
    precedence.note(Lane.HIGH, pressed=False)
    precedence.note(Lane.MEDIUM, pressed=False)
    assert yielding() == set()
