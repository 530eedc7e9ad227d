"""Cron expressions in a time zone: what their local times mean when the clock changes (features.md, "DST").

An expression that follows the clock, whose hour field begins with ``*``, fires at every matching local time that
exists, in both halves of a repeated hour. For any other one the policies hold: ``dst_missing`` for local times that a
change leaves out, ``dst_repeated`` for those that it shows twice.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from tickwell.domain.cron_fields import YEARS_AHEAD, CronFields, read_fields
from tickwell.domain.zone import Stretch, stretch_at, zone

_SECOND = timedelta(seconds=1)
_FAR = timedelta(days=3)
_SHORT_OF_IT = timedelta(days=2)
"""A clock never changes by more than a day: two days before a local time, nothing that is near it was passed."""


class DstMissing(StrEnum):
    """What becomes of a local time that does not exist on a day."""

    SHIFT = "shift"  # it is due at the first instant after the gap; several in one gap are due once
    SKIP = "skip"


class DstRepeated(StrEnum):
    """Which showing of a local time counts that comes twice on a day."""

    FIRST = "first"
    LAST = "last"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True, slots=True)
class CronExpression:
    """A valid expression with its zone; make it with ``parse``."""

    text: str
    timezone: str = "UTC"
    dst_missing: DstMissing = DstMissing.SHIFT
    dst_repeated: DstRepeated = DstRepeated.FIRST
    fields: CronFields = field(compare=False, repr=False)

    @classmethod
    def parse(
        cls,
        text: str,
        timezone: str = "UTC",
        *,
        dst_missing: DstMissing = DstMissing.SHIFT,
        dst_repeated: DstRepeated = DstRepeated.FIRST,
    ) -> "CronExpression":
        """Read ``text``; see ``read_fields``. Raises InvalidInputError, also for an unknown zone."""
        zone(timezone)
        return cls(
            text=text,
            timezone=timezone,
            dst_missing=dst_missing,
            dst_repeated=dst_repeated,
            fields=read_fields(text),
        )

    def next_after(self, after: datetime) -> datetime | None:
        """The first occurrence strictly later than ``after``; None when none comes within 50 years.

        It walks from one stretch of the zone to the next, and leaps over those that hold nothing.
        """
        floor = after.astimezone(UTC).replace(tzinfo=None, microsecond=0) + _SECOND
        last_year = floor.year + YEARS_AHEAD
        while floor.year <= last_year:
            stretch = stretch_at(self.timezone, floor)
            if floor <= stretch.begin and self._shifts_to(stretch):
                return stretch.begin.replace(tzinfo=UTC)
            low, high = self._window(stretch)
            local = self.fields.first_from(max(floor + stretch.offset, low))
            if local is None:
                return None
            if local < high:
                return (local - stretch.offset).replace(tzinfo=UTC)
            floor = stretch.end
            if local - high > _FAR and stretch.after >= stretch.offset:
                floor = max(floor, local - stretch.offset - _SHORT_OF_IT)
        return None

    def _shifts_to(self, stretch: Stretch) -> bool:
        """Whether a local time that the change at the beginning of ``stretch`` left out is due there instead."""
        if stretch.offset <= stretch.before or self.fields.follows_clock or self.dst_missing is DstMissing.SKIP:
            return False
        missing = self.fields.first_from(stretch.begin + stretch.before)
        return missing is not None and missing < stretch.begin + stretch.offset

    def _window(self, stretch: Stretch) -> tuple[datetime, datetime]:
        """The local times of ``stretch`` that count, the end excluded: not those that another showing stands for."""
        low, high = stretch.begin + stretch.offset, stretch.end + stretch.offset
        if self.fields.follows_clock:
            return low, high
        if stretch.before > stretch.offset and self.dst_repeated is DstRepeated.FIRST:
            low = stretch.begin + stretch.before
        if stretch.after < stretch.offset and self.dst_repeated is DstRepeated.LAST:
            high = stretch.end + stretch.after
        return low, high
