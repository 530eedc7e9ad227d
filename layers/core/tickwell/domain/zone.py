"""Time zones, as stretches of time in which the clock on the wall differs from UTC by the same offset."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tickwell.domain.errors import InvalidInputError

_STEP = timedelta(days=3)
"""Between two looks at a zone. The shortest stretch since 1970 lasted almost 7 days (Recife, October 2000)."""

_SECOND = timedelta(seconds=1)


@lru_cache(maxsize=1024)
def zone(name: str) -> ZoneInfo:
    """The IANA time zone ``name``; raises InvalidInputError for an unknown one."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInputError("timezone", f"{name!r} is not an IANA time zone such as Europe/Berlin") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """From ``begin`` up to ``end`` (exclusive) local time is UTC plus ``offset``; both are UTC without a zone.

    ``before`` and ``after`` are the offsets on its two sides. Where one is the same as ``offset`` the year ends there,
    and nothing changes.
    """

    begin: datetime
    end: datetime
    offset: timedelta
    before: timedelta
    after: timedelta


def stretch_at(name: str, at: datetime) -> Stretch:
    """The stretch of the zone ``name`` that holds ``at``, an instant in UTC without a zone, of the years 2 to 9998."""
    return next(stretch for stretch in _stretches(name, at.year) if at < stretch.end)


@lru_cache(maxsize=8192)
def _stretches(name: str, year: int) -> tuple[Stretch, ...]:
    """The stretches of one year (of UTC), kept: finding the changes means asking the zone again and again."""
    tz = zone(name)
    begin, end = datetime(year, 1, 1), datetime(year + 1, 1, 1)  # noqa: DTZ001 - UTC, without a zone on purpose
    edges = [begin, *_changes(tz, begin, end), end]
    offsets = [_offset(tz, begin - _SECOND), *(_offset(tz, edge) for edge in edges)]
    return tuple(
        Stretch(
            begin=edges[place],
            end=edges[place + 1],
            offset=offsets[place + 1],
            before=offsets[place],
            after=offsets[place + 2],
        )
        for place in range(len(edges) - 1)
    )


def _changes(tz: ZoneInfo, begin: datetime, end: datetime) -> list[datetime]:
    """Where the offset changes between the two. Two changes within a step that undo each other are not seen."""
    found = []
    at, offset = begin, _offset(tz, begin)
    while at < end:
        following = min(at + _STEP, end - _SECOND)
        if following <= at:
            break
        at_following = _offset(tz, following)
        if at_following != offset:
            following = _change_between(tz, at, following)
            at_following = _offset(tz, following)
            found.append(following)
        at, offset = following, at_following
    return found


def _change_between(tz: ZoneInfo, low: datetime, high: datetime) -> datetime:
    """The first instant, to the second, whose offset is not that of ``low``; ``high`` has another one."""
    offset = _offset(tz, low)
    while high - low > _SECOND:
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(tz, middle) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(tz: ZoneInfo, at: datetime) -> timedelta:
    return tz.fromutc(at.replace(tzinfo=tz)).utcoffset() or timedelta(0)
