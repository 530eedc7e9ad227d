"""Counts the attempts that have ended, a batch at a time, in the transaction that finishes them."""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.adapters.embedded.usage_rows import ADD_USE, DAY_MS
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.usage import Activity, busy_ms

_HOUR_MS = 3_600_000
_KEPT_MS = 400 * DAY_MS
_PLACES = 10
"""Of the ring of those that ended last: which one is overwritten follows from how many have ended there."""

_ADDED = """
        success = success + excluded.success, failed = failed + excluded.failed,
        timeout = timeout + excluded.timeout, cancelled = cancelled + excluded.cancelled, lost = lost + excluded.lost,
        duration_ms = duration_ms + excluded.duration_ms,
        shortest_ms = MIN(COALESCE(shortest_ms, excluded.shortest_ms), excluded.shortest_ms),
        longest_ms = MAX(COALESCE(longest_ms, excluded.longest_ms), excluded.longest_ms)
"""
_ADD = f"""
    INSERT INTO execution_counts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET {_ADDED} RETURNING success + failed + timeout + cancelled + lost
"""
_ADD_TO_HOUR = f"""
    INSERT INTO execution_hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET {_ADDED}
"""
_REMEMBER = """
    INSERT OR REPLACE INTO recent_executions (
        tenant_id, queue, lane, place, job_id, due_ms, attempt, status, finished_ms, duration_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_STATUSES = (
    ExecutionStatus.SUCCESS,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMEOUT,
    ExecutionStatus.CANCELLED,
    ExecutionStatus.LOST,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An attempt that has just been finished, and where it is counted."""

    tenant_id: str
    queue: str
    lane: str
    job_id: str
    due_ms: int
    attempt: int
    status: ExecutionStatus
    started_ms: int
    duration_ms: int
    outside_ms: int | None
    activity: Activity
    is_given_up: bool

    @property
    def finished_ms(self) -> int:
        """When it ended."""
        return self.started_ms + self.duration_ms


def count_ended(cursor: sqlite3.Cursor, ended: Sequence[Ended]) -> None:
    """Count each of ``ended``, which are in the order of their ends."""
    places: dict[tuple[str, str, str], list[Ended]] = defaultdict(list)
    hours: dict[tuple[str, int], list[Ended]] = defaultdict(list)
    for each in ended:
        places[each.tenant_id, each.queue, each.lane].append(each)
        hours[each.tenant_id, each.finished_ms // _HOUR_MS * _HOUR_MS].append(each)
    for place, those in places.items():
        (total,) = cursor.execute(_ADD, (*place, *_sums(those))).fetchone()
        last = those[-_PLACES:]
        numbers = range(total - len(last) + 1, total + 1)
        cursor.executemany(_REMEMBER, [_recent(each, number) for each, number in zip(last, numbers, strict=True)])
    for (tenant_id, hour_ms), those in hours.items():
        cursor.execute(_ADD_TO_HOUR, (tenant_id, hour_ms, hour_ms + _KEPT_MS, *_sums(those)))
    cursor.executemany(ADD_USE, [(*cell, number, duration_ms) for cell, (number, duration_ms) in _used(ended).items()])


_Used = dict[tuple[str, int, str, str, str], tuple[int, int]]


def _used(ended: Sequence[Ended]) -> _Used:
    """What they add to their tenants' usage: how often, and how long it took, by day, queue, lane and activity."""
    used: _Used = {}
    for each in ended:
        for activity in _activities(each):
            day_ms = each.finished_ms // DAY_MS * DAY_MS
            cell = (each.tenant_id, day_ms, each.queue, each.lane, activity.value)
            number, duration_ms = used.get(cell, (0, 0))
            took_ms = busy_ms(each.duration_ms, each.outside_ms) if activity is each.activity else 0
            used[cell] = (number + 1, duration_ms + took_ms)
    return used


def _activities(each: Ended) -> list[Activity]:
    activities = [each.activity]
    if each.is_given_up:
        activities.append(Activity.GIVEN_UP)
    if each.outside_ms is not None:
        activities.append(Activity.OUTSIDE)
    return activities


def _sums(those: Sequence[Ended]) -> tuple[int, ...]:
    statuses = [each.status for each in those]
    durations = [each.duration_ms for each in those]
    return (*map(statuses.count, _STATUSES), sum(durations), min(durations), max(durations))


def _recent(each: Ended, number: int) -> tuple[object, ...]:
    """The row of the one that was the ``number``-th to end in its queue."""
    where = (each.tenant_id, each.queue, each.lane, number % _PLACES)
    which = (each.job_id, each.due_ms, each.attempt)
    return (*where, *which, each.status.value, each.finished_ms, each.duration_ms)
