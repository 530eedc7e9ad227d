"""How attempts ended over time, by the hour or by the day, from what was counted (C20)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.application.ports import Clock, TenantCounts
from tickwell.domain.account import Principal
from tickwell.domain.counts import HOURS_KEPT, HourTally, hour_of
from tickwell.domain.errors import InvalidInputError

MOST_POINTS = 1000
"""How many steps a range may have: six weeks of hours, or all the days that are kept."""


class Step(StrEnum):
    """How long a point lasts; both begin with one of UTC."""

    HOUR = "hour"
    DAY = "day"

    @property
    def length(self) -> timedelta:
        """From one point to the next."""
        return timedelta(hours=1) if self is Step.HOUR else timedelta(days=1)

    @property
    def usual(self) -> int:
        """How many points are given unless said otherwise: a day, or 30 days."""
        return 24 if self is Step.HOUR else 30

    def begin_of(self, at: datetime) -> datetime:
        """The beginning of the step that ``at`` lies in."""
        hour = hour_of(at)
        return hour if self is Step.HOUR else hour.replace(hour=0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """What ended from ``since`` to before the next point."""

    since: datetime
    ended: HourTally


@dataclass(frozen=True, kw_only=True, slots=True)
class Series:
    """One point for each step from ``since`` to before ``until``, those without any attempt included."""

    step: Step
    since: datetime
    until: datetime
    points: Sequence[Point]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadSeries:
    """The use case; see ``__call__``."""

    counts: TenantCounts
    clock: Clock

    def __call__(self, principal: Principal, *, step: Step, since: datetime | None, until: datetime | None) -> Series:
        """The series of ``principal``'s tenant, from the step of ``since`` to that of ``until``, which is now at most.

        Unless said otherwise: the last day by the hour, or the last 30 days. Hours older than ``HOURS_KEPT`` are empty.
        Reads as much for a million jobs as for one. Raises InvalidInputError.
        """
        begin, end = self._range(step, since, until)
        hours = self.counts.hours(principal.tenant_id, since=begin, until=end)
        sums = _by_step(step, hours)
        points = [Point(since=at, ended=sums.get(at, HourTally())) for at in _steps(step, begin, end)]
        return Series(step=step, since=begin, until=end, points=points)

    def _range(self, step: Step, since: datetime | None, until: datetime | None) -> tuple[datetime, datetime]:
        now = self.clock.now()
        if since is not None and since > now:
            raise InvalidInputError("from", "must not be in the future")
        if since is not None and until is not None and since >= until:
            raise InvalidInputError("until", "must be after from")
        last = (
            now if until is None or until > now else until - timedelta(microseconds=1)
        )  # the least that two instants differ by
        end = step.begin_of(last) + step.length
        begin = end - step.usual * step.length if since is None else step.begin_of(since)
        if end - begin > MOST_POINTS * step.length:
            wider = " or ask by day" if step is Step.HOUR else f"; counts are kept for {HOURS_KEPT.days} days"
            raise InvalidInputError("from", f"must be at most {MOST_POINTS} {step}s before until{wider}")
        return begin, end


def _by_step(step: Step, hours: Mapping[datetime, HourTally]) -> dict[datetime, HourTally]:
    sums: dict[datetime, HourTally] = {}
    for hour, ended in hours.items():
        begin = step.begin_of(hour)
        sums[begin] = sums[begin].plus(ended) if begin in sums else ended
    return sums


def _steps(step: Step, begin: datetime, end: datetime) -> Iterator[datetime]:
    at = begin
    while at < end:
        yield at
        at += step.length
