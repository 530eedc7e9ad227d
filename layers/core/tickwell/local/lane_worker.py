"""Runs the jobs of one lane in a thread of its own, many at a time."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tickwell.application.execute_batch import BatchReport, ExecuteBatch, JobDelivery, JobQueue
from tickwell.outcome_log import log_batch, log_failure

_BATCH = 10
_POLL_SECONDS = 1.0
_SPARE_THREADS = 8
_LOOK_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class _Batch:
    """Messages that run together. One that takes long does not keep the others' room."""

    deliveries: Sequence[JobDelivery]
    report: BatchReport

    @property
    def under_way(self) -> int:
        return len(self.deliveries) - self.report.done


class LaneWorker(threading.Thread):
    """Pulls as many messages as there is room for, ``concurrency`` at a time, and runs them in one event loop.

    A batch is deleted when it is done. Stopping lets running batches end within ``grace_seconds``; what is left then
    comes back by its lease.
    """

    def __init__(
        self, lane: str, queue: JobQueue, execute: ExecuteBatch, *, concurrency: int, grace_seconds: float
    ) -> None:
        super().__init__(name=f"lane-{lane}", daemon=True)
        self._lane = lane
        self._queue = queue
        self._execute = execute
        self._concurrency = concurrency
        self._grace_seconds = grace_seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Take no more messages; ``join`` waits for the running ones."""
        self._stopping.set()

    def run(self) -> None:
        """The thread's body."""
        asyncio.run(self._work())

    async def _work(self) -> None:
        # Settling must not wait behind tasks that block a thread each.
        threads = ThreadPoolExecutor(self._concurrency + _SPARE_THREADS, thread_name_prefix=self.name)
        asyncio.get_running_loop().set_default_executor(threads)
        running: dict[asyncio.Task[None], _Batch] = {}
        while not self._stopping.is_set():
            running = {task: batch for task, batch in running.items() if not task.done()}
            room = self._concurrency - sum(batch.under_way for batch in running.values())
            if room <= 0:
                await asyncio.wait(running, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                continue
            batch = _Batch(await self._receive(min(room, _BATCH)), BatchReport())
            if batch.deliveries:
                running[asyncio.create_task(self._run_batch(batch))] = batch
        if running:
            await asyncio.wait(running, timeout=self._grace_seconds)

    async def _receive(self, limit: int) -> Sequence[JobDelivery]:
        try:
            return await asyncio.to_thread(self._queue.receive, limit, wait_seconds=_POLL_SECONDS)
        except Exception as error:  # noqa: BLE001 - the lane must go on, or jobs would be accepted and never run
            log_failure("lane.receive", error)
            await asyncio.sleep(_POLL_SECONDS)
            return ()

    async def _run_batch(self, batch: _Batch) -> None:
        try:
            report = await self._execute(self._queue, batch.deliveries, report=batch.report)
            log_batch(self._lane, report)
            done = [delivery for delivery in batch.deliveries if delivery.message_id not in report.again]
            await asyncio.to_thread(self._queue.delete, done)
        except Exception as error:  # noqa: BLE001 - the lane must go on; its messages come again when their visibility ends
            log_failure("lane.batch", error)
