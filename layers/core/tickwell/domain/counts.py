"""What is counted of a tenant: its jobs by what they are, how its executions ended, and its dead letters.

Counts add up: what one change of a job brings about is itself ``Counts``, and ``plus`` puts the two together in any
order with the same result. Both engines count the same changes: those of
``change_of_job``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from tickwell.domain.child import parent_of
from tickwell.domain.durations import Durations, durations_of
from tickwell.domain.execution import ExecutionStatus, execution_id
from tickwell.domain.instant import instant
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.queue import effective_queue
from tickwell.domain.schedule import JobType, job_type

K = TypeVar("K")

RECENT_KEPT = 10
"""How many of the executions that ended last are kept with the counts."""

HOURS_KEPT = timedelta(days=400)
"""How long counts by the hour are kept: a year, and a month to compare it with."""

_FAILURES = (ExecutionStatus.FAILED, ExecutionStatus.TIMEOUT, ExecutionStatus.LOST)


@dataclass(frozen=True, kw_only=True, slots=True)
class JobCell:
    """What jobs are counted by. ``running``: a worker holds the slot. ``queue`` is the effective name."""

    queue: str
    lane: Lane
    status: JobStatus
    job_type: JobType
    running: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionCell:
    """What executions are counted by, besides how they ended: the queue and the lane of the job when it did."""

    queue: str
    lane: Lane


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecutionTally:
    """How attempts ended, and how long they took; the shortest and the longest are None where none is known."""

    by_status: Mapping[ExecutionStatus, int] = field(default_factory=dict)
    duration_ms: int = 0
    shortest_ms: int | None = None
    longest_ms: int | None = None

    @property
    def total(self) -> int:
        """All attempts."""
        return sum(self.by_status.values())

    @property
    def successful(self) -> int:
        """Those that succeeded."""
        return self.by_status.get(ExecutionStatus.SUCCESS, 0)

    @property
    def failed(self) -> int:
        """Those that failed, ran out of time or were lost; a cancelled one neither succeeded nor failed."""
        return sum(self.by_status.get(status, 0) for status in _FAILURES)

    def plus(self, other: "ExecutionTally") -> "ExecutionTally":
        """Both together."""
        return ExecutionTally(
            by_status=_added(self.by_status, other.by_status),
            duration_ms=self.duration_ms + other.duration_ms,
            shortest_ms=min((ms for ms in (self.shortest_ms, other.shortest_ms) if ms is not None), default=None),
            longest_ms=max((ms for ms in (self.longest_ms, other.longest_ms) if ms is not None), default=None),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class HourTally:
    """The attempts that ended in an hour, or in several together, and how their durations are spread.

    ``durations`` holds fewer of them, or none, where an older release has counted some.
    """

    tally: ExecutionTally = field(default_factory=ExecutionTally)
    durations: Durations = field(default_factory=Durations)

    def plus(self, other: "HourTally") -> "HourTally":
        """Both together."""
        return HourTally(tally=self.tally.plus(other.tally), durations=self.durations.plus(other.durations))

    def percentile_ms(self, percent: int) -> float | None:
        """See ``Durations.percentile``; never beyond the shortest and the longest, which are known exactly.

        None where there was no attempt, and where ``durations`` does not hold all of them.
        """
        told = self.durations.percentile(percent)
        if told is None or self.durations.total != self.tally.total:
            return None
        shortest, longest = self.tally.shortest_ms, self.tally.longest_ms
        return max(told if longest is None else min(told, longest), shortest or 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class EndedExecution:
    """One attempt that ended, as much of it as its job's finishing write tells.

    ``outside_ms``: how much of its duration it went on outside of any worker; None: it did not, or that is not told.
    """

    job_id: str
    due_at: datetime
    attempt: int
    status: ExecutionStatus
    finished_at: datetime
    duration_ms: int
    outside_ms: int | None = None

    @property
    def execution_id(self) -> str:
        """The id of its record."""
        return execution_id(self.job_id, self.due_at, self.attempt)

    @property
    def started_at(self) -> datetime:
        """When it was claimed."""
        return self.finished_at - timedelta(milliseconds=self.duration_ms)

    @property
    def hour(self) -> datetime:
        """The beginning of the hour that it is counted in."""
        return hour_of(self.finished_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """All counts of a tenant, or what a change adds to them. ``recent``: up to ``RECENT_KEPT``, newest first."""

    jobs: Mapping[JobCell, int] = field(default_factory=dict)
    executions: Mapping[ExecutionCell, ExecutionTally] = field(default_factory=dict)
    recent: tuple[EndedExecution, ...] = ()
    dead_letters: int = 0

    def plus(self, other: "Counts") -> "Counts":
        """Both together."""
        executions = dict(self.executions)
        for cell, tally in other.executions.items():
            executions[cell] = executions[cell].plus(tally) if cell in executions else tally
        return Counts(
            jobs=_added(self.jobs, other.jobs),
            executions=executions,
            recent=newest(self.recent + other.recent),
            dead_letters=self.dead_letters + other.dead_letters,
        )

    def count_jobs(
        self,
        *,
        status: JobStatus | None = None,
        job_type: JobType | None = None,
        queue: str | None = None,
        lane: Lane | None = None,
        running: bool | None = None,
    ) -> int:
        """How many jobs are of this kind; what is None does not matter. Deleted ones count only when asked for."""
        return sum(
            number
            for cell, number in self.jobs.items()
            if (cell.status is status if status is not None else cell.status is not JobStatus.DELETED)
            and job_type in (None, cell.job_type)
            and queue in (None, cell.queue)
            and lane in (None, cell.lane)
            and running in (None, cell.running)
        )

    @property
    def unfinished(self) -> int:
        """How many jobs have not ended: the active and the paused ones."""
        return self.count_jobs(status=JobStatus.ACTIVE) + self.count_jobs(status=JobStatus.PAUSED)

    def tally(self, *, queue: str | None = None, lane: Lane | None = None) -> ExecutionTally:
        """The executions of a queue or a lane, or all."""
        found = ExecutionTally()
        for cell, tally in self.executions.items():
            if queue in (None, cell.queue) and lane in (None, cell.lane):
                found = found.plus(tally)
        return found


def newest(ended: tuple[EndedExecution, ...]) -> tuple[EndedExecution, ...]:
    """The ``RECENT_KEPT`` that ended last, newest first."""
    ordered = sorted(ended, key=lambda each: (each.finished_at, each.job_id, each.due_at, each.attempt), reverse=True)
    return tuple(ordered[:RECENT_KEPT])


def hour_of(at: datetime) -> datetime:
    """The beginning of the hour, UTC, that ``at`` lies in."""
    return instant(at).replace(minute=0, second=0, microsecond=0)


def cell_of(job: Job) -> JobCell:
    """What ``job`` is counted by."""
    return JobCell(
        queue=effective_queue(job.queue, job.lane),
        lane=job.lane,
        status=job.status,
        job_type=job_type(job.schedule),
        running=job.slot is not None and job.slot.is_running(),
    )


def change_of_job(before: Job | None, after: Job | None, ended: EndedExecution | None) -> Counts:
    """What a write adds to the counts that made ``after`` of ``before`` (None: it did not, or does no longer, exist).

    ``ended`` is the attempt that the write finished. A child is no job of its own: its attempts count, it does not.
    """
    jobs: dict[JobCell, int] = {}
    for job, number in ((before, -1), (after, 1)):
        if job is not None and parent_of(job.job_id) is None:
            jobs[cell_of(job)] = jobs.get(cell_of(job), 0) + number
    if ended is None or after is None:
        return Counts(jobs=_added(jobs, {}))
    cell = ExecutionCell(queue=effective_queue(after.queue, after.lane), lane=after.lane)
    return Counts(jobs=_added(jobs, {}), executions={cell: tally_of(ended)}, recent=(ended,))


def tally_of(ended: EndedExecution) -> ExecutionTally:
    """The tally of one attempt."""
    took_ms = ended.duration_ms
    return ExecutionTally(by_status={ended.status: 1}, duration_ms=took_ms, shortest_ms=took_ms, longest_ms=took_ms)


def hour_tally_of(ended: EndedExecution) -> HourTally:
    """What one attempt adds to its hour."""
    return HourTally(tally=tally_of(ended), durations=durations_of([ended.duration_ms]))


def _added(first: Mapping[K, int], second: Mapping[K, int]) -> dict[K, int]:
    """Sums by key; what adds up to nothing is left out."""
    sums = dict(first)
    for key, number in second.items():
        sums[key] = sums.get(key, 0) + number
    return {key: number for key, number in sums.items() if number}
