"""What becomes of an occurrence when its message arrives, and how a recurring job goes on from there."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.schedule import Interval, Schedule, next_due

MISFIRE_GRACE = timedelta(seconds=60)
"""An occurrence that is late by less than this is still executed, even when the next one is due already."""

_MOST_COUNTED = 10_000


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
        if slot.attempt != message.attempt:
            return Standing.RESOLVED
        if slot.is_running():
            return Standing.ABANDONED if slot.may_be_taken_over(now) else Standing.RUNNING
        return Standing.WAITING if job.status is JobStatus.ACTIVE else Standing.RESOLVED
    is_current = job.version == message.version and job.next_run_at == message.due_at
    if message.attempt != 1 or not is_current or job.status is not JobStatus.ACTIVE:
        return Standing.RESOLVED
    return Standing.WAITING if slot is None else Standing.BLOCKED


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """Occurrences that passed unclaimed; ``count`` is None when they were too many to count."""

    first_due_at: datetime
    last_due_at: datetime
    count: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Rearm:
    """How a recurring job goes on: its next occurrence, and those that are left out."""

    next_run_at: datetime | None
    gap: Gap | None


def rearm(schedule: Schedule, due_at: datetime, now: datetime) -> Rearm:
    """The occurrence to arm when the one of ``due_at`` is claimed or skipped at ``now``.

    What is late by more than ``MISFIRE_GRACE`` is left out (misfire policy "run once": the claimed occurrence stands
    for all of them), so that a day of outage does not end in a stampede.
    """
    following = next_due(schedule, due_at)
    horizon = now - MISFIRE_GRACE
    if following is None or following > horizon:
        return Rearm(next_run_at=following, gap=None)
    resumed = next_due(schedule, horizon)
    return Rearm(next_run_at=resumed, gap=_gap(schedule, following, horizon))


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
