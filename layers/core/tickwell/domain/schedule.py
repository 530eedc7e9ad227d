"""Schedules: when the occurrences of a job are due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.cron import CronExpression
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
    """Occurrences at the matching local times of a zone."""

    expression: CronExpression


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Occurrences every ``seconds``, counted from ``anchor_at``, so that late runs never shift them."""

    seconds: int
    anchor_at: datetime


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
    """The first occurrence strictly later than ``after``; None when there is none."""
    match schedule:
        case OneTime(at=at):
            return at if at > after else None
        case Cron(expression=expression):
            return expression.next_after(after)
        case Interval(seconds=seconds, anchor_at=anchor_at):
            step_ms = seconds * 1000
            steps = (to_epoch_ms(after) - to_epoch_ms(anchor_at)) // step_ms + 1
            return instant(anchor_at + timedelta(milliseconds=max(steps, 1) * step_ms))
