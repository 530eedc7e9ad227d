"""What is told of an occurrence, and what it is told from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.execution import Execution, ExecutionStatus, Skip
from tickwell.domain.job import Job
from tickwell.domain.schedule import Schedule, next_due

MILLISECOND = timedelta(milliseconds=1)


class OccurrenceOutcome(StrEnum):
    """The first three are final."""

    EXECUTED = "executed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    RUNNING = "running"
    WAITING = "waiting"  # due, but not begun; or waiting for its next attempt
    UPCOMING = "upcoming"


@dataclass(frozen=True, kw_only=True, slots=True)
class OccurrenceEntry:
    """One occurrence, or a range of ``count`` skipped ones from ``due_at`` to ``last_due_at`` (None: a single one).

    ``count`` is None where there were too many to count. ``status``, ``attempt`` and ``execution_id`` are those of the
    newest attempt. ``child_id``: the job that ran or runs it in the place of its own. ``next_attempt_at``: when its
    next attempt starts. ``reason`` is for people.
    """

    due_at: datetime
    outcome: OccurrenceOutcome
    reason: str | None = None
    last_due_at: datetime | None = None
    count: int | None = 1
    status: ExecutionStatus | None = None
    attempt: int | None = None
    execution_id: str | None = None
    child_id: str | None = None
    next_attempt_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """The instants from ``since`` to ``until``, both included. ``after``: where the page before ended.

    Ranges that begin before that were shown; what is recorded of that instant itself must be known.
    """

    since: datetime
    until: datetime
    after: datetime | None = None

    def has(self, at: datetime) -> bool:
        """Whether it holds ``at``."""
        return self.since <= at <= self.until


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """What is recorded of a window, in the order of the instants, and the children of the job that are due there."""

    executions: Sequence[Execution] = field(default=())
    skips: Sequence[Skip] = field(default=())
    children: Sequence[Job] = field(default=())


def due_between(schedule: Schedule, since: datetime, until: datetime) -> Iterator[datetime]:
    """The occurrences of ``schedule`` from ``since`` to ``until``, both included."""
    due_at = next_due(schedule, since - MILLISECOND)
    while due_at is not None and due_at <= until:
        yield due_at
        due_at = next_due(schedule, due_at)


def is_undecided(job: Job, due_at: datetime) -> bool:
    """Whether ``due_at`` has neither been claimed nor skipped: its skip, should there be one, does not count yet."""
    return job.next_run_at is not None and due_at >= job.next_run_at
