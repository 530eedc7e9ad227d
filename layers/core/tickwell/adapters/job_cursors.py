"""Cursors of listings of jobs: each order has its own, so that none is taken for a place in another one."""

from tickwell.adapters.cursors import decode_cursor, encode_cursor
from tickwell.domain.job_listing import JobQuery, JobSort, Position

_JOBS, _UPCOMING = "jobs", "upcoming"


def job_cursor(query: JobQuery, position: Position) -> str:
    """The cursor that leads behind ``position``."""
    place = position[1:] if query.sort_by is JobSort.CREATED_AT else position
    return encode_cursor(_listing(query), place)


def position_of(query: JobQuery, cursor: str | None) -> Position | None:
    """The position that a cursor leads behind, if there is a cursor. Raises InvalidInputError("cursor")."""
    if cursor is None:
        return None
    if query.sort_by is JobSort.CREATED_AT:
        return 0, str(decode_cursor(_listing(query), cursor, (str,))[0])
    kind: type[str] | type[int] = str if query.sort_by is JobSort.NAME else int
    by, job_id = decode_cursor(_listing(query), cursor, (kind, str))
    return by, str(job_id)


def upcoming_cursor(next_run_ms: int, job_id: str) -> str:
    """The cursor that leads behind a job in the order of what is to come."""
    return encode_cursor(_UPCOMING, [next_run_ms, job_id])


def upcoming_position(cursor: str | None) -> tuple[int, str] | None:
    """The place that such a cursor leads behind, if there is one. Raises InvalidInputError("cursor")."""
    if cursor is None:
        return None
    next_run_ms, job_id = decode_cursor(_UPCOMING, cursor, (int, str))
    return int(next_run_ms), str(job_id)


def _listing(query: JobQuery) -> str:
    """The name of an order; newest first has the shortest, which it had before there were others."""
    if query.sort_by is JobSort.CREATED_AT and query.descending:
        return _JOBS
    return f"{_JOBS}:{query.sort_by.value}:{'desc' if query.descending else 'asc'}"
