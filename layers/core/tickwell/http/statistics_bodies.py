"""What the routes about statistics and workers give (C20, Q7, Q8, S4)."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from tickwell.application.statistics import Dashboard, NamedExecution
from tickwell.domain.counts import Counts, ExecutionTally
from tickwell.domain.instant import iso
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import JobType, job_type
from tickwell.domain.worker import Worker
from tickwell.http.instants import iso_or_none


class JobCountsBody(TypedDict):
    """Jobs by status and by type; deleted ones are left out."""

    total: int
    active: int
    completed: int
    paused: int
    failed: int
    cancelled: int
    onetime: int
    recurring: int


class ExecutionCountsBody(TypedDict):
    """How attempts ended. Failed are also those that ran out of time or were lost; `success_rate` in percent.

    Durations are null, and so is the rate, as long as nothing has ended.
    """

    total: int
    successful: int
    failed: int
    success_rate: float | None
    avg_duration_seconds: float | None
    max_duration_seconds: float | None
    min_duration_seconds: float | None
    by_status: dict[str, int]


class NextJobBody(TypedDict):
    """A job that runs soon."""

    id: str
    name: str
    next_run: str | None
    job_type: str


class RecentExecutionBody(TypedDict):
    """An attempt that ended lately; `job_name` is null when its job has expired."""

    id: str
    job_id: str
    job_name: str | None
    status: str
    execution_time: str
    duration_ms: int


class DashboardBody(TypedDict):
    """What the overview page shows of this moment. `pending` wait for their time, a worker or a retry."""

    jobs: JobCountsBody
    pending: int
    running: int
    dead_letters: int
    executions: ExecutionCountsBody
    upcoming_jobs: list[NextJobBody]
    recent_executions: list[RecentExecutionBody]


class BacklogBody(TypedDict):
    """The jobs of a queue or a priority by what they are doing; `pending` wait for their time, a worker or a retry."""

    pending: int
    running: int
    completed: int
    failed: int


class QueueBacklogBody(BacklogBody):
    """The same, with the executions that have ended in the queue since its first job: they only ever become more.

    `executions_failed` are also those that ran out of time or were lost.
    """

    executions: int
    executions_failed: int
    avg_duration_seconds: float | None


class StatsBody(TypedDict):
    """Counts at a glance. `queue_breakdown` counts pending jobs by priority."""

    total_jobs: int
    pending_jobs: int
    running_jobs: int
    completed_jobs: int
    failed_jobs: int
    cancelled_jobs: int
    paused_jobs: int
    dead_letter_count: int
    active_workers: int
    queue_breakdown: dict[str, int]
    priorities: dict[str, BacklogBody]
    queues: dict[str, QueueBacklogBody]


class OverviewBody(TypedDict):
    """Jobs and executions, all queues together."""

    jobs: JobCountsBody
    pending: int
    active: int
    executions: ExecutionCountsBody
    dead_letters: int


class WorkerBody(TypedDict):
    """A process that runs jobs, as it told last; `running` counts what it was busy with, of all tenants."""

    id: str
    status: str
    lanes: list[str]
    running: int
    started_at: str
    last_heartbeat_at: str


class WorkerListBody(TypedDict):
    """Longest at work first."""

    workers: list[WorkerBody]
    count: int


def dashboard_body(dashboard: Dashboard) -> DashboardBody:
    """``dashboard`` as it is shown."""
    counts = dashboard.counts
    whole = _backlog(counts)
    return DashboardBody(
        jobs=_jobs(counts),
        pending=whole["pending"],
        running=whole["running"],
        dead_letters=counts.dead_letters,
        executions=_executions(counts.tally()),
        upcoming_jobs=[_next_job(job) for job in dashboard.upcoming],
        recent_executions=[_recent(each) for each in dashboard.recent],
    )


def stats_body(counts: Counts, *, active_workers: int) -> StatsBody:
    """``counts`` at a glance."""
    whole = _backlog(counts)
    priorities = {lane.value: _backlog(counts, lane=lane) for lane in Lane}
    queues = sorted({cell.queue for cell in counts.jobs if cell.status is not JobStatus.DELETED})
    return StatsBody(
        total_jobs=counts.count_jobs(),
        pending_jobs=whole["pending"],
        running_jobs=whole["running"],
        completed_jobs=whole["completed"],
        failed_jobs=whole["failed"],
        cancelled_jobs=counts.count_jobs(status=JobStatus.CANCELLED),
        paused_jobs=counts.count_jobs(status=JobStatus.PAUSED),
        dead_letter_count=counts.dead_letters,
        active_workers=active_workers,
        queue_breakdown={name: backlog["pending"] for name, backlog in priorities.items()},
        priorities=priorities,
        queues={name: _queue_backlog(counts, name) for name in queues},
    )


def overview_body(counts: Counts) -> OverviewBody:
    """``counts`` of jobs and executions."""
    whole = _backlog(counts)
    return OverviewBody(
        jobs=_jobs(counts),
        pending=whole["pending"],
        active=whole["running"],
        executions=_executions(counts.tally()),
        dead_letters=counts.dead_letters,
    )


def worker_list_body(workers: Sequence[Worker]) -> WorkerListBody:
    """``workers`` as they are shown."""
    return WorkerListBody(workers=[_worker(worker) for worker in workers], count=len(workers))


def _jobs(counts: Counts) -> JobCountsBody:
    return JobCountsBody(
        total=counts.count_jobs(),
        active=counts.count_jobs(status=JobStatus.ACTIVE),
        completed=counts.count_jobs(status=JobStatus.COMPLETED),
        paused=counts.count_jobs(status=JobStatus.PAUSED),
        failed=counts.count_jobs(status=JobStatus.FAILED),
        cancelled=counts.count_jobs(status=JobStatus.CANCELLED),
        onetime=counts.count_jobs(job_type=JobType.ONE_TIME),
        recurring=counts.count_jobs(job_type=JobType.RECURRING),
    )


def _executions(tally: ExecutionTally) -> ExecutionCountsBody:
    total = tally.total
    return ExecutionCountsBody(
        total=total,
        successful=tally.successful,
        failed=tally.failed,
        success_rate=round(100 * tally.successful / total, 2) if total else None,
        avg_duration_seconds=_seconds(tally.duration_ms / total if total else None),
        max_duration_seconds=_seconds(tally.longest_ms),
        min_duration_seconds=_seconds(tally.shortest_ms),
        by_status={status.value: number for status, number in sorted(tally.by_status.items())},
    )


def _backlog(counts: Counts, *, queue: str | None = None, lane: Lane | None = None) -> BacklogBody:
    return BacklogBody(
        pending=counts.count_jobs(status=JobStatus.ACTIVE, running=False, queue=queue, lane=lane),
        running=counts.count_jobs(running=True, queue=queue, lane=lane),
        completed=counts.count_jobs(status=JobStatus.COMPLETED, queue=queue, lane=lane),
        failed=counts.count_jobs(status=JobStatus.FAILED, queue=queue, lane=lane),
    )


def _queue_backlog(counts: Counts, name: str) -> QueueBacklogBody:
    tally = counts.tally(queue=name)
    return QueueBacklogBody(
        **_backlog(counts, queue=name),
        executions=tally.total,
        executions_failed=tally.failed,
        avg_duration_seconds=_seconds(tally.duration_ms / tally.total if tally.total else None),
    )


def _next_job(job: Job) -> NextJobBody:
    return NextJobBody(
        id=job.job_id, name=job.name, next_run=iso_or_none(job.next_run_at), job_type=job_type(job.schedule).value
    )


def _recent(named: NamedExecution) -> RecentExecutionBody:
    ended = named.ended
    return RecentExecutionBody(
        id=ended.execution_id,
        job_id=named.job_id,
        job_name=named.job_name,
        status=ended.status.value,
        execution_time=iso(ended.started_at),
        duration_ms=ended.duration_ms,
    )


def _worker(worker: Worker) -> WorkerBody:
    return WorkerBody(
        id=worker.worker_id,
        status="active",
        lanes=[lane.value for lane in worker.lanes],
        running=worker.running,
        started_at=iso(worker.started_at),
        last_heartbeat_at=iso(worker.last_heartbeat_at),
    )


def _seconds(milliseconds: float | None) -> float | None:
    return None if milliseconds is None else round(milliseconds / 1000, 3)
