"""What the queue routes take, and how it becomes a ``Queue``."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import instant
from tickwell.domain.lane import lane_for_priority
from tickwell.domain.queue import (
    LARGEST_CONCURRENCY,
    MOST_PER_SECOND,
    Kept,
    Queue,
    RateLimit,
    Retention,
    require_queue_name,
)
from tickwell.domain.retry import OnLost
from tickwell.http.job_request import LONGEST_TIMEOUT_SECONDS, RetryRequest, as_priority
from tickwell.http.strict_body import StrictBody

_LONGEST_KEPT_SECONDS = 3650 * 86400
_MOST_KEPT = 1000
_DAY_SECONDS = 86400


class RateLimitRequest(StrictBody):
    """At most ``limit`` starts in ``per_seconds``, evenly spread."""

    limit: int = Field(ge=1, le=1_000_000)
    per_seconds: int = Field(default=1, ge=1, le=_DAY_SECONDS)

    def to_rate_limit(self) -> RateLimit:
        """The domain's. Raises InvalidInputError for more than 1,000 starts a second."""
        if self.limit / self.per_seconds > MOST_PER_SECOND:
            raise InvalidInputError("rate_limit.limit", f"must be at most {MOST_PER_SECOND:g} a second")
        return RateLimit(limit=self.limit, per_seconds=self.per_seconds)


class KeptRequest(StrictBody):
    """How long ended jobs stay: for ``seconds``, and no more than ``count`` of them.

    What is past the count goes only once it is older than ``at_least_seconds``.
    """

    seconds: int | None = Field(default=None, ge=60, le=_LONGEST_KEPT_SECONDS)
    count: int | None = Field(default=None, ge=1, le=_MOST_KEPT)
    at_least_seconds: int = Field(default=0, ge=0, le=_LONGEST_KEPT_SECONDS)

    def to_kept(self) -> Kept:
        """The domain's."""
        return Kept(seconds=self.seconds, count=self.count, at_least_seconds=self.at_least_seconds)


class RetentionRequest(StrictBody):
    """How long jobs stay that completed, and those that failed or were cancelled. Null: as the deployment says."""

    completed: KeptRequest | None = None
    failed: KeptRequest | None = None

    def to_retention(self) -> Retention:
        """The domain's."""
        return Retention(
            completed=Kept() if self.completed is None else self.completed.to_kept(),
            failed=Kept() if self.failed is None else self.failed.to_kept(),
        )


class QueueSettings(StrictBody):
    """What may be changed of a queue. Null means: no limit, or as a job's task says."""

    priority: Annotated[str | int, BeforeValidator(as_priority)] = Field(
        default="medium",
        description="Lane of its jobs: `high`, `medium`, `low`, or a number: 1 high, 2-3 medium, 4 low.",
    )
    concurrency: int | None = Field(
        default=None, ge=1, le=LARGEST_CONCURRENCY, description="How many of its jobs may run at once."
    )
    rate_limit: RateLimitRequest | None = None
    timeout_seconds: int | None = Field(default=None, ge=1, le=LONGEST_TIMEOUT_SECONDS)
    max_retries: int | None = Field(default=None, ge=0, le=100)
    retry: RetryRequest | None = None
    stall_seconds: int | None = Field(default=None, ge=5, le=3600)
    on_lost: Literal["retry", "fail"] | None = None
    retention: RetentionRequest | None = None

    def settings(self) -> Mapping[str, Any]:
        """The given settings as fields of ``Queue``. Raises InvalidInputError."""
        lane_for_priority(self.priority)
        converted = {
            "priority": self.priority,
            "concurrency": self.concurrency,
            "rate_limit": None if self.rate_limit is None else self.rate_limit.to_rate_limit(),
            "timeout_seconds": self.timeout_seconds,
            "max_retries": self.max_retries,
            "retry": None if self.retry is None else self.retry.to_policy(),
            "stall_seconds": self.stall_seconds,
            "on_lost": None if self.on_lost is None else OnLost(self.on_lost),
            "retention": Retention() if self.retention is None else self.retention.to_retention(),
        }
        return {name: value for name, value in converted.items() if name in self.model_fields_set}


class QueueRequest(QueueSettings):
    """A queue to create."""

    name: str = Field(min_length=1, max_length=64, examples=["image-generation"])

    def to_queue(self, tenant_id: str, now: datetime) -> Queue:
        """The domain's. Raises InvalidInputError."""
        created_at = instant(now)
        return Queue(
            tenant_id=tenant_id,
            name=require_queue_name(self.name),
            created_at=created_at,
            updated_at=created_at,
            **self.settings(),
        )


class QueuePatch(QueueSettings):
    """What to change of a queue: the fields that are given. ``paused`` holds its jobs back, or lets them go."""

    paused: bool | None = Field(default=None, description="true: hold jobs back; false: let them go.")

    def apply(self, queue: Queue, now: datetime) -> Queue:
        """The changed queue. Raises InvalidInputError where nothing is given, or a default queue would change lanes."""
        if not self.model_fields_set:
            raise InvalidInputError("body", "must name at least one field to change")
        if queue.is_default and "priority" in self.model_fields_set:
            raise InvalidInputError("priority", "of a default queue cannot be changed")
        changes = dict(self.settings())
        if self.paused is not None:
            changes["paused_at"] = (queue.paused_at or instant(now)) if self.paused else None
        return queue.changed(now, **changes)
