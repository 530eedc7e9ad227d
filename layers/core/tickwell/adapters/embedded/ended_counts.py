"""Counts the attempts that have ended, a batch at a time, in the transaction that finishes them."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.adapters.count_documents import COUNTED_STATUSES, durations_from, durations_text
from tickwell.adapters.embedded.usage_rows import ADD_JOBS, ADD_USE, DAY_MS
from tickwell.domain.durations import durations_of
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import JobStatus
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
_DURATIONS = "SELECT durations FROM execution_hours WHERE tenant_id = ? AND hour_ms = ?"
_ADD_TO_HOUR = f"""
    INSERT INTO execution_hours VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET {_ADDED}, durations = excluded.durations
"""
_REMEMBER = """
    INSERT OR REPLACE INTO recent_executions (
        tenant_id, queue, lane, place, job_id, due_ms, attempt, status, finished_ms, duration_ms
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """An attempt that has just been finished, and where it is counted.

    ``completes``: its job is completed by the same write, which no trigger counts; it was active before, as only active
    jobs become that.
    """

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
    is_recurring: bool
    completes: bool

    @property
    def finished_ms(self) -> int:
        """When it ended."""
        return self.started_ms + self.duration_ms


def count_ended(cursor: sqlite3.Cursor, ended: Sequence[Ended]) -> None:
    """Count each of ``ended``, which are in the order of their ends."""
    alike: dict[tuple[str, str, str, int], list[Ended]] = defaultdict(list)
    for each in ended:
        alike[each.tenant_id, each.queue, each.lane, each.finished_ms // _HOUR_MS].append(each)
    for (*place, hour), those in alike.items():
        sums, hour_ms = _sums(those), hour * _HOUR_MS
        (total,) = cursor.execute(_ADD, (*place, *sums)).fetchone()
        last = those[-_PLACES:]
        numbers = range(total - len(last) + 1, total + 1)
        cursor.executemany(_REMEMBER, [_recent(each, number) for each, number in zip(last, numbers, strict=True)])
        durations = _durations(cursor, place[0], hour_ms, those)
        cursor.execute(_ADD_TO_HOUR, (place[0], hour_ms, hour_ms + _KEPT_MS, *sums, durations))
        _count_use(cursor, place, hour_ms // DAY_MS * DAY_MS, those)
        _count_completed(cursor, place, those)


def _durations(cursor: sqlite3.Cursor, tenant_id: str, hour_ms: int, those: Sequence[Ended]) -> str:
    """How the durations of the hour are spread with ``those``; nobody else writes in between."""
    row = cursor.execute(_DURATIONS, (tenant_id, hour_ms)).fetchone()
    before = durations_from("" if row is None else row[0])
    return durations_text(before.plus(durations_of(each.duration_ms for each in those)))


def _count_use(cursor: sqlite3.Cursor, place: Sequence[str], day_ms: int, those: Sequence[Ended]) -> None:
    """What they add to their tenant's usage: how often, and how long it took, by activity."""
    tenant_id, *queue_and_lane = place
    numbers = Counter(each.activity for each in those)
    for activity, number in numbers.items():
        duration_ms = sum(busy_ms(each.duration_ms, each.outside_ms) for each in those if each.activity is activity)
        cursor.execute(ADD_USE, (tenant_id, day_ms, *queue_and_lane, activity.value, number, duration_ms))
    if given_up := sum(each.is_given_up for each in those):
        cursor.execute(ADD_USE, (tenant_id, day_ms, *queue_and_lane, Activity.GIVEN_UP.value, given_up, 0))
    if outside := sum(each.outside_ms is not None for each in those):
        cursor.execute(ADD_USE, (tenant_id, day_ms, *queue_and_lane, Activity.OUTSIDE.value, outside, 0))


def _count_completed(cursor: sqlite3.Cursor, place: Sequence[str], those: Sequence[Ended]) -> None:
    """The jobs that they complete, which were active; children, whose ids have a dot, are no jobs."""
    completed = Counter(each.is_recurring for each in those if each.completes and each.job_id[36:37] != ".")
    for is_recurring, number in completed.items():
        cursor.execute(ADD_JOBS, (*place, JobStatus.ACTIVE.value, is_recurring, -number))
        cursor.execute(ADD_JOBS, (*place, JobStatus.COMPLETED.value, is_recurring, number))


def _sums(those: Sequence[Ended]) -> tuple[int, ...]:
    statuses = [each.status for each in those]
    durations = [each.duration_ms for each in those]
    return (*map(statuses.count, COUNTED_STATUSES), sum(durations), min(durations), max(durations))


def _recent(each: Ended, number: int) -> tuple[object, ...]:
    """The row of the one that was the ``number``-th to end in its queue."""
    where = (each.tenant_id, each.queue, each.lane, number % _PLACES)
    which = (each.job_id, each.due_ms, each.attempt)
    return (*where, *which, each.status.value, each.finished_ms, each.duration_ms)
