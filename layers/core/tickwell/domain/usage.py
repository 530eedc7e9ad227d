"""What a tenant had done, counted by queue and day: what its share of the bill follows from (X19).

Like ``Counts``, usage adds up in any order, and follows from what a job was before a write and is after it. Both
engines count the same. What changes no other count is not counted: an edit, for one, would cost a write more for
being counted. A child, which is no job of its own, is counted with its first attempt.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from tickwell.domain.child import parent_of
from tickwell.domain.counts import EndedExecution, ExecutionCell
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import instant
from tickwell.domain.job import Job
from tickwell.domain.job_listing import NEAR
from tickwell.domain.queue import effective_queue

_FAILURES = frozenset({ExecutionStatus.FAILED, ExecutionStatus.TIMEOUT, ExecutionStatus.LOST})


class Activity(StrEnum):
    """What is counted. Stored in this order: new ones come last."""

    CREATED_SOON = "created_soon"  # one-time jobs due within 15 minutes of their creation
    CREATED_FAR = "created_far"  # one-time jobs due later
    CREATED_RECURRING = "created_recurring"
    CHILDREN = "children"  # what ran beside a job (execute now, overlaps, backfills), with its first attempt
    CHANGES = "changes"  # of status, by somebody: pause, resume, cancel, delete, run again
    ATTEMPTS = "attempts"  # first attempts of one-time jobs
    OCCURRENCES = "occurrences"  # first attempts of recurring jobs' occurrences
    RETRIES = "retries"  # all further attempts
    GIVEN_UP = "given_up"  # occurrences that will not be tried again
    OUTSIDE = "outside"  # attempts that went on outside of any worker


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """How often each activity was; ``duration_ms``: how long workers were busy with all attempts together."""

    activities: Mapping[Activity, int] = field(default_factory=dict)
    duration_ms: int = 0

    def plus(self, other: "Usage") -> "Usage":
        """Both together."""
        sums = dict(self.activities)
        for activity, number in other.activities.items():
            sums[activity] = sums.get(activity, 0) + number
        return Usage(activities=sums, duration_ms=self.duration_ms + other.duration_ms)


QueueUsage = Mapping[ExecutionCell, Usage]
"""By queue and lane: what an attempt's time costs depends on its lane."""

UsageByDay = Mapping[date, QueueUsage]
"""By day, UTC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Used:
    """What one write adds, and the instant whose day it belongs to."""

    at: datetime
    cell: ExecutionCell
    usage: Usage

    @property
    def day(self) -> date:
        """The day, UTC."""
        return instant(self.at).date()


def usage_of_change(before: Job | None, after: Job | None, ended: EndedExecution | None) -> Used | None:
    """What a write adds that made ``after`` of ``before``; None where it adds nothing.

    ``ended`` is the attempt that the write finished.
    """
    if after is None or (ended is None and parent_of(after.job_id) is not None):
        return None
    cell = ExecutionCell(queue=effective_queue(after.queue, after.lane), lane=after.lane)
    if before is None or _is_anew(before, after):
        return Used(at=after.created_at, cell=cell, usage=_one(_creation(after)))
    if ended is not None:
        return Used(at=ended.finished_at, cell=cell, usage=_attempt(after, ended))
    if before.status is not after.status:
        return Used(at=after.updated_at, cell=cell, usage=_one(Activity.CHANGES))
    return None


def plus(first: QueueUsage, second: QueueUsage) -> dict[ExecutionCell, Usage]:
    """Both together."""
    sums = dict(first)
    for cell, usage in second.items():
        sums[cell] = sums[cell].plus(usage) if cell in sums else usage
    return sums


def _one(activity: Activity) -> Usage:
    return Usage(activities={activity: 1})


def _is_anew(before: Job, after: Job) -> bool:
    """Whether the job had expired and was made again: nothing else takes its numbers back."""
    return after.version < before.version or after.tally.executions < before.tally.executions


def _creation(job: Job) -> Activity:
    if job.is_recurring:
        return Activity.CREATED_RECURRING
    if job.next_run_at is not None and job.next_run_at - job.created_at > NEAR:
        return Activity.CREATED_FAR
    return Activity.CREATED_SOON


def activity_of_attempt(job_id: str, attempt: int, *, is_recurring: bool) -> Activity:
    """What an attempt that has ended is counted as."""
    if attempt > 1:
        return Activity.RETRIES
    if parent_of(job_id) is not None:
        return Activity.CHILDREN
    return Activity.OCCURRENCES if is_recurring else Activity.ATTEMPTS


def is_given_up(status: ExecutionStatus, *, keeps_slot: bool) -> bool:
    """Whether an occurrence is given up with an attempt that ended so; it is not while its slot waits for a retry."""
    return status in _FAILURES and not keeps_slot


def busy_ms(duration_ms: int, outside_ms: int | None) -> int:
    """How long a worker was busy with an attempt that took ``duration_ms``; None: it did not go on outside."""
    return max(0, duration_ms - (outside_ms or 0))


def _attempt(after: Job, ended: EndedExecution) -> Usage:
    activities = {activity_of_attempt(after.job_id, ended.attempt, is_recurring=after.is_recurring): 1}
    if is_given_up(ended.status, keeps_slot=after.slot is not None and after.slot.due_at == ended.due_at):
        activities[Activity.GIVEN_UP] = 1
    if ended.outside_ms is not None:
        activities[Activity.OUTSIDE] = 1
    return Usage(activities=activities, duration_ms=busy_ms(ended.duration_ms, ended.outside_ms))
