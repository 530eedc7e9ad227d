"""What ``POST /jobs`` takes, and how it becomes what the use case takes."""

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tickwell.application.create_job import NewJob
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import OnLost, Precision, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import JobType
from tickwell.http.policy_request import TimingPolicyFields
from tickwell.http.schedule_request import RECURRING, ScheduleFields
from tickwell.http.strict_body import StrictBody

LONGEST_TIMEOUT_SECONDS = 870
_LONGEST_RETRY_DELAY_SECONDS = 30 * 86400


def _without_controls(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    if any(unicodedata.category(character) == "Cc" for character in text):
        raise ValueError("must not hold control characters")
    return text


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold NUL")
    return text


def as_priority(value: Any) -> str | int:
    """A priority as callers may give it; which ones there are is the domain's business."""
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise ValueError("must be high, medium, low or a number from 1")


Line = Annotated[str, AfterValidator(_without_controls)]
RetryDelay = Annotated[float, Field(ge=0, le=_LONGEST_RETRY_DELAY_SECONDS)]


class RetryRequest(StrictBody):
    """How long to wait before retries. ``jitter`` spreads a delay by that fraction to both sides.

    ``fixed``: ``delay_seconds`` each time. ``exponential``: ``delay_seconds``, then ``factor`` times as long each time.
    ``schedule``: the entries of ``delays_seconds``, the last one repeated. Nothing exceeds ``max_delay_seconds``.
    """

    strategy: Literal["fixed", "exponential", "schedule"]
    delay_seconds: RetryDelay = 60.0
    factor: float = Field(default=2.0, ge=1, le=100)
    max_delay_seconds: float = Field(default=86400.0, ge=0, le=_LONGEST_RETRY_DELAY_SECONDS)
    jitter: float = Field(default=0.0, ge=0, le=1)
    delays_seconds: list[RetryDelay] = Field(default=[60.0, 300.0, 900.0], min_length=1, max_length=100)

    @model_validator(mode="after")
    def _only_what_the_strategy_uses(self) -> "RetryRequest":
        unused = {
            "fixed": {"factor", "delays_seconds"},
            "exponential": {"delays_seconds"},
            "schedule": {"delay_seconds", "factor"},
        }
        for field in sorted(unused[self.strategy] & self.model_fields_set):
            raise ValueError(f"{field} does not go with the strategy {self.strategy}")
        return self

    def to_policy(self) -> RetryPolicy:
        """The domain's policy."""
        return RetryPolicy(
            strategy=RetryStrategy(self.strategy),
            delay_seconds=self.delay_seconds,
            factor=self.factor,
            max_delay_seconds=self.max_delay_seconds,
            jitter=self.jitter,
            delays_seconds=tuple(self.delays_seconds),
        )


class JobFields(ScheduleFields, TimingPolicyFields):
    """What may be said of a job when it is created, and also later."""

    description: Annotated[str, AfterValidator(_without_nul)] | None = Field(default=None, max_length=5000)
    payload: Any = Field(default=None, description="Any JSON value that the task takes.")
    timeout_seconds: int | None = Field(default=None, ge=1, le=LONGEST_TIMEOUT_SECONDS)
    max_retries: int | None = Field(default=None, ge=0, le=100, description="3 means up to four attempts.")
    retry: RetryRequest | None = None
    on_lost: Literal["retry", "fail"] | None = Field(
        default=None, description="What follows when a worker dies: `fail` for work that must not run twice."
    )
    stall_seconds: int | None = Field(
        default=None,
        ge=5,
        le=3600,
        description="How long the worker of an attempt may give no sign of life before the attempt counts as lost. "
        "Default: its time limit.",
    )
    pause_after_failures: int | None = Field(
        default=None, ge=1, le=1000, description="A recurring job pauses itself after so many failures in a row."
    )
    precision: Literal["second", "subsecond"] | None = Field(
        default=None,
        description="`subsecond`: a worker is there before the instant and waits for it (Lambda time, on AWS). "
        "Default: `second`. Never early.",
    )
    queue: str | None = Field(
        default=None,
        max_length=64,
        description="A named queue. Default: the one that the task has chosen, or else the default queue of the job's "
        "priority, which `default` asks for in any case.",
    )
    priority: Annotated[str | int, BeforeValidator(as_priority)] | None = Field(
        default=None,
        description="`high`, `medium`, `low`, or a number: 1 high, 2-3 medium, 4 and above low. Default: the queue's.",
    )
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] = Field(default=[], max_length=20)

    def terms(self) -> dict[str, Any]:
        """The fields of ``JobTerms``."""
        return {
            "description": self.description,
            "payload": self.payload,
            "queue": self.queue,
            "priority": self.priority,
            "timeout_seconds": self.timeout_seconds,
            "max_retries": self.max_retries,
            "retry": None if self.retry is None else self.retry.to_policy(),
            "on_lost": None if self.on_lost is None else OnLost(self.on_lost),
            "stall_seconds": self.stall_seconds,
            "pause_after_failures": self.pause_after_failures,
            "precision": None if self.precision is None else Precision(self.precision),
            "tags": tuple(dict.fromkeys(self.tags)),
            **self.timing_terms(),
        }


class JobRequest(JobFields):
    """A job to create.

    Without any time it runs at once; with ``scheduled_time`` or ``delay_seconds`` once, later; with
    ``cron_expression`` or ``interval_seconds`` again and again. ``schedule_type`` and ``job_type`` may say so besides.
    """

    name: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_without_controls)] | None = Field(
        default=None,
        description="Default: the name of the task, where the request names one.",
        examples=["Daily Backup"],
    )
    task: str | None = Field(
        default=None, max_length=255, description="What to run; `GET /api/v1/tasks` lists them. Default: `echo`."
    )
    job_type: str | None = Field(
        default=None, max_length=255, description="`one-time` or `recurring`; a task's name is taken as `task`."
    )

    def to_new_job(self) -> NewJob:
        """What the use case takes. Raises InvalidInputError where fields contradict each other."""
        timed_by = self.timed_by()
        self.require_schedule_type(timed_by)
        if self.pause_after_failures is not None and timed_by not in RECURRING:
            raise InvalidInputError("pause_after_failures", "goes with cron_expression or interval_seconds only")
        task = self._task(timed_by)
        return NewJob(
            name=self._name(task),
            task=task,
            schedule=self.schedule(),
            **self.terms(),
        )

    def _name(self, task: str) -> str:
        """The job's name. One kind of client gives none: it says only what to run."""
        if self.name is not None:
            return self.name
        if self.task is None and self.job_type != task:
            raise InvalidInputError("name", "is required, or task")
        return task

    def _task(self, timed_by: str | None) -> str:
        """The task's name, which one kind of client gives as ``job_type``."""
        is_recurring = timed_by in RECURRING
        if self.job_type is None or self.job_type in set(JobType):
            if self.job_type == JobType.ONE_TIME and is_recurring:
                raise InvalidInputError("job_type", f"one-time does not go with {timed_by}")
            if self.job_type == JobType.RECURRING and not is_recurring:
                raise InvalidInputError("job_type", "recurring needs cron_expression or interval_seconds")
            return self.task or "echo"
        if self.task is not None and self.task != self.job_type:
            raise InvalidInputError("job_type", "must be one-time or recurring")
        return self.job_type
