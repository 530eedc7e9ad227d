"""Rule 10: limits park, they do not spin. Who may start is decided here, before the claim, and after each attempt.

A queue without limits costs nothing but a look at its settings, which a process remembers for some seconds. In a
limited one an attempt needs a *permit*, which it keeps until it has ended, or a *start time*, or both. Who gets no
permit is put on the queue's waiting list, from which whoever gives one back lets the next go. A paused queue parks all,
and so do all queues of a tenant that is stopped.
"""

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.application.arming import Arming, attempt_message
from tickwell.application.gates import change_gate, decide_at_gate
from tickwell.application.ports import Clock, JobStore, QueueKey, QueueStore
from tickwell.application.queue_directory import queue_key
from tickwell.application.stop_switch import QueuesInForce
from tickwell.domain.admission import (
    PERMIT_MARGIN,
    Admission,
    Gate,
    GivenBack,
    Start,
    admit,
    after_change,
    permit_key,
    permit_keys,
)
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import Standing, standing
from tickwell.domain.queue import Queue, effective_queue
from tickwell.domain.slot import Slot

_log = logging.getLogger("tickwell")

_HEADS = 100

MOST_AT_ONCE = 1000
"""About how many leave a waiting list in one call, so that the call ends in time."""

KEPT_FOR = timedelta(hours=1)
"""How often the permit of an attempt is kept that goes on outside, at the least."""

_STILL_WAITING = frozenset({Standing.WAITING, Standing.BLOCKED})
_STARTED = frozenset({Standing.RUNNING, Standing.ABANDONED})


@dataclass(frozen=True, kw_only=True, slots=True)
class Admitted:
    """``ready``: may be claimed now. ``delayed`` were sent again for their start time, ``parked`` wait for a permit."""

    ready: tuple[JobMessage, ...] = ()
    delayed: int = 0
    parked: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AdmitAttempts:
    """The use cases; see the methods. ``longest_attempt`` is what any worker offers to one attempt."""

    queues: QueueStore
    in_force: QueuesInForce
    jobs: JobStore
    arming: Arming
    clock: Clock
    longest_attempt: timedelta

    def __call__(self, messages: Sequence[JobMessage], *, now: datetime) -> Admitted:
        """Who of ``messages``, whose time has come, may start now. Raises UnavailableError; may be repeated then."""
        ready: list[JobMessage] = []
        delayed = parked = 0
        for key, group in _by_queue(messages).items():
            queue = self.in_force.find(key)
            if queue is None or (queue.paused_at is None and not queue.is_limited):
                ready += group
                continue
            paused = queue.paused_at is not None
            admitted = self._hold(key, queue, group, now) if paused else self._enter(key, queue, group, now)
            ready += admitted.ready
            delayed += admitted.delayed
            parked += admitted.parked
        return Admitted(ready=tuple(ready), delayed=delayed, parked=parked)

    def give_back(self, over: Sequence[JobMessage]) -> None:
        """The messages ``over`` start nothing, and need no permits; let the next ones go.

        Never raises UnavailableError: a permit that is not given back becomes void by itself.
        """
        self._give_back(over, _own_permit)

    def leave(self, ended: Sequence[JobMessage]) -> None:
        """As ``give_back``, for the attempts of ``ended``, by whatever message they were started."""
        self._give_back(ended, _permits_of_attempt)

    def _give_back(self, messages: Sequence[JobMessage], of_message: Callable[[JobMessage], GivenBack]) -> None:
        for key, group in _by_queue(messages).items():
            try:
                queue = self.in_force.find(key)
                if queue is not None and queue.concurrency is not None:
                    self._let_go(key, queue, _together(map(of_message, group)))
            except UnavailableError as error:
                _log_kept(key.name, error)

    def make_way(self, rightful: Sequence[JobMessage]) -> None:
        """Other messages of the attempts of ``rightful`` were let through, and start nothing.

        Their permits are not given back: the attempts may be about to begin, or run by now. These messages start by
        them, and must not stand on the waiting list until they are void. Never raises UnavailableError.
        """
        try:
            limited = self._constrained(rightful)
            parked = list(self.queues.parked(limited)) if limited else []
            if parked:
                now = self.clock.now()
                self._send_for_good([Start(message=message, at=now) for message in parked], now)
                self.queues.unpark(parked)
        except UnavailableError as error:
            _log_kept(effective_queue(rightful[0].queue, rightful[0].lane), error)

    def keep(self, job: Job, slot: Slot, *, until: datetime, now: datetime) -> bool:
        """The attempt that holds ``slot`` of ``job`` goes on outside (X10): its permit, if it has one, goes on as well.

        For twice ``KEPT_FOR``, or until its lease is over at ``until``: should it never be given back, it becomes void
        then. True: whoever looks after the attempt is to look, and call this again, within ``KEPT_FOR``. Raises
        UnavailableError; may be repeated.
        """
        key = queue_key(job.tenant_id, job.queue, job.lane)
        queue = self.in_force.find(key)
        if queue is None or queue.concurrency is None:
            return False
        permits = permit_keys(attempt_message(job, due_at=slot.due_at, attempt=slot.attempt, run_at=slot.due_at))
        least, most = (min(until, now + life) + PERMIT_MARGIN for life in (KEPT_FOR, 2 * KEPT_FOR))
        change_gate(self.queues, key, lambda gate: gate.kept(permits, most, unless_until=least))
        return True

    def adapt(self, key: QueueKey, before: Queue | None, after: Queue) -> None:
        """Have the gate forget what does not count any more when ``before`` becomes ``after``; called before it does.

        Raises UnavailableError; may be repeated.
        """

        def change(gate: Gate) -> Gate:
            return after_change(gate, before, after, now=self.clock.now(), longest_attempt=self.longest_attempt)

        change_gate(self.queues, key, change)

    def let_go(self, key: QueueKey, *, most: int = MOST_AT_ONCE) -> int:
        """Let those on the waiting list go whom the limits allow, about ``most``; how many have left it.

        Raises UnavailableError; may be repeated.
        """
        queue = self.in_force.find(key, fresh=True)
        return 0 if queue is not None and queue.paused_at is not None else self._let_go(key, queue, {}, most)

    def explained(self, messages: Sequence[JobMessage], *, now: datetime) -> dict[JobMessage, datetime | None]:
        """Who of ``messages`` has not started because of a limit, and when to look again; None: never.

        A parked attempt needs no looking after: its place on the waiting list does not expire.
        """
        constrained = self._constrained(messages)
        parked = self.queues.parked(constrained) if constrained else ()
        found: dict[JobMessage, datetime | None] = dict.fromkeys(parked)
        for key, group in _by_queue([m for m in constrained if m not in parked]).items():
            gate = self.queues.gate(key).at(now)
            for message in group:
                if gate.holds(message) or gate.free_at > now:
                    found[message] = max(gate.free_at, now)
        return found

    def _constrained(self, messages: Sequence[JobMessage]) -> list[JobMessage]:
        """Those in queues with a limit or a pause; each queue is looked up once, however slow the store is."""
        return [message for key, group in _by_queue(messages).items() if self._constrains(key) for message in group]

    def _constrains(self, key: QueueKey) -> bool:
        queue = self.in_force.find(key)
        return queue is not None and (queue.is_limited or queue.paused_at is not None)

    def _enter(self, key: QueueKey, queue: Queue, messages: Sequence[JobMessage], now: datetime) -> Admitted:
        admission = self._pass_gate(key, queue, messages, {}, now)
        admitted = self._start(admission.starts, now)
        if not admission.waiting:
            return admitted
        parked = self._park(key, admission.waiting)
        return replace(admitted, parked=parked.parked)

    def _hold(self, key: QueueKey, queue: Queue, messages: Sequence[JobMessage], now: datetime) -> Admitted:
        """Park ``messages`` because of a pause. Who has a permit already and has not begun gives it back first.

        Otherwise permits that nobody can use would be held by those whom a resume must let go.
        """
        if queue.concurrency is not None:
            gate = self.queues.gate(key).at(now)
            holders = self._live([message for message in messages if gate.holds(message)], now)
            if holders:
                self._pass_gate(key, queue, (), _together(map(_own_permit, holders)), now)
        return self._park(key, messages)

    def _park(self, key: QueueKey, messages: Sequence[JobMessage]) -> Admitted:
        """Put ``messages`` on the waiting list; then look again: who gave a permit back meanwhile saw nobody wait."""
        self.queues.park([replace(message, admitted=False, late=False) for message in messages])
        queue = self.in_force.find(key, fresh=True)
        if queue is None or (queue.paused_at is None and self._has_room(key, queue)):
            self._let_go(key, queue, {})
        return Admitted(parked=len(messages))

    def _has_room(self, key: QueueKey, queue: Queue) -> bool:
        room = self.queues.gate(key).at(self.clock.now()).room(queue)
        return room is None or room > 0

    def _let_go(self, key: QueueKey, queue: Queue | None, given_back: GivenBack, most: int = MOST_AT_ONCE) -> int:
        """Give permits back and, with the same write, to the heads of the waiting list; how many have left it.

        Where nobody of the heads still waited for anything, as after many were cancelled, more are looked at together.
        """
        gone, least = 0, 0
        while True:
            now = self.clock.now()
            heads = self._heads(key, queue, len(given_back), least)
            live = self._live(heads, now)
            if queue is None or not queue.is_limited:
                starts: Sequence[Start] = [Start(message=message, at=now) for message in live]
            elif given_back or live:
                starts = self._pass_gate(key, queue, live, given_back, now).starts
            else:
                starts = ()
            self._send_for_good(starts, now)
            done = {start.message for start in starts} | (set(heads) - set(live))
            if done:
                self.queues.unpark(list(done))
            gone += len(done)
            if not done or gone >= most:
                return gone
            given_back, least = {}, 0 if live else _HEADS

    def _heads(self, key: QueueKey, queue: Queue | None, given_back: int, least: int) -> Sequence[JobMessage]:
        """Those who may leave next: as many as there is room for or, if there is any, at least ``least``."""
        if queue is not None and queue.paused_at is not None:
            return ()
        if queue is None or queue.concurrency is None:
            return self.queues.waiting(key, limit=_HEADS)
        room = self.queues.gate(key).at(self.clock.now()).room(queue) or 0
        free = room + given_back
        return self.queues.waiting(key, limit=min(max(free, least), _HEADS)) if free else ()

    def _live(self, heads: Sequence[JobMessage], now: datetime) -> Sequence[JobMessage]:
        """Those of ``heads`` that still wait for something: not cancelled, edited or started by another message.

        What another message started has lost its due item while it stood here: it gets one, in case its worker dies.
        """
        if not heads:
            return ()
        jobs = self.jobs.get_many([message.key for message in heads])
        judged = [(m, standing(m, jobs[m.key], now)) for m in heads if m.key in jobs]
        self.arming.prepare([m for m, stands in judged if stands in _STARTED], now=now)
        return [m for m, stands in judged if stands in _STILL_WAITING]

    def _pass_gate(
        self,
        key: QueueKey,
        queue: Queue,
        messages: Sequence[JobMessage],
        given_back: GivenBack,
        now: datetime,
    ) -> Admission:
        """Whom of ``messages`` the gate lets through.

        The permits that are given back are given to them in the same write. Raises UnavailableError.
        """

        def decide(gate: Gate) -> tuple[Gate, Admission]:
            admission = admit(gate.without(given_back), queue, messages, now=now, longest_attempt=self.longest_attempt)
            return admission.gate, admission

        return decide_at_gate(self.queues, key, decide)

    def _start(self, starts: Sequence[Start], now: datetime) -> Admitted:
        """Hand on who may start at once; send the others again, to be delivered at their start time.

        What starts soon is still looked after by its first due item; see ``explained``.
        """
        ready = tuple(replace(start.message, admitted=True) for start in starts if start.at <= now)
        later = [start for start in starts if start.at > now]
        horizon = now + self.arming.direct_horizon
        self.arming.send([_let_through(start) for start in later if start.at <= horizon], now=now)
        self._send_for_good([start for start in later if start.at > horizon], now)
        return Admitted(ready=ready, delayed=len(later))

    def _send_for_good(self, starts: Sequence[Start], now: datetime) -> None:
        """Rule 1 for what nobody else looks after: due items first, then messages."""
        items = self.arming.prepare([_let_through(start) for start in starts], now=now)
        self.arming.launch(items, now=now)


def _log_kept(queue: str, error: UnavailableError) -> None:
    extra = {"action": "permit.kept", "queue": queue, "service": error.service}
    _log.warning("a permit could not be given back, or on", extra=extra)


def _by_queue(messages: Sequence[JobMessage]) -> dict[QueueKey, list[JobMessage]]:
    groups: dict[tuple[str, str | None, Lane], list[JobMessage]] = defaultdict(list)
    for message in messages:
        groups[message.tenant_id, message.queue, message.lane].append(message)
    found: dict[QueueKey, list[JobMessage]] = defaultdict(list)
    for (tenant_id, queue, lane), group in groups.items():
        found[queue_key(tenant_id, queue, lane)] += group
    return found


def _own_permit(message: JobMessage) -> GivenBack:
    """The permit by which ``message`` was to start; not once a newer message may start by it."""
    return {permit_key(message): message.version}


def _permits_of_attempt(message: JobMessage) -> GivenBack:
    return dict.fromkeys(permit_keys(message))


def _together(given_back: Iterable[GivenBack]) -> GivenBack:
    """All of them; of those that two messages give back the newer one, or the end of the attempt, decides."""
    found: dict[str, int | None] = {}
    for each in given_back:
        for key, version in each.items():
            known = found.get(key, version)
            found[key] = None if known is None or version is None else max(known, version)
    return found


def _let_through(start: Start) -> JobMessage:
    """For its start time, and never before its own: the clock that lets it go may be behind the one that parked it."""
    return replace(start.message, run_at=max(start.at, start.message.run_at), admitted=True)
