"""What the server's database says when all is over: which jobs ran, when, how often, and how many at once."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tickwell.adapters.embedded.database import Database

_ATTEMPTS = """
    SELECT executions.job_id, executions.due_ms, json_extract(summary, '$.from'), json_extract(summary, '$.to'),
           jobs.queue = :limited
    FROM executions JOIN jobs USING (tenant_id, job_id)
"""
_UNDONE = """
    SELECT job_id FROM jobs
    WHERE next_run_ms IS NOT NULL AND next_run_ms <= :now OR slot_due_ms IS NOT NULL
    OR (status <> 'active' AND (status, executions, successful) <> ('completed', 1, 1))
"""
_WAITING = "SELECT COUNT(*) FROM jobs WHERE status = 'active' AND next_run_ms > ?"
_JOBS = "SELECT COUNT(*) FROM jobs"


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One recorded attempt; instants in milliseconds. ``is_limited``: of the queue that has a limit."""

    job_id: str
    due_ms: int
    begun_ms: int
    ended_ms: int
    is_limited: bool

    @property
    def late_seconds(self) -> float:
        """From due to begun."""
        return (self.begun_ms - self.due_ms) / 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Records:
    """``undone`` are jobs that were due and did not complete exactly once."""

    jobs: int
    waiting: int
    undone: Sequence[str]
    attempts: Sequence[Attempt]

    def of(self, job_ids: Collection[str]) -> list[Attempt]:
        """The attempts of some jobs."""
        asked = frozenset(job_ids)
        return [attempt for attempt in self.attempts if attempt.job_id in asked]


def records(path: Path, *, now_ms: int, limited: str) -> Records:
    """All that is in the database at ``path``; ``limited`` is the queue that has a limit."""
    with closing(Database(path)) as database, database.read() as cursor:
        return Records(
            jobs=cursor.execute(_JOBS).fetchone()[0],
            waiting=cursor.execute(_WAITING, (now_ms,)).fetchone()[0],
            undone=[job_id for (job_id,) in cursor.execute(_UNDONE, {"now": now_ms})],
            attempts=[
                Attempt(job_id=job_id, due_ms=due_ms, begun_ms=begun_ms, ended_ms=ended_ms, is_limited=bool(is_limited))
                for job_id, due_ms, begun_ms, ended_ms, is_limited in cursor.execute(_ATTEMPTS, {"limited": limited})
            ],
        )


def most_at_once(attempts: Iterable[Attempt]) -> int:
    """How many of ``attempts`` ran together at most; one that ends in the millisecond of another's begin is over."""
    steps = [step for one in attempts for step in ((one.begun_ms, 1), (max(one.ended_ms, one.begun_ms + 1), -1))]
    now = most = 0
    for _, step in sorted(steps):
        now += step
        most = max(most, now)
    return most
