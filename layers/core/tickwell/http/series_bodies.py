"""What the route about series gives (C20)."""

from typing_extensions import TypedDict

from tickwell.application.series import Point, Series
from tickwell.domain.counts import HourTally
from tickwell.domain.instant import iso

PointBody = TypedDict(
    "PointBody",
    {
        "from": str,
        "total": int,
        "by_status": dict[str, int],
        "successful": int,
        "failed": int,
        "avg_duration_ms": float | None,
        "p50_ms": float | None,
        "p95_ms": float | None,
        "p99_ms": float | None,
    },
)
"""The attempts that ended in the step which begins at ``from``; durations are null where none is known."""

SeriesBody = TypedDict("SeriesBody", {"step": str, "from": str, "until": str, "points": list[PointBody]})
"""A point for each step from ``from`` to before ``until``, both UTC, empty ones included."""


def series_body(series: Series) -> SeriesBody:
    """``series`` as it is shown."""
    return {
        "step": series.step.value,
        "from": iso(series.since),
        "until": iso(series.until),
        "points": [_point(point) for point in series.points],
    }


def _point(point: Point) -> PointBody:
    tally = point.ended.tally
    return {
        "from": iso(point.since),
        "total": tally.total,
        "by_status": {status.value: number for status, number in sorted(tally.by_status.items())},
        "successful": tally.successful,
        "failed": tally.failed,
        "avg_duration_ms": round(tally.duration_ms / tally.total, 1) if tally.total else None,
        "p50_ms": _percentile(point.ended, 50),
        "p95_ms": _percentile(point.ended, 95),
        "p99_ms": _percentile(point.ended, 99),
    }


def _percentile(ended: HourTally, percent: int) -> float | None:
    told = ended.percentile_ms(percent)
    return None if told is None else round(told, 1)
