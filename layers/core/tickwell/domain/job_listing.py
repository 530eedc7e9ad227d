"""What a listing of jobs shows, and in which order."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.child import parent_of
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.queue import effective_queue

EVERYTHING = JobFilter()
"""Asks for nothing."""

Position = tuple[int | str, str]
"""Where a job stands in an order: by the first part, and among equals by its id."""

FIRST_OF_ALL, LAST_OF_ALL = -1, 1 << 53
"""What stands for an instant that is missing, so that it comes last in either direction."""

_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class JobSort(StrEnum):
    """What jobs are listed by."""

    CREATED_AT = "created_at"
    NEXT_RUN = "next_run"
    NAME = "name"
    UPDATED_AT = "updated_at"


@dataclass(frozen=True, kw_only=True, slots=True)
class PastKept:
    """Jobs of a queue that have ended and are past the number that it keeps (S13): those that ended before an instant.

    ``completed``: speaks of completed jobs, else of all others.
    """

    queue: str
    completed: bool
    ended_before: datetime

    def has(self, job: Job) -> bool:
        """Whether ``job`` is among them."""
        return (
            not job.is_recurring
            and job.expires_at is not None
            and job.slot is None
            and effective_queue(job.queue, job.lane) == self.queue
            and (job.status is JobStatus.COMPLETED) == self.completed
            and job.updated_at < self.ended_before
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class JobQuery:
    """Which jobs, in which order, without those that their queues keep no longer. Deleted jobs are never listed.

    ``counted``: whether to tell how many there are in all. Whoever knows that already saves what counting costs.
    """

    chosen: JobFilter = EVERYTHING
    sort_by: JobSort = JobSort.CREATED_AT
    descending: bool = True
    past_kept: tuple[PastKept, ...] = ()
    counted: bool = True

    def wants(self, job: Job, now: datetime) -> bool:
        """Whether ``job``, which has not expired, is listed as it stands at ``now``."""
        return is_listed(job) and self.chosen.matches(job, now) and not any(past.has(job) for past in self.past_kept)

    def position(self, job: Job) -> Position:
        """Where ``job`` stands; what has no next run comes last in either direction."""
        match self.sort_by:
            case JobSort.CREATED_AT:
                return 0, job.job_id
            case JobSort.NEXT_RUN:
                never = FIRST_OF_ALL if self.descending else LAST_OF_ALL
                return never if job.next_run_at is None else to_epoch_ms(job.next_run_at), job.job_id
            case JobSort.NAME:
                return name_rank(job.name), job.job_id
            case JobSort.UPDATED_AT:
                return to_epoch_ms(job.updated_at), job.job_id


def is_listed(job: Job) -> bool:
    """Whether listings show such a job at all: neither deleted ones nor children."""
    return job.status is not JobStatus.DELETED and parent_of(job.job_id) is None


def name_rank(name: str) -> str:
    """What names are sorted by: their characters, A to Z like a to z (what SQLite calls NOCASE)."""
    return name.translate(_LOWER)


NEAR = timedelta(minutes=15)
"""A one-time job that is due so soon after its creation has no place in the index of what is to come."""


def is_near(job: Job) -> bool:
    """Whether a new ``job`` can be found among the newest ones for as long as it is still to come.

    That takes an id of its time; ids that were derived from something else say nothing.
    """
    if job.is_recurring or job.next_run_at is None:
        return False
    return job.next_run_at - job.created_at <= NEAR and job.job_id >= earliest_id(job.created_at - CLOCKS_APART)


CLOCKS_APART = timedelta(minutes=1)
"""Ids are made by several clocks: they may be off by this much."""


def earliest_id(at: datetime) -> str:
    """What no id (UUIDv7) that was made at ``at`` or later sorts before."""
    digits = f"{max(0, to_epoch_ms(at)):012x}"
    return f"{digits[:8]}-{digits[8:]}"
