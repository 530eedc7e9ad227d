"""Who may start: the limits of a named queue (rule 10), decided in one place and without effects.

A queue's *gate* is all that its limits need to remember: the permits of what is running or about to, and the instant
from which the next start is free. Whoever changes it writes it on condition that nobody else did meanwhile.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.domain.instant import from_epoch_ms, instant, to_epoch_ms
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Queue
from tickwell.domain.slot import LEASE_MARGIN, TAKEOVER_DELAY

PERMIT_MARGIN = timedelta(minutes=5) + LEASE_MARGIN + TAKEOVER_DELAY
"""What a permit lives beyond the longest attempt: time for its message to be delivered and for a lease to be over."""

LATE_AFTER = timedelta(seconds=3)
"""Who arrives later than this after its start time gets another one: no larger crowd starts after an outage."""

_EPOCH = from_epoch_ms(0)
_MILLISECOND = timedelta(milliseconds=1)


GivenBack = Mapping[str, int | None]
"""The keys of permits that are given back, each with the job's version in the message that does so.

None: the attempt has ended, by whatever message it was started. A message that starts nothing may be slow to say so,
and its job have been changed again meanwhile, so that a newer one has begun by the same permit.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Permit:
    """The right of one attempt to run. ``until``: when it is void, should its worker never give it back.

    ``outside``: the attempt has begun, and goes on without a worker, for as long as that takes (X10). ``version``: that
    of the job, in the newest of the messages that may start by it.
    """

    key: str
    until: datetime
    outside: bool = False
    version: int = 1

    def starts_at(self, life: timedelta) -> datetime:
        """The start that was reserved with it; ``life`` is how much longer it lives where a worker runs the attempt."""
        return _EPOCH if self.outside else self.until - life


@dataclass(frozen=True, kw_only=True, slots=True)
class Gate:
    """What a queue's limits remember. ``version`` 0: nothing was ever written."""

    version: int = 0
    permits: tuple[Permit, ...] = ()
    free_at: datetime = _EPOCH

    def at(self, now: datetime) -> "Gate":
        """The same without permits that are void at ``now``."""
        return replace(self, permits=tuple(permit for permit in self.permits if permit.until > now))

    def holds(self, message: JobMessage) -> bool:
        """Whether ``message`` has a permit."""
        return permit_key(message) in {permit.key for permit in self.permits}

    def without(self, given_back: GivenBack) -> "Gate":
        """The same after permits were given back; unknown ones are ignored, and so are those of newer messages."""

        def is_kept(permit: Permit) -> bool:
            if permit.key not in given_back:
                return True
            version = given_back[permit.key]
            return version is not None and permit.version > version

        return replace(self, permits=tuple(filter(is_kept, self.permits)))

    def kept(self, keys: Collection[str], until: datetime, *, unless_until: datetime) -> "Gate":
        """The same with the permits ``keys``, if there are such, used outside, and good until ``until``.

        As it is where it is used outside already and good until ``unless_until``: that spares a write.
        """

        def kept(permit: Permit) -> Permit:
            is_good = permit.outside and permit.until >= unless_until
            return permit if permit.key not in keys or is_good else replace(permit, until=until, outside=True)

        return replace(self, permits=tuple(map(kept, self.permits)))

    def room(self, queue: Queue) -> int | None:
        """How many more permits there are; None: as many as anybody wants."""
        return None if queue.concurrency is None else max(0, queue.concurrency - len(self.permits))


def after_change(gate: Gate, before: Queue | None, after: Queue, *, now: datetime, longest_attempt: timedelta) -> Gate:
    """What of ``gate`` still counts when the settings ``before`` (None: a new queue) become ``after``.

    Nobody gives permits back while there is no concurrency, so those of an earlier one are forgotten: a new limit
    counts what starts from then on. A rate that is lifted takes along the start times that it has reserved. Jobs that
    have one already start then nevertheless.
    """
    current = gate.at(now)
    if after.concurrency is not None and (before is None or before.concurrency is None):
        current = replace(current, permits=())
    if before is None or (before.rate_limit is not None and after.rate_limit is None):
        life = longest_attempt + PERMIT_MARGIN
        started = tuple(permit for permit in current.permits if permit.starts_at(life) <= now)
        current = replace(current, permits=started, free_at=_EPOCH)
    return current


@dataclass(frozen=True, kw_only=True, slots=True)
class Start:
    """An attempt that may start at ``at``."""

    message: JobMessage
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Admission:
    """What came of asking: the gate to write, who may start when, and who has to wait for a permit."""

    gate: Gate
    starts: tuple[Start, ...]
    waiting: tuple[JobMessage, ...]


def permit_key(message: JobMessage) -> str:
    """Names the permit of an attempt: 12 hexadecimal digits, the same for each of its messages.

    Except that an occurrence has another one while it waits in the slot for its first attempt (``queued``): the message
    that it was armed with, and that has had it wait, gives its own one back, and may be late with that.
    """
    text = f"{message.job_id}#{to_epoch_ms(message.due_at)}#{message.attempt}{'#queued' if message.queued else ''}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()


def permit_keys(message: JobMessage) -> frozenset[str]:
    """Those under which the attempt of ``message`` may have begun, however it was started."""
    ways = (False, True) if message.attempt == 1 and message.recurring else (message.queued,)
    return frozenset(permit_key(replace(message, queued=queued)) for queued in ways)


def admit(
    gate: Gate, queue: Queue, messages: Sequence[JobMessage], *, now: datetime, longest_attempt: timedelta
) -> Admission:
    """Let as many of ``messages`` start as the limits of ``queue`` allow, in order.

    Who holds a permit already starts by it, at the time that was reserved with it: asking twice costs nothing. A start
    time is reserved once, and together with the permit, so that the starts that the rate spreads are real ones. In a
    queue that has only a rate, a message that was ``admitted`` before keeps its start time. Should it have missed that
    by more than ``LATE_AFTER`` it gets another one; only once, so that all start in the end where all come late.
    """
    current = gate.at(now)
    life = longest_attempt + PERMIT_MARGIN
    permits, free_at = {permit.key: permit for permit in current.permits}, current.free_at
    starts: list[Start] = []
    waiting: list[JobMessage] = []
    for message in messages:
        key = permit_key(message)
        if queue.concurrency is None and message.admitted and not _has_missed(message, now):
            starts.append(Start(message=message, at=max(message.run_at, now)))
        elif key in permits:
            permits[key] = replace(permits[key], version=max(permits[key].version, message.version))
            starts.append(Start(message=message, at=max(permits[key].starts_at(life), now)))
        elif queue.concurrency is not None and len(permits) >= queue.concurrency:
            waiting.append(message)
        else:
            at, free_at = _reserve(queue, free_at, now)
            starts.append(Start(message=replace(message, late=message.admitted), at=at))
            if queue.concurrency is not None:
                permits[key] = Permit(key=key, until=at + life, version=message.version)
    admitted = replace(current, permits=tuple(permits.values()), free_at=free_at)
    return Admission(gate=admitted, starts=tuple(starts), waiting=tuple(waiting))


def _has_missed(message: JobMessage, now: datetime) -> bool:
    """Whether ``message`` has missed its start time, for the first time."""
    return not message.late and now - message.run_at > LATE_AFTER


def _reserve(queue: Queue, free_at: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The next start, and the one after it."""
    if queue.rate_limit is None:
        return now, free_at
    at = max(free_at, now)
    return at, _to_millisecond(at + queue.rate_limit.spacing)


def _to_millisecond(value: datetime) -> datetime:
    """``value`` in whole milliseconds, rounded up: no start is early."""
    whole = instant(value)
    return whole if whole == value else whole + _MILLISECOND
