"""Counts jobs that are new, a batch at a time, in the transaction that writes them."""

import sqlite3
from collections import Counter
from collections.abc import Sequence

from tickwell.adapters.embedded.usage_rows import ADD_JOBS, ADD_USE, DAY_MS
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_listing import NEAR
from tickwell.domain.lane import Lane
from tickwell.domain.queue import effective_queue
from tickwell.domain.usage import Activity


def count_new(cursor: sqlite3.Cursor, jobs: Sequence[Job]) -> None:
    """Count each of ``jobs``, which were all inserted just now. Children, whose ids have a dot, are no jobs."""
    alike = Counter(_kind(job) for job in jobs if job.job_id[36:37] != ".")
    for (tenant_id, named, lane, status, is_recurring, is_far, day), number in alike.items():
        queue = effective_queue(named, lane)
        cursor.execute(ADD_JOBS, (tenant_id, queue, lane.value, status.value, is_recurring, number))
        use = (tenant_id, day * DAY_MS, queue, lane.value, _creation(is_recurring, is_far), number, 0)
        cursor.execute(ADD_USE, use)


def _kind(job: Job) -> tuple[str, str | None, Lane, JobStatus, bool, bool, int]:
    created_at = job.created_at
    is_far = job.next_run_at is not None and job.next_run_at - created_at > NEAR
    return job.tenant_id, job.queue, job.lane, job.status, job.is_recurring, is_far, to_epoch_ms(created_at) // DAY_MS


def _creation(is_recurring: bool, is_far: bool) -> str:
    if is_recurring:
        return Activity.CREATED_RECURRING.value
    return (Activity.CREATED_FAR if is_far else Activity.CREATED_SOON).value
