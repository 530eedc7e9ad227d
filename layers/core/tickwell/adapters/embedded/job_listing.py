"""Finds jobs in SQLite; see ``JobListing``. Each order has its index, which is named: the planner is not to choose."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.embedded.job_conditions import Condition, condition_of
from tickwell.adapters.embedded.job_rows import HEAD, job_from
from tickwell.adapters.job_cursors import job_cursor, position_of, upcoming_cursor, upcoming_position
from tickwell.application.ports import MOST_SORTED, Clock, JobsFound, Page, Span
from tickwell.domain.child import child_id, stands_in_for
from tickwell.domain.email import EMAIL_QUEUE
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_listing import FIRST_OF_ALL, LAST_OF_ALL, JobQuery, JobSort, Position

_INDEXED = {JobSort.NAME: ("jobs_by_name", "name"), JobSort.UPDATED_AT: ("jobs_by_update", "updated_ms")}
_OF_EMAILS = f"queue = '{EMAIL_QUEUE}'"
"""Spelled out, as the indexes of mails spell it: of a parameter SQLite would not know that they hold all of those."""
_UPCOMING = f"""
    SELECT {HEAD} FROM jobs INDEXED BY jobs_by_next_run
    WHERE tenant_id = ? AND next_run_ms > ? AND next_run_ms <= ? AND (next_run_ms, job_id) > (?, ?)
    AND status = '{JobStatus.ACTIVE.value}' AND (expires_ms IS NULL OR expires_ms > ?)
    ORDER BY next_run_ms, job_id LIMIT ?
"""
_STAND_INS = f"""
    SELECT {HEAD} FROM jobs INDEXED BY jobs_by_id
    WHERE tenant_id = :tenant AND job_id BETWEEN :low AND :high AND length(job_id) = length(:high)
    AND (expires_ms IS NULL OR expires_ms > :now) ORDER BY job_id LIMIT :reach
"""
"""The ids of other children go on with a mark."""

_COUNTED = """
    SELECT (SELECT COALESCE(SUM(jobs), 0) FROM job_counts WHERE {cells}) - (
        SELECT COUNT(*) FROM jobs INDEXED BY jobs_by_expiry
        WHERE expires_ms <= :now AND substr(job_id, 37, 1) <> '.' AND {cells}
    )
"""
"""What is counted of the tenant but for what has expired and is still there, which the expiry keeps few.

One statement, so that the two agree.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stretch:
    """A part of an order that one index goes through: which rows, and by which columns."""

    index: str
    columns: tuple[str, ...]
    where: str = "TRUE"
    values: dict[str, Any] = field(default_factory=dict)


class EmbeddedJobListing:
    """The embedded ``JobListing``. Any order goes to any depth; ``page`` costs the rows that it leaves out."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def find(
        self, tenant_id: str, query: JobQuery, *, limit: int, cursor: str | None = None, skip: int | None = None
    ) -> JobsFound:
        """See the port. ``total`` is what is counted of the tenant, or found among up to ``MOST_SORTED`` rows."""
        position = position_of(query, cursor)
        condition = condition_of(tenant_id, query, self._clock.now())
        with self._database.read() as reading:
            found = _page(reading, query, condition, position, limit=limit + 1, skip=skip or 0)
            more = len(found) > limit
            if position is None and not skip and not more:
                total: int | None = len(found)
            else:
                total = _count(reading, condition) if query.counted else None
        shown = tuple(found[:limit])
        return JobsFound(
            items=shown, next_cursor=job_cursor(query, query.position(shown[-1])) if more else None, total=total
        )

    def upcoming(
        self, tenant_id: str, *, after: datetime, until: datetime, limit: int, cursor: str | None
    ) -> Page[Job]:
        """See the port."""
        after_ms = to_epoch_ms(after)
        place = upcoming_position(cursor) or (FIRST_OF_ALL, "")
        now_ms = to_epoch_ms(self._clock.now())
        values = (bindable(tenant_id), after_ms, to_epoch_ms(until), *place, now_ms, limit + 1)
        with self._database.read() as reading:
            jobs = [job_from(row) for row in reading.execute(_UPCOMING, values)]
        shown = tuple(jobs[:limit])
        last = None
        if len(jobs) > limit and (next_run_at := shown[-1].next_run_at) is not None:
            last = upcoming_cursor(to_epoch_ms(next_run_at), shown[-1].job_id)
        return Page(items=shown, next_cursor=last)

    def stand_ins(self, tenant_id: str, parent_id: str, *, since: datetime, until: datetime, limit: int) -> Span[Job]:
        """See the port."""
        values = {
            "tenant": bindable(tenant_id),
            "low": bindable(child_id(parent_id, since)),
            "high": bindable(child_id(parent_id, until)),
            "now": to_epoch_ms(self._clock.now()),
            "reach": limit + 1,
        }
        with self._database.read() as reading:
            jobs = [job_from(row) for row in reading.execute(_STAND_INS, values)]
        shown = tuple(jobs[:limit])
        return Span(items=shown, reached=stands_in_for(shown[-1].job_id) if len(jobs) > limit else None)


def _page(
    reading: sqlite3.Cursor, query: JobQuery, condition: Condition, position: Position | None, *, limit: int, skip: int
) -> list[Job]:
    """Up to ``limit`` jobs behind ``position``, or behind the first ``skip``, from one stretch after the other."""
    found: list[Job] = []
    direction = "DESC" if query.descending else "ASC"
    for stretch in _stretches(query, condition, position):
        source = f"FROM jobs INDEXED BY {stretch.index} WHERE {condition.sql} AND {stretch.where}"
        values = condition.values | stretch.values
        order = ", ".join(f"{column} {direction}" for column in stretch.columns)
        rows = reading.execute(
            f"SELECT {HEAD} {source} ORDER BY {order} LIMIT :limit OFFSET :skip",
            values | {"limit": limit - len(found), "skip": skip},
        ).fetchall()
        found += [job_from(row) for row in rows]
        if len(found) == limit:
            break
        if skip and not rows:
            (count,) = reading.execute(f"SELECT COUNT(*) {source}", values).fetchone()
            skip -= count
        else:
            skip = 0
    return found


def _stretches(query: JobQuery, condition: Condition, position: Position | None) -> Iterator[_Stretch]:
    """What is to be gone through from ``position`` on; jobs without a next run are a stretch of their own."""
    beyond = "<" if query.descending else ">"
    by, job_id = position or (None, None)
    of_id = {"id": job_id}
    behind_id = "TRUE" if position is None else f"job_id {beyond} :id"
    if query.sort_by is JobSort.CREATED_AT:
        of_emails = query.chosen.queue == EMAIL_QUEUE
        index = f"{'emails' if of_emails else 'jobs'}_by_{'id' if condition.status is None else 'status'}"
        where = behind_id if condition.status is None else f"{behind_id} AND status = '{condition.status}'"
        where = f"{where} AND {_OF_EMAILS}" if of_emails else where
        yield _Stretch(index=index, columns=("job_id",), where=where, values=of_id)
        return
    if query.sort_by is not JobSort.NEXT_RUN:
        index, column = _INDEXED[query.sort_by]
        where = "TRUE" if position is None else f"({column}, job_id) {beyond} (:by, :id)"
        yield _Stretch(index=index, columns=(column, "job_id"), where=where, values={"by": by, **of_id})
        return
    in_undated = by in (FIRST_OF_ALL, LAST_OF_ALL)
    if not in_undated:
        where = "next_run_ms IS NOT NULL"
        if position is not None:
            where += f" AND (next_run_ms, job_id) {beyond} (:by, :id)"
        yield _Stretch(
            index="jobs_by_next_run", columns=("next_run_ms", "job_id"), where=where, values={"by": by, **of_id}
        )
    where = f"next_run_ms IS NULL AND {behind_id if in_undated else 'TRUE'}"
    yield _Stretch(index="jobs_by_next_run", columns=("job_id",), where=where, values=of_id)


def _count(reading: sqlite3.Cursor, condition: Condition) -> int | None:
    """How many jobs the condition chooses; None where neither the counts nor few rows can tell."""
    if condition.cells is not None:
        (count,) = reading.execute(_COUNTED.format(cells=condition.cells), condition.values).fetchone()
        return int(count)
    rows = f"SELECT * FROM jobs INDEXED BY jobs_by_id WHERE tenant_id = :tenant LIMIT {MOST_SORTED + 1}"
    statement = f"SELECT COUNT(*), COUNT(CASE WHEN {condition.sql} THEN 1 END) FROM ({rows})"
    read, count = reading.execute(statement, condition.values).fetchone()
    return None if read > MOST_SORTED else int(count)
