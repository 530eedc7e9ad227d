"""Due items: the truth about timing, and the safety sync's progress through them."""

import zlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.message import JobMessage

DUE_SHARDS = 8
"""Buckets per minute: 8,000 due items a second can be written for one and the same minute."""

DUE_ITEM_LIFE = timedelta(days=35)
DUE_ITEM_MAX_AGE = timedelta(seconds=20)
"""A job is not written when its due item is older than this (rule 1)."""

SYNC_GRACE = timedelta(seconds=30)
"""The safety sync looks at a due item this long after its time; longer than the API's timeout (rule 1)."""

SWEEP_MARGIN = timedelta(seconds=60)
"""The sweep looks this much less far ahead than callers send by themselves, so that nothing falls between the two."""

_FIRST_CARRY = timedelta(minutes=5)
_LONGEST_CARRY = timedelta(days=1)
_BACKLOG_EXPLAINS_FOR = timedelta(hours=12)


def shard_of(message: JobMessage) -> int:
    """The shard of the due item of ``message``: the same for all of a job."""
    return zlib.crc32(message.job_id.encode()) % DUE_SHARDS


def place_of(message: JobMessage) -> str:
    """What tells the due item of ``message`` from others of its shard that are looked at in the same instant."""
    return f"{message.tenant_id}#{message.job_id}#{to_epoch_ms(message.due_at)}#{message.attempt}#{message.version}"


@dataclass(frozen=True, kw_only=True, slots=True)
class DueItem:
    """A version of a job is due at an instant: what the safety sync checks at ``look_at``.

    ``look_at`` is max(``message.run_at``, now) when it was written: nothing is ever written behind the sync.
    ``sent`` says that the writer sends the message itself (it is due within the direct horizon), so that the sweep
    leaves it alone. ``timed``: a far timer of its own takes it to its lane. ``checks`` counts how often it was carried
    forward.
    """

    message: JobMessage
    look_at: datetime
    sent: bool
    timed: bool = False
    checks: int = 0

    @property
    def shard(self) -> int:
        """The same for all due items of a job."""
        return shard_of(self.message)

    @property
    def position(self) -> "DuePosition":
        """Its place in the order in which the safety sync walks a shard; unique."""
        return DuePosition(look_at=self.look_at, rest=place_of(self.message))

    @property
    def expires_at(self) -> datetime:
        """When the store may forget it (rule 6)."""
        return self.look_at + DUE_ITEM_LIFE

    def looked_at(self, look_at: datetime) -> "DueItem":
        """The same item, had it been written to be looked at at ``look_at``."""
        return replace(self, look_at=look_at)

    def carried_to(self, look_at: datetime) -> "DueItem":
        """The same item, to be looked at again at ``look_at``."""
        return replace(self, look_at=look_at, sent=True, checks=self.checks + 1)

    def next_check(self, now: datetime) -> datetime:
        """When to look again at what still waits: after 5 minutes, doubling to a day."""
        doublings: int = 2 ** min(self.checks, 10)
        return now + min(_FIRST_CARRY * doublings, _LONGEST_CARRY)

    def backlog_may_explain(self, now: datetime) -> bool:
        """Whether a backlog of the lane is still a believable reason for the wait; after 12 hours it is not."""
        return now - self.message.run_at < _BACKLOG_EXPLAINS_FOR


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class DuePosition:
    """A place in a shard: everything up to and including it has been dealt with."""

    look_at: datetime
    rest: str = ""

    @classmethod
    def end_of(cls, look_at: datetime) -> "DuePosition":
        """Behind every item of the instant ``look_at``."""
        return cls(look_at=look_at, rest="~")


@dataclass(frozen=True, kw_only=True, slots=True)
class Watermark:
    """How far the safety sync has come in one shard: swept ahead, and checked behind."""

    swept_to: DuePosition
    checked_to: DuePosition


@dataclass(frozen=True, kw_only=True, slots=True)
class DuePage:
    """Some due items in order; the caller has seen everything up to ``reached`` when it has dealt with them."""

    items: tuple[DueItem, ...]
    reached: DuePosition
    complete: bool


def due_item(message: JobMessage, *, now: datetime, direct_horizon: timedelta) -> DueItem:
    """The due item to write at ``now`` for ``message``."""
    return DueItem(
        message=message,
        look_at=max(message.run_at, now),
        sent=message.run_at <= now + direct_horizon,
    )
