"""All jobs in SQLite, for the operator; see ``JobWalk``."""

import json

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.job_rows import HEAD, job_from
from tickwell.application.ports import Clock, WalkedJobs
from tickwell.domain.instant import to_epoch_ms

_PAGE = 1000
_WALK = f"""
    SELECT {HEAD} FROM jobs INDEXED BY jobs_by_id
    WHERE (tenant_id, job_id) > (?, ?) AND (expires_ms IS NULL OR expires_ms > ?)
    AND (next_run_ms IS NOT NULL OR slot_due_ms IS NOT NULL)
    ORDER BY tenant_id, job_id LIMIT ?
"""


class EmbeddedJobWalk:
    """The embedded ``JobWalk``: one part, in the order of the key."""

    parts = 1

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def page(self, part: int, *, after: str | None) -> WalkedJobs:  # noqa: ARG002 - there is one part
        """See the port. A position is a tenant and a job."""
        tenant_id, job_id = ("", "") if after is None else json.loads(after)
        values = (tenant_id, job_id, to_epoch_ms(self._clock.now()), _PAGE)
        with self._database.read() as cursor:
            rows = cursor.execute(_WALK, values).fetchall()
        jobs = tuple(job_from(row) for row in rows)
        last = json.dumps([jobs[-1].tenant_id, jobs[-1].job_id]) if len(rows) == _PAGE else None
        return WalkedJobs(jobs=jobs, reached=last)
