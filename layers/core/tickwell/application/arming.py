"""Rule 1: due item first, then the job, then the message. Everything that arms an occurrence goes through here."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.application.ports import Clock, DueItems, FarTimer, Lanes, Outgoing, Together
from tickwell.domain.due import DUE_ITEM_MAX_AGE, DueItem, due_item
from tickwell.domain.errors import StaleDueItemError, UnavailableError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import effective_queue
from tickwell.domain.retry import Misfire, Precision
from tickwell.domain.schedule import start_of
from tickwell.domain.slot import TAKEOVER_DELAY, Slot

_log = logging.getLogger("tickwell")

DIRECT_HORIZON = timedelta(minutes=15)
"""The longest delay of an SQS message: what is due within it is sent by whoever armed it."""


def first_attempt(job: Job, due_at: datetime) -> JobMessage:
    """The message for the first attempt at ``due_at``, to start right then, or later by the schedule's jitter."""
    return attempt_message(job, due_at=due_at, attempt=1, run_at=start_of(job.schedule, job.job_id, due_at))


def attempt_message(job: Job, *, due_at: datetime, attempt: int, run_at: datetime, queued: bool = False) -> JobMessage:
    """The message for an attempt at ``due_at``, to start at ``run_at``: later than that for a retry, or by jitter.

    ``queued``: it is the first one, of an occurrence that waits in the job's slot.
    """
    return JobMessage(
        tenant_id=job.tenant_id,
        job_id=job.job_id,
        version=job.version,
        due_at=due_at,
        attempt=attempt,
        run_at=run_at,
        lane=job.lane,
        recurring=job.is_recurring,
        queue=job.queue,
        subsecond=job.policy.precision is Precision.SUBSECOND,
        queued=queued,
        start_by=_start_by(job, due_at, run_at, queued=queued) if attempt == 1 else None,
    )


def slot_message(job: Job, slot: Slot, run_at: datetime) -> JobMessage:
    """The message for the attempt that the slot waits for."""
    return attempt_message(job, due_at=slot.due_at, attempt=slot.attempt, run_at=run_at, queued=slot.attempt == 1)


def rightful_message(message: JobMessage, job: Job) -> JobMessage | None:
    """The message that starts the attempt of ``message`` instead of it, since the job was edited; None if none does.

    In another queue it is an attempt that has nothing to do with the limits that ``message`` has met.
    """
    moved = effective_queue(job.queue, job.lane) != effective_queue(message.queue, message.lane)
    is_armed = job.status is JobStatus.ACTIVE and job.next_run_at == message.due_at
    return first_attempt(job, message.due_at) if is_armed and message.attempt == 1 and not moved else None


def _start_by(job: Job, due_at: datetime, run_at: datetime, *, queued: bool) -> datetime | None:
    """After that the job must be read before it is claimed; None: never, or always, as for an armed occurrence."""
    if job.is_recurring and not queued:
        return None
    latest = job.policy.latest_start(due_at)
    if job.policy.misfire is Misfire.SKIP and not queued:
        not_late = run_at + job.policy.misfire_grace
        return not_late if latest is None else min(latest, not_late)
    return latest


def probe_message(job: Job) -> JobMessage | None:
    """The message that looks after the running attempt of ``job`` once its lease is over; None: there is none."""
    slot = job.slot
    if slot is None or slot.lease_until is None:
        return None
    run_at = slot.lease_until + TAKEOVER_DELAY
    message = attempt_message(job, due_at=slot.due_at, attempt=slot.attempt, run_at=run_at)
    return replace(message, probe=True, subsecond=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Arming:
    """Writes due items, and later gets their messages under way.

    ``together``: where the engine can, the writes of all ports within such a block are one, in their order.
    """

    due_items: DueItems
    lanes: Lanes
    far_timer: FarTimer
    clock: Clock
    direct_horizon: timedelta = DIRECT_HORIZON
    together: Together = nullcontext

    def prepare(self, messages: Sequence[JobMessage], *, now: datetime) -> tuple[DueItem, ...]:
        """Write the due items of ``messages``; the jobs must follow within ``DUE_ITEM_MAX_AGE``."""
        items = tuple(self._due_item(message, now) for message in messages)
        if items:
            self.due_items.put(items)
        return items

    def _due_item(self, message: JobMessage, now: datetime) -> DueItem:
        item = due_item(message, now=now, direct_horizon=self.direct_horizon)
        return item if item.sent else replace(item, timed=self.far_timer.takes(message))

    def require_fresh(self, *, prepared_at: datetime) -> None:
        """Raise StaleDueItemError when due items that were prepared then are too old for their jobs to be written now.

        The safety sync looks at a due item 30 s after its time, and lets it go when its job does not know of it.
        """
        if self.clock.now() - prepared_at > DUE_ITEM_MAX_AGE:
            raise StaleDueItemError

    def launch(self, items: Sequence[DueItem], *, now: datetime) -> bool:
        """Send what is near to its lane and arm the far timer for the rest, after the jobs were written.

        False when that failed, whatever the reason: the jobs are accepted, and the safety sync repairs it (rule 1).
        """
        try:
            self.send([item.message for item in items if item.sent], now=now)
            far = [item for item in items if not item.sent]
            if far:
                self._arm(far)
        except Exception:  # noqa: BLE001 - whatever it was, the jobs stand; it is logged and repaired
            _log.exception("launch failed", extra={"action": "launch.failed", "count": len(items)})
            return False
        return True

    def _arm(self, far: Sequence[DueItem]) -> None:
        """Arm the far timer; what it does not take after all is left to the sweep, which is in time as well."""
        try:
            self.far_timer.arm(far)
        except Exception:  # noqa: BLE001 - whatever it was, the jobs stand; it is logged and made up
            _log.exception("arming failed", extra={"action": "arm.failed", "count": len(far)})
            self.due_items.put([replace(item, timed=False) for item in far if item.timed])

    def probe(self, jobs: Sequence[Job], *, now: datetime) -> bool:
        """Have the running attempts of ``jobs`` looked after when their leases are over.

        False when that failed, whatever the reason: they run, and the safety sync looks after them too, only later.
        """
        probes = [message for job in jobs if (message := probe_message(job)) is not None]
        try:
            self.send(probes, now=now)
        except Exception:  # noqa: BLE001 - whatever it was, the attempts must run; it is logged, and made up
            _log.exception("probe failed", extra={"action": "probe.failed", "count": len(probes)})
            return False
        return True

    def look_after(self, job: Job, slot: Slot, *, at: datetime) -> None:
        """Have the safety sync look at ``at`` after the attempt that holds ``slot`` of ``job``; it starts nothing.

        Raises UnavailableError.
        """
        message = attempt_message(job, due_at=slot.due_at, attempt=slot.attempt, run_at=slot.due_at)
        item = due_item(message, now=at, direct_horizon=self.direct_horizon)
        self.due_items.put([item.carried_to(at)])

    def disarm(self, message: JobMessage) -> bool:
        """Spare a far timer that is not needed any more, after the job was written.

        False when that failed, whatever the reason: it fires in vain, which costs a little money.
        """
        try:
            self.far_timer.disarm(message)
        except Exception:  # noqa: BLE001 - whatever it was, the job stands; it is logged, and harmless
            _log.exception("disarm failed", extra={"action": "disarm.failed", "job_id": message.job_id})
            return False
        return True

    def forget(self, messages: Sequence[JobMessage]) -> bool:
        """Spare the safety sync a look at attempts that have ended; False when that failed, which costs the look."""
        try:
            self.due_items.forget(messages)
        except UnavailableError:
            return False
        return True

    def send(self, messages: Sequence[JobMessage], *, now: datetime) -> None:
        """Send messages to their lanes, each delayed until its ``run_at``. Raises UnavailableError."""
        send_to_lanes(self.lanes, messages, now=now)


def send_to_lanes(lanes: Lanes, messages: Sequence[JobMessage], *, now: datetime) -> None:
    """Send each message to its lane, delayed until its ``run_at`` at most by the longest delay.

    Raises UnavailableError.
    """
    by_lane: dict[Lane, list[Outgoing[JobMessage]]] = defaultdict(list)
    for message in messages:
        delay = min(max(message.run_at - now, timedelta(0)), DIRECT_HORIZON)
        by_lane[message.lane].append(outgoing(message, delay_seconds=delay.total_seconds()))
    for lane, batch in by_lane.items():
        lanes[lane].send(batch)


def outgoing(message: JobMessage, *, delay_seconds: float) -> Outgoing[JobMessage]:
    """``message`` as it is sent to a lane."""
    return Outgoing(
        message=message, delay_seconds=delay_seconds, group=message.tenant_id, rather_early=message.subsecond
    )
