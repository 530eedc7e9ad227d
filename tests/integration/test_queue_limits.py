"""The limits of queues in real time: several workers, each with connections of its own, on the same files."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.contract.store_engines import embedded_stores
from tests.new_world import new_world
from tests.server_process import eventually
from tests.world import ADA, World, task
from tickwell.adapters.system import SystemClock
from tickwell.application.arming import first_attempt
from tickwell.application.execute_batch import JobDelivery
from tickwell.application.ports import Outgoing
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import RateLimit
from tickwell.local.lane_worker import LaneWorker

SECOND = timedelta(seconds=1)


class Probe:
    """A task of some seconds that notes its starts and how many of it run at once, in all workers together."""

    def __init__(self, seconds: float) -> None:
        self.starts: list[datetime] = []
        self.most, self._running = 0, 0
        self._seconds = seconds
        self._lock = threading.Lock()

    async def __call__(self, _payload: Any, context: Any) -> None:
        with self._lock:
            self.starts.append(context.now())
            self._running += 1
            self.most = max(self.most, self._running)
        await asyncio.sleep(self._seconds)
        with self._lock:
            self._running -= 1


class Received:
    """A lane that notes which messages were received, and how often."""

    def __init__(self, inner: Any, counts: Counter[str]) -> None:
        self._inner, self._counts = inner, counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def receive(self, limit: int, *, wait_seconds: float) -> Sequence[JobDelivery]:
        deliveries: Sequence[JobDelivery] = self._inner.receive(limit, wait_seconds=wait_seconds)
        self._counts.update(delivery.message_id for delivery in deliveries)
        return deliveries


@contextmanager
def a_world(folder: Path, probe: Probe) -> Iterator[World]:
    clock: Any = SystemClock()
    stores = embedded_stores(str(folder / "stores.db"), clock)
    world = new_world(folder, stores.stores, tasks=[task("probe", probe)], lanes_path=str(folder / "lanes.db"))
    yield world
    world.close()
    stores.database.close()


@contextmanager
def workers(folder: Path, probe: Probe, count: int) -> Iterator[Counter[str]]:
    received: Counter[str] = Counter()
    with ExitStack() as stack:
        threads = []
        for _ in range(count):
            world = stack.enter_context(a_world(folder, probe))
            lane: Any = Received(world.lanes[Lane.MEDIUM], received)
            threads.append(LaneWorker(Lane.MEDIUM, lane, world.execute, concurrency=10, grace_seconds=5))
        for thread in threads:
            thread.start()
        try:
            yield received
        finally:
            for thread in threads:
                thread.stop()
            for thread in threads:
                thread.join(10)


def all_completed(world: World, jobs: list[Job]) -> bool:
    found = world.core.jobs.get_many([job.key for job in jobs])
    return all(job.status is JobStatus.COMPLETED for job in found.values())


def test_a_rate_of_ten_a_second_holds_over_four_workers(tmp_path: Path) -> None:
    probe = Probe(seconds=0)
    with a_world(tmp_path, probe) as world:
        world.queue(rate_limit=RateLimit(limit=10, per_seconds=1))
        jobs = [world.create(task="probe", queue="images") for _ in range(300)]
        began = SystemClock().now()
        with workers(tmp_path, probe, 4) as received:
            eventually(lambda: all_completed(world, jobs), seconds=60)
    starts = sorted(probe.starts)
    assert len(starts) == 300
    # None before its turn; on a busy machine late ones, the first too, may come together, which no queue could help.
    assert all(at - began >= number * SECOND / 10 for number, at in enumerate(starts))
    assert starts[-1] - starts[0] <= 1.1 * 30 * SECOND
    assert set(received.values()) == {1}


def test_a_concurrency_of_two_holds_over_eight_workers(tmp_path: Path) -> None:
    probe = Probe(seconds=0.05)
    with a_world(tmp_path, probe) as world:
        world.queue(concurrency=2)
        jobs = [world.create(task="probe", queue="images") for _ in range(60)]
        with workers(tmp_path, probe, 8) as received:
            eventually(lambda: all_completed(world, jobs), seconds=60)
    assert (len(probe.starts), probe.most) == (60, 2)
    assert set(received.values()) == {1}


def test_a_single_job_starts_in_spite_of_a_flood_of_another_tenant(tmp_path: Path) -> None:
    probe = Probe(seconds=0.2)
    with a_world(tmp_path, probe) as world:
        flood = [world.create(task="probe") for _ in range(300)]
        lane = world.lanes[Lane.MEDIUM]
        for _ in range(100):
            lane.send([Outgoing(message=a_message(flood[0]), group=flood[0].tenant_id)] * 1000)
        with workers(tmp_path, probe, 1):
            eventually(lambda: len(probe.starts) > 10)
            before, worked_before = len(probe.starts), time.process_time()
            single = world.create(replace(ADA, tenant_id="tenant-eve"), task="probe")
            eventually(lambda: world.job(single).last_executed_at is not None, seconds=30)
            # What 10 places start within 2.2 s, 0.2 s each; a machine that is slow makes neither of them more.
            assert len(probe.starts) - before <= 10 * (2 + 0.2) / 0.2
            assert time.process_time() - worked_before <= 0.2 + 2
            assert not all_completed(world, flood)


def a_message(job: Job) -> JobMessage:
    assert job.next_run_at is not None
    return first_attempt(job, job.next_run_at)
