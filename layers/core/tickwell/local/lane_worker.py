"""Runs the jobs of one lane in a thread of its own, many at a time."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tickwell.application.execute_batch import BatchReport, ExecuteBatch, JobDelivery, JobQueue
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.lane import Lane
from tickwell.local.precedence import Precedence
from tickwell.outcome_log import log_batch, log_failure

_BATCH = 250
"""So many messages are received, claimed and settled together at most: a transaction serves them all."""

_SMALL_BATCH = 10
"""So many, where others are to have their turn soon: more urgent lanes, or jobs behind one that may kill its worker."""

_POLL_SECONDS = 1.0
_SPARE_THREADS = 8
_LOOK_SECONDS = 0.05

RETURN_SECONDS = 5.0
"""How long attempts that are given back may take to end and to be recorded."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leave:
    """How a worker left.

    The attempts that ended after it was told to stop, those that it gave back, and those that did not even let
    themselves be given back: they come back when their lease is over.
    """

    finished: int = 0
    returned: int = 0
    left: int = 0

    def __add__(self, other: "Leave") -> "Leave":
        return Leave(
            finished=self.finished + other.finished,
            returned=self.returned + other.returned,
            left=self.left + other.left,
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Batch:
    """Messages that run together. One that takes long does not keep the others' room."""

    deliveries: Sequence[JobDelivery]
    report: BatchReport

    @property
    def under_way(self) -> int:
        return len(self.deliveries) - self.report.done


_Running = Mapping[asyncio.Task[None], _Batch]


class LaneWorker(threading.Thread):
    """Pulls as many messages as there is room for, ``concurrency`` at a time, and runs them in one event loop.

    A batch is deleted when it is done. Stopping lets what runs end within ``grace_seconds``; what still runs then is
    given back, to be begun anew by the next worker. What was received and not begun is released. Before each batch the
    worker lets more urgent lanes go first, as ``precedence`` says.
    """

    def __init__(
        self,
        lane: Lane,
        queue: JobQueue,
        execute: ExecuteBatch,
        *,
        concurrency: int,
        grace_seconds: float,
        precedence: Precedence | None = None,
    ) -> None:
        super().__init__(name=f"lane-{lane}", daemon=True)
        self._lane = lane
        self._queue = queue
        self._execute = execute
        self._concurrency = concurrency
        self._grace_seconds = grace_seconds
        self._precedence = precedence or Precedence()
        self._worker_stop = WorkerStop()
        self._left = threading.Event()
        self._batches: tuple[_Batch, ...] = ()
        self._settled_before: dict[_Batch, int] = {}
        self._leave = Leave()

    def stop(self) -> None:
        """Begin nothing more; ``leave`` waits for what runs. Safe in a signal's handler."""
        if not self._worker_stop.is_requested():
            # Here, and not where the loop hears of it: until then it may wait for messages, while attempts end.
            self._settled_before = {batch: len(batch.report.settled) for batch in self._batches}
        self._worker_stop.request()

    @property
    def running(self) -> int:
        """How many messages it is busy with; for whoever watches."""
        return sum(batch.under_way for batch in self._batches)

    def leave(self, timeout_seconds: float) -> Leave:
        """How the worker left; waits until it has, at most so long. A thread that a task blocks may outlive it."""
        self._left.wait(timeout_seconds)
        return self._leave

    def run(self) -> None:
        """The thread's body."""
        asyncio.run(self._work())

    async def _work(self) -> None:
        # Settling must not wait behind tasks that block a thread each.
        threads = ThreadPoolExecutor(self._concurrency + _SPARE_THREADS, thread_name_prefix=self.name)
        asyncio.get_running_loop().set_default_executor(threads)
        running: dict[asyncio.Task[None], _Batch] = {}
        try:
            while not self._worker_stop.is_requested():
                running = {task: batch for task, batch in running.items() if not task.done()}
                self._batches = tuple(running.values())
                room = self._concurrency - sum(batch.under_way for batch in running.values())
                if room <= 0:
                    await asyncio.wait(running, timeout=_LOOK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                    continue
                most = _BATCH
                if pause_seconds := self._precedence.pause_seconds(self._lane):
                    await asyncio.sleep(pause_seconds)
                    most = _SMALL_BATCH
                for deliveries in _batches(await self._receive(min(room, most))):
                    batch = _Batch(deliveries, BatchReport())
                    running[asyncio.create_task(self._run_batch(batch))] = batch
                self._batches = tuple(running.values())
            self._leave = await self._end(running)
        finally:
            self._left.set()

    async def _end(self, running: _Running) -> Leave:
        """Let what runs end, within a bound; give back what does not."""
        pending = {task for task in running if not task.done()}
        if pending:
            _, pending = await asyncio.wait(pending, timeout=self._grace_seconds)
        if pending:
            self._worker_stop.return_all()
            _, pending = await asyncio.wait(pending, timeout=RETURN_SECONDS)
        before = self._settled_before
        batches = {*running.values(), *before}
        settled = [one for batch in batches for one in batch.report.settled[before.get(batch, 0) :]]
        returned = sum(one.execution.was_returned for one in settled)
        left = sum(running[task].under_way for task in pending)
        return Leave(finished=len(settled) - returned, returned=returned, left=left)

    async def _receive(self, limit: int) -> Sequence[JobDelivery]:
        try:
            # Whoever had more than it could take looks without waiting: to wait is not to be pressed.
            wait_seconds = 0.0 if self._precedence.is_pressed(self._lane) else _POLL_SECONDS
            deliveries = await asyncio.to_thread(self._queue.receive, limit, wait_seconds=wait_seconds)
        except Exception as error:  # noqa: BLE001 - the lane must go on, or jobs would be accepted and never run
            log_failure("lane.receive", error)
            self._precedence.note(self._lane, pressed=False)
            await asyncio.sleep(_POLL_SECONDS)
            return ()
        self._precedence.note(self._lane, pressed=len(deliveries) == limit)
        return deliveries

    async def _run_batch(self, batch: _Batch) -> None:
        try:
            report = await self._execute(self._queue, batch.deliveries, report=batch.report, stop=self._worker_stop)
            log_batch(self._lane, report)
            done = [delivery for delivery in batch.deliveries if delivery.message_id not in report.again]
            await asyncio.to_thread(self._queue.delete, done)
        except Exception as error:  # noqa: BLE001 - the lane must go on; its messages come again when their visibility ends
            log_failure("lane.batch", error)


def _batches(deliveries: Sequence[JobDelivery]) -> list[Sequence[JobDelivery]]:
    """New messages together; of those received before a few at a time, because each of them runs alone (rule 4)."""
    new = [delivery for delivery in deliveries if delivery.receive_count <= 1]
    before = [delivery for delivery in deliveries if delivery.receive_count > 1]
    some = [before[at : at + _SMALL_BATCH] for at in range(0, len(before), _SMALL_BATCH)]
    return [new, *some] if new else [*some]
