"""Named queues: what a tenant decides about the jobs in them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import instant
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane, lane_for_priority
from tickwell.domain.retry import OnLost, RetryPolicy

DEFAULT_QUEUE = "default"
"""Stands for the default queue of a job's own priority."""

MOST_QUEUES = 100
"""Named queues of one tenant."""

LARGEST_CONCURRENCY = 1000
MOST_PER_SECOND = 1000.0

_DEFAULT_NAMES = {f"{DEFAULT_QUEUE}-{lane.value}": lane for lane in Lane}
_NAME_OF_DEFAULT = {lane: name for name, lane in _DEFAULT_NAMES.items()}
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True, slots=True)
class RateLimit:
    """At most ``limit`` starts in ``per_seconds``, evenly spread."""

    limit: int
    per_seconds: int

    @property
    def spacing(self) -> timedelta:
        """From one start to the next."""
        return timedelta(seconds=self.per_seconds) / self.limit


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """How long ended jobs stay: for ``seconds`` (None: as the deployment says), and no more than ``count`` of them.

    What is past the count goes only once it is older than ``at_least_seconds``.
    """

    seconds: int | None = None
    count: int | None = None
    at_least_seconds: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Retention:
    """What is kept of jobs that completed, and of those that failed or were cancelled."""

    completed: Kept = Kept()
    failed: Kept = Kept()

    def of(self, status: JobStatus) -> Kept:
        """The part that speaks of jobs that ended as ``status``."""
        return self.completed if status is JobStatus.COMPLETED else self.failed


@dataclass(frozen=True, kw_only=True, slots=True)
class Queue:
    """A named queue. None means: no limit, or as the task says.

    ``version`` counts its changes. ``priority`` chooses the lane of its jobs, unless a job says otherwise.
    """

    tenant_id: str
    name: str
    version: int = 1
    priority: str | int = Lane.MEDIUM.value
    concurrency: int | None = None
    rate_limit: RateLimit | None = None
    timeout_seconds: int | None = None
    max_retries: int | None = None
    retry: RetryPolicy | None = None
    stall_seconds: int | None = None
    on_lost: OnLost | None = None
    retention: Retention = Retention()
    paused_at: datetime | None = None
    created_at: datetime
    updated_at: datetime

    @property
    def lane(self) -> Lane:
        """The physical queue that its jobs travel in."""
        return _DEFAULT_NAMES.get(self.name) or lane_for_priority(self.priority)

    @property
    def is_default(self) -> bool:
        """Whether it exists from the start, and cannot be deleted."""
        return self.name in _DEFAULT_NAMES

    @property
    def is_limited(self) -> bool:
        """Whether its jobs need a permit or a start time."""
        return self.concurrency is not None or self.rate_limit is not None

    def paused(self, now: datetime) -> "Queue":
        """The same, holding back its jobs; what runs goes on. Pausing twice keeps the first instant."""
        return self.changed(now, paused_at=self.paused_at or instant(now))

    def resumed(self, now: datetime) -> "Queue":
        """The same, letting its jobs go."""
        return self.changed(now, paused_at=None)

    def changed(self, now: datetime, **changes: object) -> "Queue":
        """The next version. Raises InvalidInputError for a priority that is none."""
        queue = replace(self, version=self.version + 1, updated_at=instant(now), **changes)  # type: ignore[arg-type]
        if not queue.is_default:
            lane_for_priority(queue.priority)
        return queue


def default_queues(tenant_id: str) -> Mapping[str, Queue]:
    """What every tenant has from the start: one unlimited queue for each lane."""
    beginning = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    return {
        name: Queue(
            tenant_id=tenant_id,
            name=name,
            version=0,
            priority=lane.value,
            created_at=beginning,
            updated_at=beginning,
        )
        for name, lane in _DEFAULT_NAMES.items()
    }


def effective_queue(queue: str | None, lane: Lane) -> str:
    """The name of the queue that a job is in: the one that it names, or the default one of its lane."""
    return _NAME_OF_DEFAULT[lane] if queue is None else queue


def require_queue_name(name: str) -> str:
    """``name`` if it may be a queue's; raises InvalidInputError("name")."""
    if not _NAME.fullmatch(name) or name == DEFAULT_QUEUE:
        reason = "must have 1 to 64 lower-case letters, digits, '.', '_' or '-', begin and end with a letter or digit"
        raise InvalidInputError("name", reason if name != DEFAULT_QUEUE else "is taken: it stands for default-medium")
    return name
