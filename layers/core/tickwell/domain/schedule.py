"""Schedules: when the occurrences of a job are due."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import blake2b

from tickwell.domain.bounds import NO_BOUNDS, YEARS_AHEAD, Bounds
from tickwell.domain.cron import CronExpression, DstMissing
from tickwell.domain.instant import instant, to_epoch_ms


class ScheduleType(StrEnum):
    """How the caller described the schedule."""

    IMMEDIATE = "immediate"
    SCHEDULED = "scheduled"
    CRON = "cron"
    INTERVAL = "interval"


class JobType(StrEnum):
    """Whether a job has one occurrence or many."""

    ONE_TIME = "one-time"
    RECURRING = "recurring"


@dataclass(frozen=True, kw_only=True, slots=True)
class OneTime:
    """One occurrence at ``at``; ``immediate`` remembers that the caller asked for "now"."""

    at: datetime
    immediate: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Cron:
    """Occurrences at the matching local times of a zone. ``jitter_seconds``: see ``start_of``."""

    expression: CronExpression
    bounds: Bounds = NO_BOUNDS
    jitter_seconds: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Occurrences every ``seconds``, counted from ``anchor_at``, so that late runs never shift them.

    With ``bounds.start_at`` that is the anchor, and the first occurrence; otherwise the first one comes a span after
    the anchor. ``timezone`` says what the excluded dates are; None: UTC.
    """

    seconds: int
    anchor_at: datetime
    timezone: str | None = None
    bounds: Bounds = NO_BOUNDS
    jitter_seconds: int = 0

    @property
    def is_even(self) -> bool:
        """Whether no occurrence of those to come is left out, and there is always another one."""
        return self.bounds.end_at is None and not self.bounds.exclude


Schedule = OneTime | Cron | Interval


def schedule_type(schedule: Schedule) -> ScheduleType:
    """The word for ``schedule`` in the API."""
    match schedule:
        case OneTime(immediate=True):
            return ScheduleType.IMMEDIATE
        case OneTime():
            return ScheduleType.SCHEDULED
        case Cron():
            return ScheduleType.CRON
        case Interval():
            return ScheduleType.INTERVAL


def job_type(schedule: Schedule) -> JobType:
    """One-time or recurring."""
    return JobType.ONE_TIME if isinstance(schedule, OneTime) else JobType.RECURRING


def first_due(schedule: Schedule, now: datetime) -> datetime | None:
    """When the first occurrence is due, seen from ``now``. A one-time instant in the past stays as it is."""
    return schedule.at if isinstance(schedule, OneTime) else next_due(schedule, now)


def next_due(schedule: Schedule, after: datetime) -> datetime | None:
    """The first occurrence strictly later than ``after``; None when there is none, or none within 50 years."""
    match schedule:
        case OneTime(at=at):
            return at if at > after else None
        case Cron(expression=expression, bounds=bounds):
            if bounds is NO_BOUNDS:
                return expression.next_after(after)
            return bounds.first_within(after, expression.timezone, expression.next_after)
        case Interval(bounds=bounds, timezone=timezone):
            if bounds is NO_BOUNDS:
                return _next_of(schedule, after)
            return bounds.first_within(after, timezone or "UTC", lambda at: _next_of(schedule, at))


def start_of(schedule: Schedule, job_id: str, due_at: datetime) -> datetime:
    """When the first attempt at ``due_at`` is to start: then, or up to ``jitter_seconds`` later.

    The delay is drawn from the names of job and occurrence: evenly over the jobs that are due together, and the same
    whoever computes it. It never reaches the next occurrence.
    """
    if isinstance(schedule, OneTime) or not schedule.jitter_seconds:
        return due_at
    most_ms = schedule.jitter_seconds * 1000
    following = next_due(schedule, due_at)
    if following is not None:
        most_ms = min(most_ms, to_epoch_ms(following) - to_epoch_ms(due_at) - 1)
    name = f"{job_id}-{to_epoch_ms(due_at)}"
    draw = int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest())
    return due_at + timedelta(milliseconds=draw % (most_ms + 1))


def why_never(schedule: Schedule, now: datetime) -> tuple[str, str]:
    """The field that keeps ``schedule`` from having any occurrence after ``now``, and what it does."""
    if isinstance(schedule, OneTime):
        return "scheduled_time", "has passed"
    bounds = schedule.bounds
    if bounds.end_at is not None and _ever(replace(schedule, bounds=replace(bounds, end_at=None)), now):
        return "end_at", "comes before the first occurrence"
    if bounds.exclude and _ever(replace(schedule, bounds=replace(bounds, exclude=(), end_at=None)), now):
        return "exclude", f"leaves no occurrence in the next {YEARS_AHEAD} years"
    if isinstance(schedule, Cron) and schedule.expression.dst_missing is DstMissing.SKIP:
        shifted = replace(schedule.expression, dst_missing=DstMissing.SHIFT)
        if _ever(Cron(expression=shifted), now):
            return "dst_missing", f"{DstMissing.SKIP} leaves out every occurrence: the clock never shows those times"
    field = "cron_expression" if isinstance(schedule, Cron) else "interval_seconds"
    return field, f"has no occurrence in the next {YEARS_AHEAD} years"


def _ever(schedule: Schedule, now: datetime) -> bool:
    return first_due(schedule, now) is not None


def _next_of(schedule: Interval, after: datetime) -> datetime:
    """The first occurrence strictly later than ``after``, whatever the bounds leave out."""
    step_ms = schedule.seconds * 1000
    steps = (to_epoch_ms(after) - to_epoch_ms(schedule.anchor_at)) // step_ms + 1
    least = 1 if schedule.bounds.start_at is None else 0
    return instant(schedule.anchor_at + timedelta(milliseconds=max(steps, least) * step_ms))
