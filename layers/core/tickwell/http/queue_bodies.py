"""What the queue routes give."""

from typing_extensions import TypedDict

from tickwell.application.manage_queues import QueueState
from tickwell.domain.queue import Kept, Queue
from tickwell.http.instants import iso_or_none
from tickwell.http.job_bodies import RetryBody, retry_body


class RateLimitBody(TypedDict):
    """At most ``limit`` starts in ``per_seconds``, evenly spread."""

    limit: int
    per_seconds: int


class KeptBody(TypedDict):
    """How long ended jobs stay; null: as the deployment says."""

    seconds: int | None
    count: int | None
    at_least_seconds: int


class RetentionBody(TypedDict):
    """What is kept of jobs that completed, and of those that failed or were cancelled."""

    completed: KeptBody
    failed: KeptBody


class QueueBody(TypedDict):
    """A queue as it is set up."""

    name: str
    is_default: bool
    priority: str | int
    lane: str
    concurrency: int | None
    rate_limit: RateLimitBody | None
    timeout_seconds: int | None
    max_retries: int | None
    retry: RetryBody | None
    stall_seconds: int | None
    on_lost: str | None
    retention: RetentionBody
    paused: bool
    paused_at: str | None
    created_at: str | None
    updated_at: str | None


class QueueStateBody(QueueBody):
    """A queue as it is now.

    ``waiting`` is its waiting list, counted up to 10,000 (for a default queue without limits: its lane, which other
    tenants share); ``running`` counts permits, null where none are needed; ``next_start_at`` is the next start that its
    rate has free, null for now. ``health`` is normal below 100 waiting, warning below 1,000, critical above.
    """

    waiting: int
    running: int | None
    next_start_at: str | None
    health: str


class QueueDetailBody(QueueStateBody):
    """The same with its jobs counted by status."""

    jobs: dict[str, int]


class QueueListBody(TypedDict):
    """All queues of the tenant, the default ones included, by name."""

    queues: list[QueueStateBody]


class DeletedQueueBody(TypedDict):
    """A queue that is no more."""

    name: str


def queue_body(queue: Queue) -> QueueBody:
    """``queue`` as it is set up."""
    rate = queue.rate_limit
    is_untouched = queue.version == 0
    return QueueBody(
        name=queue.name,
        is_default=queue.is_default,
        priority=queue.priority,
        lane=queue.lane.value,
        concurrency=queue.concurrency,
        rate_limit=None if rate is None else RateLimitBody(limit=rate.limit, per_seconds=rate.per_seconds),
        timeout_seconds=queue.timeout_seconds,
        max_retries=queue.max_retries,
        retry=None if queue.retry is None else retry_body(queue.retry),
        stall_seconds=queue.stall_seconds,
        on_lost=None if queue.on_lost is None else queue.on_lost.value,
        retention=RetentionBody(completed=_kept(queue.retention.completed), failed=_kept(queue.retention.failed)),
        paused=queue.paused_at is not None,
        paused_at=iso_or_none(queue.paused_at),
        created_at=None if is_untouched else iso_or_none(queue.created_at),
        updated_at=None if is_untouched else iso_or_none(queue.updated_at),
    )


def queue_state_body(state: QueueState) -> QueueStateBody:
    """``state`` without counted jobs."""
    return QueueStateBody(
        **queue_body(state.queue),
        waiting=state.waiting,
        running=state.running,
        next_start_at=iso_or_none(state.next_start_at),
        health=state.health.value,
    )


def queue_detail_body(state: QueueState) -> QueueDetailBody:
    """``state`` with its jobs."""
    jobs = {status.value: count for status, count in sorted((state.jobs or {}).items())}
    return QueueDetailBody(**queue_state_body(state), jobs=jobs)


def _kept(kept: Kept) -> KeptBody:
    return KeptBody(seconds=kept.seconds, count=kept.count, at_least_seconds=kept.at_least_seconds)
