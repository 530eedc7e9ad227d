"""What the job routes give."""

from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from tickwell.application.manage_job import JobDetail
from tickwell.domain.child import parent_of
from tickwell.domain.execution import Execution, ExecutionStatus, RunningExecution
from tickwell.domain.instant import iso
from tickwell.domain.job import Job, Tally
from tickwell.domain.progress import Progress
from tickwell.domain.queue import effective_queue
from tickwell.domain.retry import Misfire, RetryAt, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron, Interval, OneTime, job_type, schedule_type
from tickwell.http.instants import iso_or_none
from tickwell.http.paging import Pagination
from tickwell.http.schedule_bodies import RefinementsBody, refinements_body, timezone_of


class RetryBody(TypedDict):
    """A retry policy; what its strategy does not use is null."""

    strategy: str
    delay_seconds: float | None
    factor: float | None
    max_delay_seconds: float
    jitter: float
    delays_seconds: list[float] | None


class ProgressBody(TypedDict):
    """How far a running attempt has come, as its task told at that instant."""

    percent: float
    message: str | None
    at: str


class StatisticsBody(TypedDict):
    """What became of a job's attempts so far."""

    total_executions: int
    successful_executions: int
    failed_executions: int
    average_duration_ms: int | None


class JobSummaryBody(TypedDict):
    """A job as listings show it."""

    id: str
    key: str | None
    scope: str | None
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
    queue: str
    priority: str
    tags: list[str]
    last_executed_at: str | None
    paused_at: str | None
    paused_reason: str | None
    created_at: str
    updated_at: str


class JobPolicyBody(JobSummaryBody, RefinementsBody):
    """A job with its policy, and what its schedule says besides when; what its kind or policy does not use is null."""

    description: str | None
    timeout_seconds: int
    max_retries: int
    retry: RetryBody
    on_lost: str
    pause_after_failures: int | None
    stall_seconds: int | None
    precision: str
    overlap: str | None
    misfire: str
    misfire_grace_seconds: int
    misfire_max: int | None
    misfire_spread_seconds: int | None
    expires_after_seconds: int | None
    retry_of: str | None
    parent_id: str | None
    traceparent: str | None


class AttemptBody(TypedDict):
    """One attempt at the newest occurrence. What is known only at its end is null while it runs."""

    execution_id: str
    number: int
    status: str
    due_at: str
    started_at: str
    finished_at: str | None
    error_message: str | None
    error_code: str | None
    traceback: str | None
    next_retry_at: str | None


class HeldJobBody(JobPolicyBody):
    """A job with its payload and statistics, without its attempts: see ``JobBody``."""

    payload: Any
    retry_count: int
    progress: ProgressBody | None
    failures_in_a_row: int
    statistics: StatisticsBody


class JobBody(HeldJobBody):
    """A job with its payload and statistics; ``retry_count`` counts the retries of the current occurrence.

    ``attempts`` are those of the newest occurrence that was begun, first one first. ``progress`` is null while nothing
    runs, and until the running attempt tells any. ``failures_in_a_row`` counts the occurrences that were given up since
    the last success or resume.
    """

    attempts: list[AttemptBody]


class JobListBody(TypedDict):
    """A page of jobs in the order that was asked for."""

    jobs: list[JobSummaryBody]
    pagination: Pagination


class UpcomingJobBody(TypedDict):
    """A job that is to run."""

    id: str
    name: str
    next_run: str | None
    job_type: str


class UpcomingBody(TypedDict):
    """Jobs that run within 24 hours, soonest first; ``next_cursor`` is null on the last page."""

    jobs: list[UpcomingJobBody]
    count: int
    next_cursor: str | None


def job_summary(job: Job, now: datetime) -> JobSummaryBody:
    """``job`` as listings show it at ``now``."""
    schedule = job.schedule
    cron = schedule.expression if isinstance(schedule, Cron) else None
    return JobSummaryBody(
        id=job.job_id,
        key=job.caller_key,
        scope=job.scope,
        user_id=job.user_id,
        name=job.name,
        task=job.task,
        job_type=job_type(schedule).value,
        schedule_type=schedule_type(schedule).value,
        scheduled_time=iso(schedule.at) if isinstance(schedule, OneTime) and not schedule.immediate else None,
        cron_expression=None if cron is None else cron.text,
        timezone=timezone_of(schedule),
        interval_seconds=schedule.seconds if isinstance(schedule, Interval) else None,
        next_run=iso_or_none(job.next_run_at),
        status=job.status.value,
        state=job.state(now).value,
        queue=effective_queue(job.queue, job.lane),
        priority=job.lane.value,
        tags=list(job.tags),
        last_executed_at=iso_or_none(job.last_executed_at),
        paused_at=iso_or_none(job.paused_at),
        paused_reason=job.paused_reason,
        created_at=iso(job.created_at),
        updated_at=iso(job.updated_at),
    )


def upcoming_job(job: Job) -> UpcomingJobBody:
    """``job`` as the listing of what is to come shows it."""
    return UpcomingJobBody(
        id=job.job_id,
        name=job.name,
        next_run=iso_or_none(job.next_run_at),
        job_type=job_type(job.schedule).value,
    )


def job_with_policy(job: Job, now: datetime) -> JobPolicyBody:
    """``job`` as it was accepted."""
    policy = job.policy
    runs_all = policy.misfire is Misfire.RUN_ALL
    return JobPolicyBody(
        **job_summary(job, now),
        description=job.description,
        timeout_seconds=job.policy.timeout_seconds,
        max_retries=job.policy.max_retries,
        retry=retry_body(job.policy.retry),
        on_lost=job.policy.on_lost.value,
        stall_seconds=job.policy.stall_seconds,
        precision=job.policy.precision.value,
        retry_of=job.retry_of,
        parent_id=parent_of(job.job_id),
        traceparent=job.traceparent,
        pause_after_failures=job.policy.pause_after_failures,
        overlap=policy.overlap.value if job.is_recurring else None,
        misfire=policy.misfire.value,
        misfire_grace_seconds=policy.misfire_grace_seconds,
        misfire_max=policy.misfire_max if runs_all else None,
        misfire_spread_seconds=policy.misfire_spread_seconds if runs_all else None,
        expires_after_seconds=policy.expires_after_seconds,
        **refinements_body(job.schedule),
    )


def held_job_body(job: Job, now: datetime) -> HeldJobBody:
    """``job``, whose payload was loaded, as it is at ``now``."""
    return HeldJobBody(
        **job_with_policy(job, now),
        payload=job.payload,
        retry_count=0 if job.slot is None else job.slot.attempt - 1,
        progress=progress_body(None if job.slot is None else job.slot.progress),
        failures_in_a_row=job.failures_in_a_row,
        statistics=_statistics(job.tally),
    )


def job_body(detail: JobDetail, now: datetime) -> JobBody:
    """All of a job."""
    return JobBody(**held_job_body(detail.job, now), attempts=[attempt_body(attempt) for attempt in detail.attempts])


def progress_body(progress: Progress | None) -> ProgressBody | None:
    """``progress`` as it is shown."""
    if progress is None:
        return None
    return ProgressBody(percent=progress.percent, message=progress.message, at=iso(progress.at))


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


def attempt_body(attempt: Execution | RunningExecution) -> AttemptBody:
    """``attempt`` without what it put out."""
    ended = attempt if isinstance(attempt, Execution) else None
    failure = None if ended is None else ended.failure
    return AttemptBody(
        execution_id=attempt.execution_id,
        number=attempt.attempt,
        status=ExecutionStatus.RUNNING.value if ended is None else ended.status.value,
        due_at=iso(attempt.due_at),
        started_at=iso(attempt.started_at),
        finished_at=None if ended is None else iso(ended.finished_at),
        error_message=None if failure is None else failure.message,
        error_code=None if failure is None else failure.code,
        traceback=None if failure is None else failure.traceback,
        next_retry_at=None if ended is None else next_retry_at(ended),
    )


def next_retry_at(execution: Execution) -> str | None:
    """When the attempt after this one is to start, where there is one."""
    return iso(execution.decision.at) if isinstance(execution.decision, RetryAt) else None


def _statistics(tally: Tally) -> StatisticsBody:
    return StatisticsBody(
        total_executions=tally.executions,
        successful_executions=tally.successful,
        failed_executions=tally.failed,
        average_duration_ms=tally.duration_ms // tally.executions if tally.executions else None,
    )
