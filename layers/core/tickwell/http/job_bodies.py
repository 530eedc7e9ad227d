"""What the job routes give."""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from tickwell.domain.instant import iso
from tickwell.domain.job import Job, Tally
from tickwell.domain.retry import RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron, Interval, OneTime, job_type, schedule_type
from tickwell.http.paging import Pagination


class RetryBody(TypedDict):
    """A retry policy; what its strategy does not use is null."""

    strategy: str
    delay_seconds: float | None
    factor: float | None
    max_delay_seconds: float
    jitter: float
    delays_seconds: list[float] | None


class StatisticsBody(TypedDict):
    """What became of a job's attempts so far."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_duration_ms: int | None


class JobSummaryBody(TypedDict):
    """A job as listings show it."""

    id: str
    user_id: str
    name: str
    task: str
    job_type: str
    schedule_type: str
    scheduled_time: str | None
    cron_expression: str | None
    timezone: str | None
    interval_seconds: int | None
    next_run: str | None
    status: str
    state: str
    priority: str
    tags: list[str]
    last_executed_at: str | None
    paused_at: str | None
    paused_reason: str | None
    created_at: str
    updated_at: str


class JobPolicyBody(JobSummaryBody):
    """A job with the policy that it is run by."""

    description: str | None
    timeout_seconds: int
    max_retries: int
    retry: RetryBody
    on_lost: str
    pause_after_failures: int | None


class JobBody(JobPolicyBody):
    """A job with its payload and statistics.

    ``retry_count`` counts the retries of the current occurrence, ``failures_in_a_row`` the occurrences that were given
    up since the last success or resume.
    """

    payload: Any
    retry_count: int
    failures_in_a_row: int
    statistics: StatisticsBody


class JobListBody(TypedDict):
    """A page of jobs, newest first."""

    jobs: list[JobSummaryBody]
    pagination: Pagination


class PausedBody(TypedDict):
    """A job that was paused."""

    id: str
    status: str
    state: str
    paused_at: str | None


class ResumedBody(TypedDict):
    """A job that goes on."""

    id: str
    status: str
    state: str
    next_run: str | None
    resumed_at: str


class DeletedBody(TypedDict):
    """A job that was deleted; its history stays readable."""

    id: str
    status: str


def iso_or_none(value: datetime | None) -> str | None:
    """``iso`` of an instant that may be missing."""
    return None if value is None else iso(value)


def job_summary(job: Job, now: datetime) -> JobSummaryBody:
    """``job`` as listings show it at ``now``."""
    schedule = job.schedule
    cron = schedule.expression if isinstance(schedule, Cron) else None
    return JobSummaryBody(
        id=job.job_id,
        user_id=job.user_id,
        name=job.name,
        task=job.task,
        job_type=job_type(schedule).value,
        schedule_type=schedule_type(schedule).value,
        scheduled_time=iso(schedule.at) if isinstance(schedule, OneTime) and not schedule.immediate else None,
        cron_expression=None if cron is None else cron.text,
        timezone=None if cron is None else cron.timezone,
        interval_seconds=schedule.seconds if isinstance(schedule, Interval) else None,
        next_run=iso_or_none(job.next_run_at),
        status=job.status.value,
        state=job.state(now).value,
        priority=job.lane.value,
        tags=list(job.tags),
        last_executed_at=iso_or_none(job.last_executed_at),
        paused_at=iso_or_none(job.paused_at),
        paused_reason=job.paused_reason,
        created_at=iso(job.created_at),
        updated_at=iso(job.updated_at),
    )


def job_with_policy(job: Job, now: datetime) -> JobPolicyBody:
    """``job`` as it was accepted."""
    return JobPolicyBody(
        **job_summary(job, now),
        description=job.description,
        timeout_seconds=job.policy.timeout_seconds,
        max_retries=job.policy.max_retries,
        retry=retry_body(job.policy.retry),
        on_lost=job.policy.on_lost.value,
        pause_after_failures=job.policy.pause_after_failures,
    )


def job_body(job: Job, now: datetime) -> JobBody:
    """All of ``job``, whose payload was loaded."""
    return JobBody(
        **job_with_policy(job, now),
        payload=job.payload,
        retry_count=0 if job.slot is None else job.slot.attempt - 1,
        failures_in_a_row=job.failures_in_a_row,
        statistics=_statistics(job.tally),
    )


def retry_body(policy: RetryPolicy) -> RetryBody:
    """``policy`` with what its strategy uses."""
    by_list = policy.strategy is RetryStrategy.SCHEDULE
    return RetryBody(
        strategy=policy.strategy.value,
        delay_seconds=None if by_list else policy.delay_seconds,
        factor=policy.factor if policy.strategy is RetryStrategy.EXPONENTIAL else None,
        max_delay_seconds=policy.max_delay_seconds,
        jitter=policy.jitter,
        delays_seconds=list(policy.delays_seconds) if by_list else None,
    )


def _statistics(tally: Tally) -> StatisticsBody:
    return StatisticsBody(
        total_executions=tally.executions,
        successful_executions=tally.successful,
        failed_executions=tally.failed,
        average_duration_ms=tally.duration_ms // tally.executions if tally.executions else None,
    )
