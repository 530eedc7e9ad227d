"""What becomes of an occurrence of a recurring job when its message arrives: overlap (X3), misfire (X4), expiry (X11).

Pure decisions. Every occurrence that is not to run is named, with its reason, so that each has one recorded outcome.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tickwell.domain.execution import SkipOutcome
from tickwell.domain.job import Job
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import Gap, Rearm, newest, only, rearm, runs
from tickwell.domain.pending import MOST_PENDING, Pending
from tickwell.domain.retry import Misfire, Overlap
from tickwell.domain.schedule import Schedule
from tickwell.domain.slot import Slot

BUSY = "the previous occurrence was not over"
FULL_ONE = "another occurrence was waiting already"
FULL_ALL = f"{MOST_PENDING} occurrences were waiting already"
SUPERSEDED = "a newer occurrence took its place"
MISSED = "missed"
EXPIRED = "expired"
PAUSED = "paused"
EDITED = "edited"
CANCELLED = "cancelled"


class Move(StrEnum):
    """What is to be done about an occurrence that is due. Each of them arms the next one in the same write."""

    CLAIM = "claim"  # the slot is free
    TAKE_OVER = "take over"  # the slot waits for an attempt at an older occurrence, which is not made any more
    WAIT = "wait"  # it joins, or replaces, those that wait for the slot
    BESIDE = "beside"  # a child runs it
    LEAVE = "leave"  # it does not run, whatever the slot does
    LEAVE_IF_BUSY = "leave if busy"  # it does not run because the slot is busy


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Occurrences that will not run, and why."""

    gap: Gap
    reason: str
    outcome: SkipOutcome = SkipOutcome.SKIPPED


@dataclass(frozen=True, kw_only=True, slots=True)
class Arrival:
    """The decision. ``pending`` are those that wait for the slot afterwards."""

    move: Move
    next_run_at: datetime | None
    pending: tuple[Pending, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def arrival(job: Job, message: JobMessage, now: datetime, *, blocked: bool, has_child: bool = False) -> Arrival:
    """What becomes of the occurrence of ``message``, which ``job`` has armed, at ``now``.

    ``blocked``: the slot is busy with an earlier one. ``has_child``: a child runs it already, and whoever made that
    has died before the next occurrence was armed.
    """
    policy = job.policy
    going_on = rearm(job.schedule, message.due_at, now, grace=policy.misfire_grace)
    is_late = now - message.run_at > policy.misfire_grace
    if has_child:
        return _alone(Move.BESIDE, job, going_on)
    if policy.is_expired(message.due_at, now):
        return _alone(Move.LEAVE, job, going_on, LeftOut(gap=only(message.due_at), reason=EXPIRED))
    if policy.misfire is Misfire.SKIP and is_late:
        return _all_missed(message.due_at, going_on, job)
    if policy.misfire is Misfire.RUN_ALL and (is_late or going_on.gap is not None):
        return _run_all(job, message.due_at, going_on, blocked=blocked)
    if not blocked:
        return _alone(Move.CLAIM, job, going_on)
    return _blocked(job, message.due_at, going_on)


def _missed(going_on: Rearm) -> tuple[LeftOut, ...]:
    return () if going_on.gap is None else (LeftOut(gap=going_on.gap, reason=MISSED),)


def _alone(move: Move, job: Job, going_on: Rearm, *left_out: LeftOut) -> Arrival:
    """A move that leaves those that wait as they are."""
    return Arrival(
        move=move, next_run_at=going_on.next_run_at, pending=job.pending, left_out=(*left_out, *_missed(going_on))
    )


def _all_missed(due_at: datetime, going_on: Rearm, job: Job) -> Arrival:
    """Neither the occurrence nor those of the gap run: one range."""
    gap = going_on.gap
    if gap is None:
        missed = only(due_at)
    else:
        count = None if gap.count is None else gap.count + 1
        missed = Gap(first_due_at=due_at, last_due_at=gap.last_due_at, count=count)
    left_out = (LeftOut(gap=missed, reason=MISSED),)
    return Arrival(move=Move.LEAVE, next_run_at=going_on.next_run_at, pending=job.pending, left_out=left_out)


def _run_all(job: Job, due_at: datetime, going_on: Rearm, *, blocked: bool) -> Arrival:
    """The occurrence runs, or waits, and behind it wait the newest ones of the gap."""
    room = MOST_PENDING - len(job.pending) - blocked
    if room < 0:
        return _alone(Move.LEAVE_IF_BUSY, job, going_on, LeftOut(gap=only(due_at), reason=FULL_ALL))
    kept, rest = _split(job.schedule, going_on.gap, min(job.policy.misfire_max - 1, room))
    waiting = tuple(Pending(due_at=missed, missed=True) for missed in ((due_at, *kept) if blocked else kept))
    return Arrival(
        move=Move.WAIT if blocked else Move.CLAIM,
        next_run_at=going_on.next_run_at,
        pending=(*job.pending, *waiting),
        left_out=() if rest is None else (LeftOut(gap=rest, reason=MISSED),),
    )


def _split(schedule: Schedule, gap: Gap | None, most: int) -> tuple[tuple[datetime, ...], Gap | None]:
    """The newest ``most`` occurrences of ``gap``, and what is older."""
    if gap is None:
        return (), None
    found = newest(schedule, gap, most + 1)
    if len(found) <= most:
        return found, None
    kept = found[1:]
    count = None if gap.count is None else gap.count - len(kept)
    return kept, Gap(first_due_at=gap.first_due_at, last_due_at=found[0], count=count)


def _blocked(job: Job, due_at: datetime, going_on: Rearm) -> Arrival:
    """The overlap policy decides. Behind missed ones that wait, regular ones wait as well: order is kept."""
    waits = any(not pending.missed for pending in job.pending)
    is_behind_missed = any(pending.missed for pending in job.pending)
    match job.policy.overlap:
        case Overlap.ALLOW:
            return _alone(Move.BESIDE, job, going_on)
        case Overlap.CANCEL_OTHER:
            return _supersede(job, due_at, going_on)
        case Overlap.SKIP if not is_behind_missed:
            reason = BUSY
        case Overlap.QUEUE_ONE if waits:
            reason = FULL_ONE
        case _ if len(job.pending) >= MOST_PENDING:
            reason = FULL_ALL
        case _:
            pending = (*job.pending, Pending(due_at=due_at))
            return Arrival(
                move=Move.WAIT, next_run_at=going_on.next_run_at, pending=pending, left_out=_missed(going_on)
            )
    return _alone(Move.LEAVE_IF_BUSY, job, going_on, LeftOut(gap=only(due_at), reason=reason))


def _supersede(job: Job, due_at: datetime, going_on: Rearm) -> Arrival:
    """What runs is told to end, and the newcomer alone waits for it; what only waits gives way at once."""
    gone = runs(job.schedule, [pending.due_at for pending in job.pending])
    left_out = [LeftOut(gap=gap, reason=SUPERSEDED) for gap in gone]
    runs_now = job.slot is not None and job.slot.is_running()
    if not runs_now and job.slot is not None:
        left_out = [*unbegun(job.slot, SUPERSEDED), *left_out]
    return Arrival(
        move=Move.WAIT if runs_now else Move.TAKE_OVER,
        next_run_at=going_on.next_run_at,
        pending=(Pending(due_at=due_at),) if runs_now else (),
        left_out=(*left_out, *_missed(going_on)),
    )


def unbegun(slot: Slot, reason: str, outcome: SkipOutcome = SkipOutcome.SKIPPED) -> list[LeftOut]:
    """The occurrence of a slot whose next attempt is not made any more, unless an earlier attempt is on record."""
    return [LeftOut(gap=only(slot.due_at), reason=reason, outcome=outcome)] if slot.attempt == 1 else []
