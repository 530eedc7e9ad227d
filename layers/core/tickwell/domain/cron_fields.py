"""The fields of a cron expression as sets, and the local times that they match.

croniter reads an expression, with all that it knows of names, steps, ranges, ``L``, ``#`` and ``W``. Stepping through
the calendar is done here, because it must be quick for every expression, also for one that seldom or never comes: the
days of a month that match are a bit mask, and a time of day is found by bisection. Tests hold it against croniter's.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import cast

from croniter import CroniterError, croniter

from tickwell.domain.errors import InvalidInputError

YEARS_AHEAD = 50
"""Each month of each shape comes again within 40 years (29 February of a given weekday, across the year 2100)."""

ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MAX_LENGTH = 255
_SOME_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a local time, without a zone on purpose
_LAST_YEAR = 9998
_OPEN = ("*", "?")
PARTS = (
    ("minute", "0-59"),
    ("hour", "0-23"),
    ("day of month", "1-31 or L"),
    ("month", "1-12 or JAN-DEC"),
    ("day of week", "0-7 or SUN-SAT"),
    ("second", "0-59"),
)
_DAY, _MONTH, _WEEKDAY = 2, 3, 4

TimeOfDay = tuple[int, int, int]
"""Hour, minute, second."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayRule:
    """Which days match. Bit n of ``days`` stands for the n-th of the month, of ``weekdays`` for the n-th from Sunday.

    None: any. ``last_day``: the last of the month too. ``nearest``: the working days nearest to these. ``nth``: pairs
    of a weekday and which one of the month it is, 1 to 5, or 0 for the last. ``day_or``: one of both fields is enough.
    """

    days: int | None
    last_day: bool
    nearest: tuple[int, ...]
    weekdays: int | None
    nth: tuple[tuple[int, int], ...]
    day_or: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CronFields:
    """A cron expression that was read; see ``read``. ``follows_clock``: its hour field begins with ``*``."""

    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    day_rule: DayRule
    follows_clock: bool
    _masks: dict[tuple[int, int], int] = field(default_factory=dict, init=False, compare=False, repr=False)

    def first_from(self, start: datetime) -> datetime | None:
        """The first matching local time at or after ``start``, a whole second; None when none comes for 50 years."""
        year, month, day = start.year, start.month, start.day
        last_year = min(year + YEARS_AHEAD, _LAST_YEAR)
        mask = 0
        if month in self.months:
            mask = self._days_of(year, month)
            if mask >> day & 1:
                time = self._time_from(start.hour, start.minute, start.second)
                if time is not None:
                    return datetime(year, month, day, *time)  # noqa: DTZ001 - a wall clock's reading
            mask = mask >> (day + 1) << (day + 1)
        while not mask:
            year, month = (year, month + 1) if month < 12 else (year + 1, 1)
            if year > last_year:
                return None
            if month in self.months:
                mask = self._days_of(year, month)
        day = (mask & -mask).bit_length() - 1
        return datetime(year, month, day, self.hours[0], self.minutes[0], self.seconds[0])  # noqa: DTZ001 - as above

    def _days_of(self, year: int, month: int) -> int:
        """The matching days of that month, which depend on its first weekday and its length only: 28 shapes."""
        shape = _shape(year, month)
        mask = self._masks.get(shape)
        if mask is None:
            mask = self._masks[shape] = matching_days(self.day_rule, *shape)
        return mask

    def _time_from(self, hour: int, minute: int, second: int) -> TimeOfDay | None:
        """The first matching time of day not before that; None: not on this day."""
        hours, minutes, seconds = self.hours, self.minutes, self.seconds
        place = bisect_left(hours, hour)
        if place == len(hours):
            return None
        if hours[place] > hour:
            return hours[place], minutes[0], seconds[0]
        at = bisect_left(minutes, minute)
        if at < len(minutes) and minutes[at] == minute:
            within = bisect_left(seconds, second)
            if within < len(seconds):
                return hour, minute, seconds[within]
            at += 1
        if at < len(minutes):
            return hour, minutes[at], seconds[0]
        if place + 1 < len(hours):
            return hours[place + 1], minutes[0], seconds[0]
        return None


@lru_cache(maxsize=4096)
def read_fields(text: str) -> CronFields:
    """Read ``text``: 5 fields, or 6 with seconds last, or an alias such as ``@daily``.

    Raises InvalidInputError where it is no expression, saying which part is at fault, and where no date is like that
    (30 February). Random and hashed fields (``R``, ``H``) are refused: an occurrence is the same whoever computes it.
    """
    parts = split_fields(text)
    try:
        fields = _read(parts)
    except (CroniterError, ValueError, KeyError) as error:
        raise InvalidInputError("cron_expression", _fault(text, parts)) from error
    if fields.first_from(_SOME_DAY) is None:
        raise InvalidInputError("cron_expression", _never(text, parts))
    return fields


def matching_days(rule: DayRule, first: int, length: int) -> int:
    """Bit mask of the days that ``rule`` takes of a month of ``length`` days that begins on the weekday ``first``."""
    whole = (2 << length) - 2
    by_day = whole if rule.days is None else rule.days & whole
    if rule.last_day:
        by_day |= 1 << length
    for wanted in rule.nearest:
        by_day |= 1 << _nearest_working_day(min(wanted, length), first, length)
    by_weekday = _on_weekdays(rule, first, length)
    return by_day | by_weekday if rule.day_or else by_day & by_weekday


@lru_cache(maxsize=8192)
def _shape(year: int, month: int) -> tuple[int, int]:
    """The first weekday of a month, from Sunday, and its length."""
    first = date(year, month, 1)
    following = date(year, month + 1, 1) if month < 12 else date(year + 1, 1, 1)
    return first.isoweekday() % 7, (following - first).days


def _on_weekdays(rule: DayRule, first: int, length: int) -> int:
    if rule.nth:
        return _bits(day for weekday, ordinal in rule.nth for day in _nth_of(weekday, ordinal, first, length))
    if rule.weekdays is None:
        return (2 << length) - 2
    return _bits(day for day in range(1, length + 1) if rule.weekdays >> (first + day - 1) % 7 & 1)


def _nth_of(weekday: int, ordinal: int, first: int, length: int) -> Iterator[int]:
    days = range(1 + (weekday - first) % 7, length + 1, 7)
    if ordinal == 0:
        yield days[-1]
    elif ordinal <= len(days):
        yield days[ordinal - 1]


def _nearest_working_day(day: int, first: int, length: int) -> int:
    """``day``, or if that is no working day the nearest one of the same month."""
    match (first + day - 1) % 7:
        case 6:
            return day - 1 if day > 1 else day + 2
        case 0:
            return day + 1 if day < length else day - 2
    return day


def split_fields(text: str) -> list[str]:
    """The fields of ``text``, an alias as what it stands for. Raises InvalidInputError where they are no 5 or 6."""
    if len(text) > _MAX_LENGTH:
        raise InvalidInputError("cron_expression", f"must have at most {_MAX_LENGTH} characters")
    parts = ALIASES.get(text.strip().lower(), text).split()
    if len(parts) not in (5, 6):
        if text.strip().startswith("@"):
            raise InvalidInputError("cron_expression", f"{text!r} is not known here; known are {', '.join(ALIASES)}")
        raise InvalidInputError("cron_expression", "must have 5 fields, or 6 with seconds last, as in '0 9 * * 1-5'")
    if any(item[:1] in "RHrh" for part in parts for item in part.split(",") if item):
        raise InvalidInputError("cron_expression", "random (R) and hashed (H) fields are not supported")
    return parts


def _read(parts: list[str]) -> CronFields:
    """Raises what croniter raises: CroniterError, ValueError, KeyError."""
    parsed: croniter[datetime] = croniter(" ".join(parts), _SOME_DAY)
    minutes, hours, days, months, weekdays, *seconds = cast("list[list[int | str]]", parsed.expanded)
    nth = cast("Mapping[int | str, Collection[int | str]]", parsed.nth_weekday_of_month)
    return CronFields(
        seconds=_numbers(seconds[0], range(60)) if seconds else (0,),
        minutes=_numbers(minutes, range(60)),
        hours=_numbers(hours, range(24)),
        months=frozenset(_numbers(months, range(1, 13))),
        day_rule=DayRule(
            days=None if "*" in days else _bits({int(day) for day in days if day != "l"} - parsed.nearest_weekday),
            last_day="l" in days,
            nearest=tuple(sorted(parsed.nearest_weekday)),
            weekdays=None if "*" in weekdays else _bits({int(day) % 7 for day in weekdays}),
            nth=tuple(_pairs(nth)),
            day_or=not parts[_DAY].startswith(_OPEN) and not parts[_WEEKDAY].startswith(_OPEN),
        ),
        follows_clock=parts[1].startswith("*"),
    )


def _numbers(values: Collection[int | str], whole: range) -> tuple[int, ...]:
    return tuple(whole) if "*" in values else tuple(sorted({int(value) for value in values}))


def _bits(days: Collection[int] | Iterator[int]) -> int:
    mask = 0
    for day in days:
        mask |= 1 << day
    return mask


def _pairs(found: Mapping[int | str, Collection[int | str]]) -> Iterator[tuple[int, int]]:
    """Croniter's ``#`` and ``L`` of the weekdays as ``DayRule`` has them."""
    for weekday, ordinals in found.items():
        for day in range(7) if weekday == "*" else (int(weekday) % 7,):
            for ordinal in ordinals:
                yield day, 0 if ordinal == "l" else int(ordinal)


def _fault(text: str, parts: list[str]) -> str:
    """What is wrong with an expression that cannot be read: the first part that is wrong by itself."""
    for place, part in enumerate(parts):
        alone = ["*"] * len(parts)
        alone[place] = part
        try:
            _read(alone)
        except (CroniterError, ValueError, KeyError):
            name, allowed = PARTS[place]
            if any(item.partition("/")[2].strip("0") == "" for item in part.split(",") if "/" in item):
                return f"{text!r} is not a cron expression: the step of the {name} {part!r} must be at least 1"
            return f"{text!r} is not a cron expression: the {name} {part!r} is not one ({allowed})"
    return f"{text!r} is not a cron expression: its parts do not go together"


def _never(text: str, parts: list[str]) -> str:
    day, month, weekday = (parts[place] for place in (_DAY, _MONTH, _WEEKDAY))
    also = "" if weekday.startswith(_OPEN) else f" and day of week {weekday!r}"
    return f"{text!r} never comes: no date has day of month {day!r} with month {month!r}{also}"
