"""What the threads of a server do, done when it is due, with a clock that jumps from one such instant to the next."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from tickwell.adapters.embedded.agenda import EmbeddedAgenda, Outlook
from tickwell.application.execute_batch import BatchReport, JobDelivery
from tickwell.bootstrap.embedded.queues import LANE_DEAD_LETTERS, NOTIFICATION_QUEUES, lane_queue
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.domain.lane import Lane
from tickwell.domain.notification import Channel
from tickwell.local.background import Ticks
from tickwell.outcome_log import log_batch
from tickwell.settings.local import LocalSettings
from tickwell.testing.clock import SimulatedClock
from tickwell.testing.loop import SimulatedLoop, milliseconds, threaded
from tickwell.testing.rounds import rounds

_BATCH = 10
_LANES: Final = {lane_queue(lane): lane for lane in Lane}

QUEUES: Final = (*_LANES, *NOTIFICATION_QUEUES.values(), LANE_DEAD_LETTERS)
"""The queues that have a consumer."""


class _Worker:
    """The worker of one lane: as many messages at a time as it has places."""

    def __init__(self, system: EmbeddedSystem, lane: Lane, places: int) -> None:
        self._system = system
        self._lane = lane
        self._places = places
        self._batches: dict[asyncio.Task[None], tuple[int, BatchReport]] = {}

    @property
    def running(self) -> int:
        """How many messages it is busy with."""
        return sum(messages - report.done for messages, report in self._batches.values())

    def has_room(self) -> bool:
        """Whether it could take one more."""
        return self.running < self._places

    def begin(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Begin with what its lane has to deliver; whether that is anything."""
        begun = False
        while (room := self._places - self.running) > 0:
            limit = min(room, _BATCH)
            deliveries = self._system.lanes[self._lane].receive(limit, wait_seconds=0)
            if deliveries:
                begun, report = True, BatchReport()
                self._batches[loop.create_task(self._run(deliveries, report))] = len(deliveries), report
            if len(deliveries) < limit:
                break
        return begun

    def raise_faults(self) -> None:
        """Raise what a batch met that ended since the last call; forget those that ended."""
        for task in [task for task in self._batches if task.done()]:
            del self._batches[task]
            task.result()

    async def _run(self, deliveries: Sequence[JobDelivery], report: BatchReport) -> None:
        queue = self._system.lanes[self._lane]
        await self._system.execute(queue, deliveries, report=report)
        log_batch(self._lane, report)
        queue.delete([delivery for delivery in deliveries if delivery.message_id not in report.again])


class Driver:
    """Moves ``clock`` and runs the system's own code at each instant at which there is something to do.

    Attempts run side by side, as many as a server's settings let them; everything else one after the other. The safety
    sync runs at the full intervals of a server, but only at those at which it would find something.
    """

    def __init__(
        self,
        system: EmbeddedSystem,
        agenda: EmbeddedAgenda,
        clock: SimulatedClock,
        loop: SimulatedLoop,
        settings: LocalSettings,
    ) -> None:
        self._system = system
        self._agenda = agenda
        self._clock = clock
        self._loop = loop
        ticks = Ticks(system=system)
        self._rounds = rounds(ticks, settings, start_ms=clock.epoch_ms)
        self._workers = {
            name: _Worker(system, lane, 1 if lane is Lane.HEAVY else settings.worker_concurrency)
            for name, lane in _LANES.items()
        }
        self._consumers: dict[str, Callable[[], object]] = {
            NOTIFICATION_QUEUES[Channel.EMAIL]: ticks.mail,
            NOTIFICATION_QUEUES[Channel.WEBHOOK]: ticks.webhooks,
            LANE_DEAD_LETTERS: ticks.dead_letters,
        }
        self._outcomes = ticks.outcomes
        self._consuming: dict[str, asyncio.Task[object]] = {}
        self._until_ms = clock.epoch_ms
        self._arrived: asyncio.Future[None] = loop.create_future()

    def run_until(self, epoch_ms: int) -> None:
        """Let time pass until ``epoch_ms``; what is due just then is done as well. Raises what the system raises."""
        self._until_ms = epoch_ms
        self._arrived = self._loop.create_future()
        self._loop.on_still = self._go_on
        try:
            self._loop.run_until_complete(self._arrived)
        finally:
            self._loop.on_still = self._loop.skip
        self._system.heartbeat.beat(tuple(Lane), sum(worker.running for worker in self._workers.values()))

    async def leave(self) -> None:
        """Abandon what runs."""
        left = asyncio.all_tasks(self._loop) - {asyncio.current_task(self._loop)}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    def _go_on(self, timer_seconds: float | None) -> None:
        """Nothing can go on at this instant: begin what is due, or move on to the next instant and begin there."""
        for worker in self._workers.values():
            worker.raise_faults()
        outlook = self._agenda.look()
        if self._begin(outlook):
            return
        following_ms = self._following_ms(outlook, timer_seconds)
        if following_ms > self._until_ms:
            self._clock.move_to(self._until_ms)
            self._arrived.set_result(None)
            return
        self._clock.move_to(following_ms)
        self._begin(outlook)

    def _following_ms(self, outlook: Outlook, timer_seconds: float | None) -> int:
        """The next instant at which something is due; one beyond the end if that comes first.

        What was due before and could not begin waits for something else to happen.
        """
        now_ms = self._clock.epoch_ms
        instants = [round_.at_ms(outlook) for round_ in self._rounds]
        instants += outlook.queues.values()
        if timer_seconds is not None:
            instants.append(now_ms + milliseconds(timer_seconds))
        return int(min((at_ms for at_ms in instants if now_ms < at_ms <= self._until_ms), default=self._until_ms + 1))

    def _begin(self, outlook: Outlook) -> bool:
        """Begin whatever is due now; whether there was anything."""
        now_ms = self._clock.epoch_ms
        begun = False
        for name, at_ms in outlook.queues.items():
            if at_ms > now_ms:
                continue
            worker = self._workers.get(name)
            begun |= self._consume(name) if worker is None else worker.begin(self._loop)
        if outlook.outcomes <= now_ms:
            begun = True
            while self._outcomes():
                """More of them than one tick takes."""
        for round_ in self._rounds:
            begun |= round_.begin(outlook, now_ms)
        return begun

    def _consume(self, name: str) -> bool:
        """Let a thread deal with a batch of what the queue ``name`` has to deliver, unless one is still at it."""
        running = self._consuming.get(name)
        if running is not None:
            if not running.done():
                return False
            running.result()
        self._consuming[name] = self._loop.create_task(_in_thread(self._consumers[name]))
        return True


async def _in_thread(tick: Callable[[], object]) -> object:
    """A tick that has an event loop of its own for what it sends."""
    with threaded():
        return await asyncio.to_thread(tick)
