"""What a worker does with a batch of messages: claim, run, settle (rules 2 to 5)."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from tickwell.application.admission import AdmitAttempts
from tickwell.application.arming import DIRECT_HORIZON, outgoing
from tickwell.application.claim_attempts import ClaimAttempts, ClaimedBatch
from tickwell.application.handed_on import HandedOn
from tickwell.application.lateness import late_among
from tickwell.application.let_go import LetGo
from tickwell.application.patience import SETTLE_PAUSES_SECONDS
from tickwell.application.ports import Clock, Delivery, MessageQueue
from tickwell.application.recover import Recover
from tickwell.application.run_attempt import RunAttempt
from tickwell.application.running import Running
from tickwell.application.settle import Attempt, Settle, Settled
from tickwell.application.watch import Watch
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.errors import UnavailableError
from tickwell.domain.message import JobMessage, Unreadable

_WAITABLE = timedelta(seconds=2)
"""A message that arrives this early, or less, is waited for; an earlier one is sent again with the rest as delay."""

_SETTLE_MARGIN = timedelta(seconds=15)
_FIRST_RELEASE_SECONDS = 5
_MOST_DOUBLINGS = 7
_SECOND = 2

A = TypeVar("A")

JobQueue = MessageQueue[JobMessage]
JobDelivery = Delivery[JobMessage]

_Ready = list[tuple[JobDelivery, JobMessage]]


@dataclass(slots=True)
class BatchReport:
    """What became of a batch. ``again`` holds the ids of messages that must be delivered once more.

    Those of them that are ``unbegun`` are so because the worker stops. ``settled`` are the attempts that this call ran
    or took over; ``probes`` counts those that found nothing amiss, ``stale`` messages that had nothing to do,
    ``parked`` those that wait for a permit of their queue, ``delayed`` those that wait for its rate. ``pending`` counts
    attempts that go on outside, ``late`` those that began late, ``missed`` occurrences that were left out because they
    were too late.
    """

    settled: list[Settled] = field(default_factory=list)
    stale: int = 0
    skipped: int = 0
    unreadable: int = 0
    early: int = 0
    parked: int = 0
    delayed: int = 0
    pending: int = 0
    probes: int = 0
    late: int = 0
    missed: int = 0
    again: list[str] = field(default_factory=list)
    unbegun: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        """How many messages are dealt with so far: it grows while the batch runs."""
        waiting = self.early + self.parked + self.delayed + self.pending
        counted = self.stale + self.skipped + self.unreadable + waiting + self.probes
        return len(self.settled) + counted + len(self.again)

    def leave(self, deliveries: Sequence[JobDelivery]) -> None:
        """Note what was not begun, because the worker stops."""
        identities = [delivery.message_id for delivery in deliveries]
        self.again += identities
        self.unbegun += identities


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecuteBatch:
    """The use case; see ``__call__``. ``pause`` waits so many seconds of the clock."""

    admit_attempts: AdmitAttempts
    claim_attempts: ClaimAttempts
    run_attempt: RunAttempt
    settle: Settle
    let_go: LetGo
    recover: Recover
    watch: Watch
    clock: Clock
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(
        self,
        queue: JobQueue,
        deliveries: Sequence[JobDelivery],
        *,
        deadline: datetime | None = None,
        report: BatchReport | None = None,
        stop: WorkerStop | None = None,
    ) -> BatchReport:
        """Deal with ``deliveries`` from ``queue``; ``deadline`` is when the process will be stopped, None for never.

        ``report``, if given, is the one that is filled, so that its owner can watch. ``stop`` may end the batch early:
        what has not begun by then is released, to be delivered again at once.

        Attempts run concurrently and are settled as they end. A message that was received before runs alone
        (rule 4): should it kill the process, it takes nothing along that is not recorded. When the store fails,
        the messages concerned are released, to be delivered again soon; the others are done with.
        """
        report, stop = report or BatchReport(), stop or WorkerStop()
        for number, group in enumerate(_in_order(deliveries)):
            if number == 0 or self._has_time(deadline):
                await self._group(queue, group, report, stop)
            else:
                report.again += [delivery.message_id for delivery in group]
        _release(queue, [d for d in deliveries if d.message_id in report.again], at_once=report.unbegun)
        return report

    def _has_time(self, deadline: datetime | None) -> bool:
        """Whether the longest attempt, begun now, would end in time."""
        if deadline is None:
            return True
        return self.clock.now() + self.run_attempt.longest_attempt + _SETTLE_MARGIN <= deadline

    async def _group(
        self, queue: JobQueue, deliveries: Sequence[JobDelivery], report: BatchReport, stop: WorkerStop
    ) -> None:
        if stop.is_requested():
            report.leave(deliveries)
            return
        try:
            ready = self._ready(queue, deliveries, report)
        except UnavailableError:
            report.again += [delivery.message_id for delivery in deliveries]
            return
        if len(ready) == 1:
            [(run_at, group)] = ready.items()
            await self._start(run_at, group, report, stop)
            return
        starts = [self._start(run_at, group, report, stop) for run_at, group in ready.items()]
        for failed in await asyncio.gather(*starts, return_exceptions=True):
            if failed is not None:
                raise failed

    def _ready(self, queue: JobQueue, deliveries: Sequence[JobDelivery], report: BatchReport) -> dict[datetime, _Ready]:
        """The messages whose time has come, or nearly so, by the instant at which they start: now, or a little later.

        Raises UnavailableError.
        """
        now = self.clock.now()
        ready: dict[datetime, _Ready] = defaultdict(list)
        for delivery in deliveries:
            message = delivery.message
            if isinstance(message, Unreadable):
                queue.bury(delivery)
                report.unreadable += 1
            elif message.run_at > now + _WAITABLE:
                delay = min(message.run_at - now, DIRECT_HORIZON).total_seconds()
                queue.send([outgoing(message, delay_seconds=delay)])
                report.early += 1
            else:
                ready[max(message.run_at, now)].append((delivery, message))
        return ready

    async def _start(self, run_at: datetime, ready: _Ready, report: BatchReport, stop: WorkerStop) -> None:
        """Run what starts at ``run_at``, and not before; nobody waits for what starts later."""
        try:
            while (rest := run_at - self.clock.now()) > timedelta(0):
                await self.pause(rest.total_seconds())
            if stop.is_requested():
                report.leave([delivery for delivery, _ in ready])
                return
            failed = await self._run([message for _, message in ready], report, stop)
            if failed:
                report.again += [delivery.message_id for delivery, message in ready if message.identity in failed]
        except UnavailableError:
            report.again += [delivery.message_id for delivery, _ in ready]

    async def _run(self, messages: Sequence[JobMessage], report: BatchReport, stop: WorkerStop) -> Collection[object]:
        """Admit, claim, run and settle; the attempts whose messages must come again.

        Raises only when all attempts have ended.
        """
        batch, ready = await asyncio.to_thread(self._claim, messages, report)
        running = Running(self.run_attempt, stop)
        for job in batch.claimed:
            running.start(job)
        watching = asyncio.create_task(self.watch(running.lifelines))
        try:
            await self._settle(batch, ready, running, report)
        finally:
            watching.cancel()
        return {message.identity for message in batch.again}

    def _claim(self, messages: Sequence[JobMessage], report: BatchReport) -> tuple[ClaimedBatch, int]:
        """Admit and claim; how many the limits let pass. It waits for the store, and what runs must not wait with it.

        Raises UnavailableError.
        """
        now = self.clock.now()
        admitted = self.admit_attempts([message for message in messages if not message.probe], now=now)
        report.parked += admitted.parked
        report.delayed += admitted.delayed
        ready = [*admitted.ready, *(message for message in messages if message.probe)]
        now = self.clock.now()
        batch = self.claim_attempts(ready, now=now)
        report.late += late_among(ready, batch.claimed, now)
        report.missed += batch.missed
        self.admit_attempts.give_back(batch.over)
        self.admit_attempts.make_way(batch.rightful)
        return batch, len(ready)

    async def _settle(self, batch: ClaimedBatch, messages: int, running: Running, report: BatchReport) -> None:
        """Settle what was abandoned, and what runs as it ends."""
        report.skipped += batch.skipped
        report.probes += batch.probes
        busy = len(batch.claimed) + len(batch.abandoned) + batch.skipped + batch.probes + len(batch.again)
        report.stale += messages - busy
        errors: list[BaseException] = []
        if batch.abandoned:
            await self._note(self._patiently(self.recover, batch.abandoned), report, errors)
        while running:
            done, failed = await running.next()
            errors += failed
            if attempts := [one for one in done if isinstance(one, Attempt)]:
                await self._note(self._patiently(self.settle, attempts), report, errors)
            if handed_on := [one for one in done if isinstance(one, HandedOn)]:
                before = len(report.settled), len(errors)
                await self._note(self._patiently(self.let_go, handed_on), report, errors)
                if len(errors) == before[1]:
                    report.pending += len(handed_on) - (len(report.settled) - before[0])
        if errors:
            raise errors[0]

    async def _note(
        self, settling: Awaitable[Sequence[Settled]], report: BatchReport, errors: list[BaseException]
    ) -> None:
        """Put what was settled into the report, or the store's failure to the errors: the others must not suffer."""
        try:
            report.settled += await settling
        except UnavailableError as error:
            errors.append(error)

    async def _patiently(
        self, call: Callable[[Sequence[A]], Sequence[Settled]], what: Sequence[A]
    ) -> Sequence[Settled]:
        """Settle or recover: an outcome that cannot be recorded is work that will be done twice."""
        for pause_seconds in SETTLE_PAUSES_SECONDS:
            try:
                return await asyncio.to_thread(call, what)
            except UnavailableError:
                await asyncio.sleep(pause_seconds)
        return await asyncio.to_thread(call, what)


def _in_order(deliveries: Sequence[JobDelivery]) -> list[list[JobDelivery]]:
    """New messages together; then those received before, one at a time (rule 4).

    What comes for the third time goes first, so that the others' attempts cannot leave it without time again and again.
    """
    new = [delivery for delivery in deliveries if delivery.receive_count <= 1]
    second = [[delivery] for delivery in deliveries if delivery.receive_count == _SECOND]
    later = [[delivery] for delivery in deliveries if delivery.receive_count > _SECOND]
    return [*later, *([new] if new else []), *second]


def _release(queue: JobQueue, deliveries: Sequence[JobDelivery], *, at_once: Collection[str]) -> None:
    """Have messages delivered again after 5 s, 10 s, 20 s …, instead of when their visibility ends."""
    for delivery in deliveries:
        delay_seconds = _FIRST_RELEASE_SECONDS * 2 ** min(delivery.receive_count - 1, _MOST_DOUBLINGS)
        if delivery.message_id in at_once:
            delay_seconds = 0
        try:
            queue.release(delivery, delay_seconds=delay_seconds)
        except UnavailableError:
            return
