"""Cron expressions in a time zone.

croniter reads the expression and walks naive local times; this module decides what those local times
mean when the clock changes (features.md, "DST"): a *wildcard* expression, one whose hour field begins with
``*``, follows the clock and fires at every matching local time that exists, in both halves of a repeated hour; any
other fires once: at the first instant after a gap for a missing local time, at the first of two for a repeated one.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import CroniterBadDateError, CroniterError, croniter

from tickwell.domain.errors import InvalidInputError

_NEIGHBOURHOOD = timedelta(hours=3)
_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MAX_LENGTH = 100
_YEARS_AHEAD = 50
_SOME_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a local time, without a zone on purpose


@lru_cache(maxsize=512)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone ``name``; raises InvalidInputError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError("timezone", f"{name!r} is not an IANA time zone such as Europe/Berlin") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class CronExpression:
    """A valid expression with its zone; make it with ``parse``."""

    text: str
    timezone: str = "UTC"
    wildcard: bool = field(compare=False, repr=False)
    day_or: bool = field(compare=False, repr=False)

    @classmethod
    def parse(cls, text: str, timezone: str = "UTC") -> "CronExpression":
        """Read ``text``: 5 fields, or 6 with seconds last, or an alias such as ``@daily``.

        Raises InvalidInputError when it is not an expression, names an impossible date (30 February) or
        an unknown zone. Random and hashed fields (``R``, ``H``) are refused: an occurrence must be the same
        whoever computes it.
        """
        zone(timezone)
        fields = _fields(text)
        expression = cls(
            text=text,
            timezone=timezone,
            wildcard=fields[1].startswith("*"),
            day_or=not fields[2].startswith("*") and not fields[4].startswith("*"),
        )
        try:
            found = next(expression._local_times(_SOME_DAY), None)
        except (CroniterError, ValueError, KeyError) as error:
            raise InvalidInputError("cron_expression", f"{text!r} is not a cron expression: {error}") from error
        if found is None:
            raise InvalidInputError("cron_expression", f"{text!r} never comes: no such date exists")
        return expression

    def next_after(self, after: datetime) -> datetime | None:
        """The first occurrence strictly later than ``after``; None when none comes within 50 years."""
        tz = zone(self.timezone)
        local = after.astimezone(tz).replace(tzinfo=None)
        if _steady(after, tz):
            candidate = next(self._local_times(local), None)
            if candidate is None:
                return None
            found = candidate.replace(tzinfo=tz).astimezone(UTC)
            if _steady(found, tz):
                return found
        return self._next_near_a_change(after, local, tz)

    def _next_near_a_change(self, after: datetime, local: datetime, tz: ZoneInfo) -> datetime | None:
        best: datetime | None = None
        for candidate in self._local_times(local - _NEIGHBOURHOOD):
            if best is not None and candidate > best.astimezone(tz).replace(tzinfo=None) + _NEIGHBOURHOOD:
                break
            for found in self._instants(candidate, tz):
                if found > after and (best is None or found < best):
                    best = found
        return best

    def _instants(self, local: datetime, tz: ZoneInfo) -> list[datetime]:
        """What the local time ``local`` means: none, one or two instants."""
        first, second = (local.replace(tzinfo=tz, fold=fold).astimezone(UTC) for fold in (0, 1))
        exists = first.astimezone(tz).replace(tzinfo=None) == local
        if exists:
            return [first, second] if self.wildcard and second != first else [first]
        # Inside a gap: fold 0 reads the clock as before the change, fold 1 as after it.
        return [] if self.wildcard else [_change_between(second, first, tz)]

    def _local_times(self, start: datetime) -> Iterator[datetime]:
        """Matching naive local times strictly after ``start``; ends where the calendar gives no more."""
        walker: croniter[datetime] = croniter(
            _ALIASES.get(self.text.strip().lower(), self.text),
            start,
            ret_type=datetime,
            day_or=self.day_or,
            max_years_between_matches=_YEARS_AHEAD,
        )
        return _until_exhausted(walker)


def _until_exhausted(walker: "croniter[datetime]") -> Iterator[datetime]:
    while True:
        try:
            found = walker.get_next(datetime)
        except CroniterBadDateError:
            return
        yield found


def _fields(text: str) -> list[str]:
    if len(text) > _MAX_LENGTH:
        raise InvalidInputError("cron_expression", f"must have at most {_MAX_LENGTH} characters")
    fields = _ALIASES.get(text.strip().lower(), text).split()
    if len(fields) not in (5, 6):
        raise InvalidInputError("cron_expression", "must have 5 fields, or 6 with seconds last, as in '0 9 * * 1-5'")
    for spelled in fields:
        if spelled[:1].upper() in {"R", "H"}:
            raise InvalidInputError("cron_expression", "random (R) and hashed (H) fields are not supported")
    return fields


def _steady(around: datetime, tz: ZoneInfo) -> bool:
    """Whether the zone's offset is the same three hours before and after: no clock change is near."""
    before, after = (around - _NEIGHBOURHOOD).astimezone(tz), (around + _NEIGHBOURHOOD).astimezone(tz)
    return before.utcoffset() == after.utcoffset()


def _change_between(low: datetime, high: datetime, tz: ZoneInfo) -> datetime:
    """The first instant, to the second, at which the zone's offset is what it is at ``high``."""
    target = high.astimezone(tz).utcoffset()
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if middle.astimezone(tz).utcoffset() == target:
            high = middle
        else:
            low = middle
    return high
