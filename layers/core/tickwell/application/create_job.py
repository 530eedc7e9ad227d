"""Accept a job: due item, job, message, in this order (rule 1)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tickwell.application.arming import Arming, first_attempt
from tickwell.application.claim_check import store_payload
from tickwell.application.job_policy import TIMING_FIELDS, with_timing
from tickwell.application.placing import Placing
from tickwell.application.ports import BlobStore, Clock, Ids, JobStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.quotas import Places, Quotas
from tickwell.application.task import TaskRegistry
from tickwell.domain.account import Principal
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError, QuotaExceededError
from tickwell.domain.instant import instant
from tickwell.domain.job import Job
from tickwell.domain.queue import Queue
from tickwell.domain.retry import Misfire, OnLost, Overlap, Policy, Precision, RetryPolicy
from tickwell.domain.schedule import Cron, Interval, OneTime, Schedule, first_due


@dataclass(frozen=True, kw_only=True, slots=True)
class Immediately:
    """As soon as possible."""


@dataclass(frozen=True, kw_only=True, slots=True)
class At:
    """Once, at this instant; one that has passed runs at once."""

    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class After:
    """Once, this many seconds from now."""

    delay_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Every:
    """Again and again, this many seconds apart, the first time after one such span."""

    seconds: int


POLICY_FIELDS = ("timeout_seconds", "max_retries", "retry", "on_lost", "stall_seconds")
"""What a job, its queue and its task may each say of how it is run."""

ScheduleRequest = Immediately | At | After | Every | CronExpression


@dataclass(frozen=True, kw_only=True, slots=True)
class JobTerms:
    """What a caller may say of a job, now and later. None means: as the queue says, or else the task's own policy."""

    description: str | None = None
    payload: Any = None
    queue: str | None = None
    priority: str | int | None = None
    timeout_seconds: int | None = None
    max_retries: int | None = None
    retry: RetryPolicy | None = None
    on_lost: OnLost | None = None
    stall_seconds: int | None = None
    pause_after_failures: int | None = None
    precision: Precision | None = None
    overlap: Overlap | None = None
    misfire: Misfire | None = None
    misfire_grace_seconds: int | None = None
    misfire_max: int | None = None
    misfire_spread_seconds: int | None = None
    expires_after_seconds: int | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class NewJob(JobTerms):
    """What a caller asks for."""

    name: str
    task: str = "echo"
    schedule: ScheduleRequest = Immediately()


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatedJob:
    """The accepted job. ``launched`` False: the lane was not reachable, and the safety sync will send the message."""

    job: Job
    launched: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateJob:
    """The use case; see ``__call__``."""

    jobs: JobStore
    directory: QueueDirectory
    arming: Arming
    registry: TaskRegistry
    blobs: BlobStore
    clock: Clock
    ids: Ids
    quotas: Quotas

    def __call__(self, principal: Principal, request: NewJob) -> CreatedJob:
        """Validate and accept. When this returns, the job will run even if everything crashes.

        Raises InvalidInputError or QuotaExceededError (nothing was written), UnavailableError or StaleDueItemError
        (nothing was accepted).
        """
        now = self.clock.now()
        job, due_at = self.draft(principal, request, now)
        with self.quotas.places(job.tenant_id, 1) as places:
            if places.refusal is not None:
                return self._made_before(job, places.refusal)
            return self._accept(self.with_payload_kept(job), due_at, now, places)

    def _made_before(self, job: Job, refusal: QuotaExceededError) -> CreatedJob:
        """What an earlier try of the same request made, whose id is the same: it is not refused afterwards."""
        try:
            return CreatedJob(job=self.jobs.get(job.tenant_id, job.job_id), launched=False)
        except NotFoundError:
            raise refusal from None

    def _accept(self, job: Job, due_at: datetime, now: datetime, places: Places) -> CreatedJob:
        items = self.arming.prepare([first_attempt(job, due_at)], now=now)
        self.arming.require_fresh(prepared_at=now)
        try:
            self.jobs.create(job)
        except ConflictError:
            # Its id was derived for a request that is carried out once more: an earlier try came this far.
            places.give_back()
            return CreatedJob(job=self.jobs.get(job.tenant_id, job.job_id), launched=False)
        return CreatedJob(job=job, launched=self.arming.launch(items, now=self.clock.now()))

    def draft(self, principal: Principal, request: NewJob, now: datetime) -> tuple[Job, datetime]:
        """The job that ``request`` asks for, valid, with all of its payload, and when it is due first.

        Nothing is written. Raises InvalidInputError, UnavailableError.
        """
        job = self._job(principal, request, now)
        if job.next_run_at is None:
            raise InvalidInputError("cron_expression", "has no occurrence in the next 50 years")
        return job, job.next_run_at

    def with_payload_kept(self, job: Job) -> Job:
        """A draft as it can be stored: a payload that is too large is in the blob store. Raises UnavailableError."""
        payload, payload_blob = store_payload(self.blobs, job.tenant_id, job.job_id, job.payload)
        return job if payload_blob is None else replace(job, payload=payload, payload_blob=payload_blob)

    def _job(self, principal: Principal, request: NewJob, now: datetime) -> Job:
        job_id = self.ids.new()  # first, so that each job of a batch has the same one when it is sent again
        task = self.registry.get(request.task)
        placing = Placing(directory=self.directory)
        place = placing(principal.tenant_id, task, queue=request.queue, priority=request.priority)
        self.registry.validate(request.task, request.payload)
        schedule = schedule_of(request.schedule, now)
        is_recurring = not isinstance(schedule, OneTime)
        policy = _policy(task.policy, place.queue, request, is_recurring=is_recurring)
        require_not_refused(schedule, policy, now)
        return Job(
            tenant_id=principal.tenant_id,
            job_id=job_id,
            version=1,
            user_id=principal.user_id,
            name=request.name,
            description=request.description,
            task=request.task,
            payload=request.payload,
            schedule=schedule,
            lane=place.lane,
            queue=place.name,
            policy=policy,
            tags=request.tags,
            next_run_at=first_due(schedule, now),
            created_at=now,
            updated_at=now,
        )


def schedule_of(request: ScheduleRequest, now: datetime) -> Schedule:
    """The schedule that is asked for at ``now``."""
    match request:
        case Immediately():
            return OneTime(at=now, immediate=True)
        case At(at=at):
            return OneTime(at=instant(at))
        case After(delay_seconds=delay_seconds):
            return OneTime(at=instant(now + timedelta(seconds=delay_seconds)))
        case Every(seconds=seconds):
            return Interval(seconds=seconds, anchor_at=now)
        case CronExpression():
            return Cron(expression=request)


def _policy(default: Policy, queue: Queue, request: NewJob, *, is_recurring: bool) -> Policy:
    """What the job says goes before what its queue says, and that before the task's own policy."""
    chosen = {
        name: value
        for name in POLICY_FIELDS
        for value in (getattr(request, name), getattr(queue, name))[::-1]
        if value is not None
    }
    if request.precision is not None:
        chosen["precision"] = request.precision
    policy = replace(default, **chosen, pause_after_failures=request.pause_after_failures)
    asked = {name: value for name in TIMING_FIELDS if (value := getattr(request, name)) is not None}
    return with_timing(policy, asked, is_recurring=is_recurring)


def require_not_refused(schedule: Schedule, policy: Policy, now: datetime) -> None:
    """Raises InvalidInputError where a time that has passed is asked for, and the job is not to run late."""
    asked_for_late = isinstance(schedule, OneTime) and not schedule.immediate and schedule.at < now
    if policy.misfire is Misfire.REFUSE and asked_for_late:
        raise InvalidInputError("scheduled_time", "has passed, and the misfire policy refuse takes no such time")
