"""What is counted of a tenant, in SQLite: by triggers, by ``new_counts`` and by ``ended_counts``. This reads it."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from tickwell.adapters.count_documents import COUNTED_STATUSES, durations_from, ended_execution, job_cell, tally_from
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.application.ports import Clock
from tickwell.domain.counts import Counts, ExecutionCell, HourTally, JobCell, newest
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.lane import Lane
from tickwell.domain.usage import Activity, Usage, UsageByDay

_JOBS = """
    SELECT queue, lane, status, recurring, 0, jobs FROM job_counts WHERE tenant_id = :tenant
    UNION ALL
    SELECT queue, json_extract(definition, '$.lane'), status, recurring, 1, COUNT(*)
    FROM jobs INDEXED BY jobs_running WHERE tenant_id = :tenant AND slot_token IS NOT NULL
    AND SUBSTR(job_id, 37, 1) <> '.'
    GROUP BY 1, 2, 3, 4
"""
"""All jobs but children, and again those that are running: in one statement, so that the two agree."""
_TALLY = f"{', '.join(status.value for status in COUNTED_STATUSES)}, duration_ms, shortest_ms, longest_ms"
_EXECUTIONS = f"SELECT queue, lane, {_TALLY} FROM execution_counts WHERE tenant_id = ?"
_RECENT = """
    SELECT job_id, due_ms, attempt, status, finished_ms, duration_ms FROM recent_executions WHERE tenant_id = ?
"""
_DEAD_LETTERS = "SELECT COALESCE(SUM(dead_letters), 0) FROM dead_letter_counts WHERE tenant_id = ?"
_HOURS = f"""
    SELECT hour_ms, durations, {_TALLY} FROM execution_hours
    WHERE tenant_id = ? AND hour_ms >= ? AND hour_ms < ? AND expires_ms > ? ORDER BY hour_ms
"""
_USAGE = """
    SELECT day_ms, queue, lane, activity, number, duration_ms FROM usage_days
    WHERE tenant_id = ? AND day_ms >= ? AND day_ms < ? AND expires_ms > ? ORDER BY day_ms
"""

_FORGET = "DELETE FROM job_counts WHERE tenant_id = ?"
_RECOUNT = """
    INSERT INTO job_counts
    SELECT tenant_id, queue, json_extract(definition, '$.lane'), status, recurring, COUNT(*)
    FROM jobs WHERE tenant_id = ? AND SUBSTR(job_id, 37, 1) <> '.' GROUP BY 1, 2, 3, 4, 5
"""
_RECOUNT_DEAD_LETTERS = """
    INSERT INTO dead_letter_counts SELECT ?1, COUNT(*) FROM dead_letters WHERE tenant_id = ?1
    ON CONFLICT DO UPDATE SET dead_letters = excluded.dead_letters
"""


class EmbeddedTenantCounts:
    """The embedded ``TenantCounts``: exact, with each committed write."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def recount(self, tenant_id: str) -> bool:
        """Replace the counts of jobs and dead letters by what there is, whatever goes on meanwhile. Always True."""
        tenant = (bindable(tenant_id),)
        with self._database.transaction() as cursor:
            cursor.execute(_FORGET, tenant)
            cursor.execute(_RECOUNT, tenant)
            cursor.execute(_RECOUNT_DEAD_LETTERS, tenant)
        return True

    def read(self, tenant_id: str) -> Counts:
        """See the port."""
        tenant = (bindable(tenant_id),)
        with self._database.read() as cursor:
            jobs = _job_cells(cursor.execute(_JOBS, {"tenant": tenant[0]}))
            executions = {
                ExecutionCell(queue=row[0], lane=Lane(row[1])): tally_from(row[2:])
                for row in cursor.execute(_EXECUTIONS, tenant)
            }
            recent = tuple(ended_execution(*row) for row in cursor.execute(_RECENT, tenant))
            (dead_letters,) = cursor.execute(_DEAD_LETTERS, tenant).fetchone()
        return Counts(jobs=jobs, executions=executions, recent=newest(recent), dead_letters=dead_letters)

    def hours(self, tenant_id: str, *, since: datetime, until: datetime) -> Mapping[datetime, HourTally]:
        """See the port."""
        now_ms = to_epoch_ms(self._clock.now())
        values = (bindable(tenant_id), to_epoch_ms(since), to_epoch_ms(until), now_ms)
        with self._database.read() as cursor:
            return {
                from_epoch_ms(hour_ms): HourTally(tally=tally_from(tally), durations=durations_from(durations))
                for hour_ms, durations, *tally in cursor.execute(_HOURS, values)
            }

    def usage(self, tenant_id: str, *, since: date, until: date) -> UsageByDay:
        """See the port."""
        days = (to_epoch_ms(datetime.combine(day, time(), tzinfo=UTC)) for day in (since, until))
        values = (bindable(tenant_id), *days, to_epoch_ms(self._clock.now()))
        found: dict[date, dict[ExecutionCell, Usage]] = {}
        with self._database.read() as cursor:
            for day_ms, queue, lane, activity, number, duration_ms in cursor.execute(_USAGE, values):
                cell = ExecutionCell(queue=queue, lane=Lane(lane))
                usage = Usage(activities={Activity(activity): number}, duration_ms=duration_ms)
                day = found.setdefault(from_epoch_ms(day_ms).date(), {})
                day[cell] = day.get(cell, Usage()).plus(usage)
        return found


def _job_cells(rows: Iterable[tuple[Any, ...]]) -> dict[JobCell, int]:
    """Jobs by what they are; those that run are taken from the others of their kind."""
    cells: Counter[JobCell] = Counter()
    for queue, lane, status, recurring, running, jobs in rows:
        cells[job_cell(queue, lane, status, recurring, running)] += jobs
        if running:
            cells[job_cell(queue, lane, status, recurring, False)] -= jobs
    return {cell: jobs for cell, jobs in cells.items() if jobs}
