"""What job bodies show of a recurring schedule besides when."""

from typing_extensions import TypedDict

from tickwell.domain.bounds import NO_BOUNDS
from tickwell.domain.schedule import Cron, Interval, OneTime, Schedule
from tickwell.http.instants import iso_or_none


class RefinementsBody(TypedDict):
    """``dst_missing`` and ``dst_repeated`` are null where there is no cron expression."""

    dst_missing: str | None
    dst_repeated: str | None
    start_at: str | None
    end_at: str | None
    exclude: list[str]
    jitter_seconds: int


def refinements_body(schedule: Schedule) -> RefinementsBody:
    """What ``schedule`` says besides when."""
    cron = schedule.expression if isinstance(schedule, Cron) else None
    bounds = NO_BOUNDS if isinstance(schedule, OneTime) else schedule.bounds
    return RefinementsBody(
        dst_missing=None if cron is None else cron.dst_missing.value,
        dst_repeated=None if cron is None else cron.dst_repeated.value,
        start_at=iso_or_none(bounds.start_at),
        end_at=iso_or_none(bounds.end_at),
        exclude=[str(one) for one in bounds.exclude],
        jitter_seconds=0 if isinstance(schedule, OneTime) else schedule.jitter_seconds,
    )


def timezone_of(schedule: Schedule) -> str | None:
    """The zone by which it goes, where one was said; a cron expression always has one."""
    match schedule:
        case OneTime():
            return None
        case Cron(expression=expression):
            return expression.timezone
        case Interval(timezone=timezone):
            return timezone
