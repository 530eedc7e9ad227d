"""How both engines spell a schedule as a part of a job's definition: short, for it is stored with every job."""

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from tickwell.domain.bounds import NO_BOUNDS, Bounds, Exclusion
from tickwell.domain.cron import CronExpression, DstMissing, DstRepeated
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.schedule import Cron, Interval, OneTime, Schedule

_FIRST_DATE = date(1970, 1, 1)
_DEFAULT_DST = (DstMissing.SHIFT, DstRepeated.FIRST)


def schedule_document(schedule: Schedule) -> list[Any]:
    """A word and two values; then, where there is more to be said, an object without what is left at its default."""
    match schedule:
        case OneTime(at=at, immediate=immediate):
            return ["once", to_epoch_ms(at), immediate]
        case Cron(expression=expression):
            more = _refinements(schedule)
            if expression.dst_missing is not _DEFAULT_DST[0]:
                more["missing"] = expression.dst_missing
            if expression.dst_repeated is not _DEFAULT_DST[1]:
                more["repeated"] = expression.dst_repeated
            return ["cron", expression.text, expression.timezone, *([more] if more else ())]
        case Interval(seconds=seconds, anchor_at=anchor_at):
            more = _refinements(schedule)
            if schedule.timezone is not None:
                more["zone"] = schedule.timezone
            return ["every", seconds, to_epoch_ms(anchor_at), *([more] if more else ())]


def schedule_from(document: Sequence[Any]) -> Schedule:
    """What ``schedule_document`` spelled."""
    word, first, second, *rest = document
    more = rest[0] if rest else {}
    match word:
        case "once":
            return OneTime(at=from_epoch_ms(first), immediate=second)
        case "cron":
            missing, repeated = more.get("missing", _DEFAULT_DST[0]), more.get("repeated", _DEFAULT_DST[1])
            expression = _expression(first, second, missing, repeated)
            return Cron(expression=expression, bounds=_bounds(more), jitter_seconds=more.get("jitter", 0))
        case "every":
            return Interval(
                seconds=first,
                anchor_at=from_epoch_ms(second),
                timezone=more.get("zone"),
                bounds=_bounds(more),
                jitter_seconds=more.get("jitter", 0),
            )
    raise ValueError(f"stored schedule {word!r} is of an unknown kind")


def _refinements(schedule: Cron | Interval) -> dict[str, Any]:
    bounds = schedule.bounds
    more: dict[str, Any] = {}
    if bounds.start_at is not None:
        more["start"] = to_epoch_ms(bounds.start_at)
    if bounds.end_at is not None:
        more["end"] = to_epoch_ms(bounds.end_at)
    if bounds.exclude:
        more["exclude"] = _days(bounds.exclude)
    if schedule.jitter_seconds:
        more["jitter"] = schedule.jitter_seconds
    return more


def _bounds(more: dict[str, Any]) -> Bounds:
    if not more.keys() & {"start", "end", "exclude"}:
        return NO_BOUNDS
    start, end = more.get("start"), more.get("end")
    return Bounds(
        start_at=None if start is None else from_epoch_ms(start),
        end_at=None if end is None else from_epoch_ms(end),
        exclude=_exclusions(tuple(more.get("exclude", ()))),
    )


def _days(exclude: Sequence[Exclusion]) -> list[int]:
    """Two numbers for each: how many days after the last first one it begins, and how many days it goes on.

    So a hundred of them take some 600 bytes, and the item of a job stays small.
    """
    found, before = [], _FIRST_DATE
    for one in exclude:
        found += [(one.first - before).days, (one.last - one.first).days]
        before = one.first
    return found


@lru_cache(maxsize=1024)
def _exclusions(days: tuple[int, ...]) -> tuple[Exclusion, ...]:
    """What ``_days`` spelled."""
    found, before = [], _FIRST_DATE
    for skipped, more in zip(days[::2], days[1::2], strict=True):
        before += timedelta(days=skipped)
        found.append(Exclusion(first=before, last=before + timedelta(days=more)))
    return tuple(found)


@lru_cache(maxsize=4096)
def _expression(text: str, timezone: str, missing: str, repeated: str) -> CronExpression:
    return CronExpression.parse(text, timezone, dst_missing=DstMissing(missing), dst_repeated=DstRepeated(repeated))
