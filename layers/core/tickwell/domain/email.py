"""Scheduled mails (E1 to E6): ordinary jobs of the task ``send_email`` that run once, in a queue of their own.

The queue makes them countable, as jobs are counted by it, and lets an owner pause all mails with one request.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from tickwell.domain.counts import Counts, ExecutionTally
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.retry import RetryPolicy, RetryStrategy
from tickwell.domain.schedule import JobType

EMAIL_TASK: Final = "send_email"
EMAIL_QUEUE: Final = "emails"
EMAIL_TAG: Final = "email"

EMAIL_RETRIES: Final = 2
EMAIL_BACKOFF: Final = RetryPolicy(strategy=RetryStrategy.EXPONENTIAL, delay_seconds=2.0, factor=2.0, jitter=0.2)
"""Three attempts, about 2 and 4 seconds apart (E6); spread, so that many mails do not come back together (Q1)."""

EMAIL_TIMEOUT_SECONDS: Final = 120
"""Enough for the largest mail on a slow line. What a worker died at goes out 20 seconds after that."""

_NOT_RUNNING: Final = frozenset({JobState.DELAYED.value, JobState.WAITING.value, JobState.RETRYING.value})


class EmailStatus(StrEnum):
    """How far a mail has come."""

    SCHEDULED = "scheduled"  # its time has not come, or it waits for its turn, or for its next attempt
    SENDING = "sending"  # a worker is at it
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


_JOB_STATUS: Final = {
    EmailStatus.SCHEDULED: JobStatus.ACTIVE,
    EmailStatus.SENDING: JobStatus.ACTIVE,
    EmailStatus.SENT: JobStatus.COMPLETED,
    EmailStatus.FAILED: JobStatus.FAILED,
    EmailStatus.CANCELLED: JobStatus.CANCELLED,
}
_BY_JOB_STATUS: Final = {job: email for email, job in _JOB_STATUS.items() if job is not JobStatus.ACTIVE}


def is_email(job: Job) -> bool:
    """Whether ``job`` is a mail that is, or was, to go out once, and was not deleted."""
    is_of_its_kind = job.task == EMAIL_TASK and job.queue == EMAIL_QUEUE and not job.is_recurring
    return is_of_its_kind and job.status is not JobStatus.DELETED


def email_status(job: Job) -> EmailStatus:
    """The status of a job that ``is_email``."""
    if job.status in _BY_JOB_STATUS:
        return _BY_JOB_STATUS[job.status]
    return EmailStatus.SENDING if job.slot is not None and job.slot.is_running() else EmailStatus.SCHEDULED


def emails_chosen(status: EmailStatus | None) -> JobFilter:
    """The jobs that are mails, with ``status`` only those that have come so far."""
    chosen = JobFilter(task=EMAIL_TASK, queue=EMAIL_QUEUE, job_type=JobType.ONE_TIME)
    if status is None:
        return chosen
    chosen = replace(chosen, status=_JOB_STATUS[status].value)
    match status:
        case EmailStatus.SCHEDULED:
            return replace(chosen, states=_NOT_RUNNING)
        case EmailStatus.SENDING:
            return replace(chosen, state=JobState.RUNNING.value)
        case _:
            return chosen


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailCounts:
    """How many mails have come how far, and how the attempts at them ended.

    Counted is all that runs once in the queue of mails: whoever puts jobs of another task there counts them too.
    """

    by_status: Mapping[EmailStatus, int]
    attempts: ExecutionTally

    @property
    def total(self) -> int:
        """All of them."""
        return sum(self.by_status.values())


def emails_counted(counts: Counts) -> EmailCounts:
    """The part of a tenant's counts that tells of mails."""

    def jobs(status: EmailStatus) -> int:
        running = {EmailStatus.SCHEDULED: False, EmailStatus.SENDING: True}.get(status)
        return counts.count_jobs(
            status=_JOB_STATUS[status], job_type=JobType.ONE_TIME, queue=EMAIL_QUEUE, running=running
        )

    return EmailCounts(
        by_status={status: jobs(status) for status in EmailStatus}, attempts=counts.tally(queue=EMAIL_QUEUE)
    )
