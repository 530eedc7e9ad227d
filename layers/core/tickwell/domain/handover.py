"""Who is next when the slot of a job becomes free: the oldest occurrence that waits and has not expired."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.instant import instant
from tickwell.domain.job import Job
from tickwell.domain.pending import Pending
from tickwell.domain.slot import Slot


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """What the write that frees the slot does besides, on condition that ``known`` are still those that wait.

    ``head`` takes the slot and waits there for its first attempt (None: nobody does), ``rest`` wait on.
    """

    known: tuple[Pending, ...]
    head: Pending | None = None
    rest: tuple[Pending, ...] = ()

    @property
    def slot(self) -> Slot | None:
        """The slot of ``head``."""
        return None if self.head is None else Slot(due_at=self.head.due_at, attempt=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Succession:
    """A handover, when its head is to start, and those that have waited until they expired."""

    handover: Handover
    start_at: datetime
    expired: tuple[datetime, ...] = ()


def succession(job: Job, now: datetime) -> Succession:
    """Who follows in the slot of ``job``, which becomes free at ``now``.

    Missed occurrences start at least ``misfire_spread_seconds`` apart, counted from the last start.
    """
    alive = tuple(pending for pending in job.pending if not job.policy.is_expired(pending.due_at, now))
    expired = tuple(pending.due_at for pending in job.pending if pending not in alive)
    head, rest = (alive[0], alive[1:]) if alive else (None, ())
    start_at = now
    if head is not None and head.missed and job.last_executed_at is not None:
        start_at = max(now, job.last_executed_at + timedelta(seconds=job.policy.misfire_spread_seconds))
    return Succession(
        handover=Handover(known=job.pending, head=head, rest=rest), start_at=instant(start_at), expired=expired
    )
