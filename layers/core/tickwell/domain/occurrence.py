"""What becomes of an occurrence when its message arrives, and how a recurring job goes on from there."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.schedule import Interval, Schedule, next_due
from tickwell.domain.slot import Slot

_MOST_COUNTED = 10_000
_MILLISECOND = timedelta(milliseconds=1)


class Standing(StrEnum):
    """How a message, or a due item, stands to the job as it is now."""

    RESOLVED = "resolved"  # finished, edited, paused, gone: nothing is to be done
    WAITING = "waiting"  # neither claimed nor finished
    BLOCKED = "blocked"  # its time has come, but the slot is busy with an earlier occurrence
    RUNNING = "running"  # a worker holds it
    ABANDONED = "abandoned"  # a worker held it, and its lease has been over for long enough


def standing(message: JobMessage, job: Job, now: datetime) -> Standing:
    """Judge ``message`` against ``job``; the claim's condition says the same in one write (rule 2)."""
    slot = job.slot
    if slot is not None and slot.due_at == message.due_at:
        return _in_slot(message, slot, job, now)
    is_armed = job.version == message.version and job.next_run_at == message.due_at
    is_first = message.attempt == 1 and not message.queued
    if not is_first or not is_armed or job.status is not JobStatus.ACTIVE:
        return Standing.RESOLVED
    return Standing.WAITING if slot is None else Standing.BLOCKED


def _in_slot(message: JobMessage, slot: Slot, job: Job, now: datetime) -> Standing:
    """What the message of the occurrence in the slot comes to."""
    if slot.attempt != message.attempt:
        return Standing.RESOLVED
    if slot.is_running():
        return Standing.ABANDONED if slot.may_be_taken_over(now) else Standing.RUNNING
    # An occurrence that had to wait is started by another message than the one that it was armed with.
    is_meant = message.queued or message.attempt > 1
    return Standing.WAITING if is_meant and job.status is JobStatus.ACTIVE else Standing.RESOLVED


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Occurrences that follow each other; ``count`` is None when they are too many to count."""

    first_due_at: datetime
    last_due_at: datetime
    count: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rearm:
    """How a recurring job goes on: its next occurrence, and those that are left out."""

    next_run_at: datetime | None
    gap: Gap | None


def rearm(schedule: Schedule, due_at: datetime, now: datetime, *, grace: timedelta) -> Rearm:
    """The occurrence to arm when the one of ``due_at`` is claimed or left out at ``now``.

    What is late by more than ``grace`` is a gap, which the misfire policy decides on.
    """
    following = next_due(schedule, due_at)
    horizon = now - grace
    if following is None or following > horizon:
        return Rearm(next_run_at=following, gap=None)
    resumed = next_due(schedule, horizon)
    return Rearm(next_run_at=resumed, gap=_gap(schedule, following, horizon))


def gap_between(schedule: Schedule, after: datetime, until: datetime) -> Gap | None:
    """The occurrences later than ``after``, up to and including ``until``; None when there is none."""
    first = next_due(schedule, after)
    return None if first is None or first > until else _gap(schedule, first, until)


def newest(schedule: Schedule, gap: Gap, most: int) -> tuple[datetime, ...]:
    """The last ``most`` occurrences of ``gap``, oldest first. Looks back in steps that double."""
    before_all = gap.first_due_at - _MILLISECOND
    span = timedelta(seconds=most)
    while most:
        begin = max(before_all, gap.last_due_at - span)
        found: deque[datetime] = deque(maxlen=most)
        due_at = next_due(schedule, begin)
        while due_at is not None and due_at <= gap.last_due_at:
            found.append(due_at)
            due_at = next_due(schedule, due_at)
        if len(found) == most or begin == before_all:
            return tuple(found)
        span *= 2
    return ()


def runs(schedule: Schedule, due: Sequence[datetime]) -> list[Gap]:
    """The occurrences ``due``, in order, as ranges that hold no other occurrence of ``schedule``."""
    found: list[Gap] = []
    for due_at in due:
        last = found[-1] if found else None
        if last is not None and last.count is not None and next_due(schedule, last.last_due_at) == due_at:
            found[-1] = replace(last, last_due_at=due_at, count=last.count + 1)
        else:
            found.append(only(due_at))
    return found


def only(due_at: datetime) -> Gap:
    """One occurrence."""
    return Gap(first_due_at=due_at, last_due_at=due_at, count=1)


def _gap(schedule: Schedule, first: datetime, horizon: datetime) -> Gap:
    """Occurrences from ``first`` up to and including ``horizon``."""
    if isinstance(schedule, Interval) and schedule.is_even:
        step = timedelta(seconds=schedule.seconds)
        steps = (horizon - first) // step
        return Gap(first_due_at=first, last_due_at=first + steps * step, count=steps + 1)
    last, count = first, 1
    while count < _MOST_COUNTED:
        following = next_due(schedule, last)
        if following is None or following > horizon:
            return Gap(first_due_at=first, last_due_at=last, count=count)
        last, count = following, count + 1
    return Gap(first_due_at=first, last_due_at=horizon, count=None)
