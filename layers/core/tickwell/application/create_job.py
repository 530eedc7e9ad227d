"""Accept a job: due item, job, message, in this order (rule 1)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
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
from tickwell.domain.bounds import NO_BOUNDS, Bounds
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError, QuotaExceededError
from tickwell.domain.instant import instant
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.queue import Queue
from tickwell.domain.retry import DEFAULT_POLICY, Misfire, OnLost, Overlap, Policy, Precision, RetryPolicy
from tickwell.domain.schedule import Cron, Interval, OneTime, Schedule, first_due, why_never


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
    """Again and again, this many seconds apart, the first time after one such span, or at ``bounds.start_at``."""

    seconds: int
    timezone: str | None = None
    bounds: Bounds = NO_BOUNDS
    jitter_seconds: int = 0


POLICY_FIELDS = ("timeout_seconds", "max_retries", "retry", "on_lost", "stall_seconds")
"""What a job, its queue and its task may each say of how it is run."""

_OF_JOB = (*POLICY_FIELDS, *TIMING_FIELDS, "precision", "pause_after_failures")
_said_by_job, _NOTHING_BY_JOB = attrgetter(*_OF_JOB), (None,) * len(_OF_JOB)
_said_by_queue, _NOTHING_BY_QUEUE = attrgetter(*POLICY_FIELDS), (None,) * len(POLICY_FIELDS)

ScheduleRequest = Immediately | At | After | Every | CronExpression | Cron


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
    """What a caller asks for. ``traceparent``: where that belongs in the caller's trace (X27)."""

    name: str
    task: str = "echo"
    schedule: ScheduleRequest = Immediately()
    traceparent: str | None = None

    def within(self, traceparent: str | None) -> "NewJob":
        """The same, asked for in that trace."""
        return self if traceparent is None else replace(self, traceparent=traceparent)


@dataclass(frozen=True, kw_only=True, slots=True)
class CreatedJob:
    """The accepted job. ``launched`` False: the lane was not reachable, and the safety sync will send the message."""

    job: Job
    launched: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What decides where and how a job runs, so far as that follows from what its request says of it."""

    lane: Lane
    queue: str | None
    policy: Policy


Said = tuple[Any, ...]
"""All that ``Terms`` follow from."""


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
        job = self.outline(principal, request, now)
        try:
            due_at = self.require_due(job, now)
        except InvalidInputError as refusal:
            return self._made_before(job, refusal)
        with self.quotas.places(job.tenant_id, 1) as places:
            if places.refusal is not None:
                return self._made_before(job, places.refusal)
            return self.accept(self.with_payload_kept(job), due_at, now, places)

    def _made_before(self, job: Job, refusal: QuotaExceededError | InvalidInputError) -> CreatedJob:
        """What an earlier try of the same request made, whose id is the same: it is not refused afterwards.

        Not because there is no place for it any more, nor because its time has passed meanwhile.
        """
        try:
            return CreatedJob(job=self.jobs.get(job.tenant_id, job.job_id), launched=False)
        except NotFoundError:
            raise refusal from None

    def accept(
        self, job: Job, due_at: datetime, now: datetime, places: Places, *, since: datetime | None = None
    ) -> CreatedJob:
        """Due item, job, message: for a draft whose payload is kept. The job that stands already, if one has its id.

        ``since``: the job may be written no later after it than after its due item. Raises UnavailableError,
        StaleDueItemError.
        """
        with self.arming.together():
            items = self.arming.prepare([first_attempt(job, due_at)], now=now)
            self.arming.require_fresh(prepared_at=now if since is None else min(now, since))
            if self._create(job):
                return CreatedJob(job=job, launched=self.arming.launch(items, now=self.clock.now()))
        places.give_back()
        return CreatedJob(job=self.jobs.get(job.tenant_id, job.job_id), launched=False)

    def _create(self, job: Job) -> bool:
        """False where an earlier try of the request that its id was derived for came as far, or another of its key."""
        try:
            self.jobs.create(job)
        except ConflictError:
            return False
        return True

    def require_due(self, job: Job, now: datetime) -> datetime:
        """When a new job is due first. Raises InvalidInputError where it never is, and where it refuses to be late."""
        require_not_refused(job.schedule, job.policy, now)
        if job.next_run_at is None:
            raise InvalidInputError(*why_never(job.schedule, now))
        return job.next_run_at

    def with_payload_kept(self, job: Job) -> Job:
        """A draft as it can be stored: a payload that is too large is in the blob store. Raises UnavailableError."""
        payload, payload_blob = store_payload(self.blobs, job.tenant_id, job.job_id, job.payload)
        return job if payload_blob is None else replace(job, payload=payload, payload_blob=payload_blob)

    def outline(
        self, principal: Principal, request: NewJob, now: datetime, known: dict[Said, Terms] | None = None
    ) -> Job:
        """The job that ``request`` asks for, with all of its payload, valid but for when it is due (``require_due``).

        ``known``: what requests of this tenant and moment came to, for others that say the same. Nothing is written.
        Raises InvalidInputError, UnavailableError.
        """
        job_id = self.ids.new()  # first, so that each job of a batch has the same one when it is sent again
        schedule = schedule_of(request.schedule, now)
        terms = self._terms(principal.tenant_id, request, schedule, {} if known is None else known)
        self.registry.validate(request.task, request.payload)
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
            lane=terms.lane,
            queue=terms.queue,
            policy=terms.policy,
            tags=request.tags,
            traceparent=request.traceparent,
            next_run_at=first_due(schedule, now),
            created_at=now,
            updated_at=now,
        )

    def _terms(self, tenant_id: str, request: NewJob, schedule: Schedule, known: dict[Said, Terms]) -> Terms:
        is_recurring = not isinstance(schedule, OneTime)
        said = (request.task, request.queue, type(request.priority), request.priority, is_recurring)
        said = (*said, *_said_by_job(request))
        if said not in known:
            task = self.registry.get(request.task)
            placing = Placing(directory=self.directory)
            place = placing(tenant_id, task, queue=request.queue, priority=request.priority)
            policy = _policy(task.policy, place.queue, request, is_recurring=is_recurring)
            known[said] = Terms(lane=place.lane, queue=place.name, policy=policy)
        return known[said]


def schedule_of(request: ScheduleRequest, now: datetime) -> Schedule:
    """The schedule that is asked for at ``now``."""
    match request:
        case Immediately():
            return OneTime(at=now, immediate=True)
        case At(at=at):
            return OneTime(at=instant(at))
        case After(delay_seconds=delay_seconds):
            return OneTime(at=instant(now + timedelta(seconds=delay_seconds)))
        case Every(seconds=seconds, timezone=timezone, bounds=bounds, jitter_seconds=jitter_seconds):
            return Interval(
                seconds=seconds,
                anchor_at=bounds.start_at or now,
                timezone=timezone,
                bounds=bounds,
                jitter_seconds=jitter_seconds,
            )
        case CronExpression():
            return Cron(expression=request)
        case Cron():
            return request


def _policy(default: Policy, queue: Queue, request: NewJob, *, is_recurring: bool) -> Policy:
    """What the job says goes before what its queue says, and that before the task's own policy."""
    if _said_by_job(request) == _NOTHING_BY_JOB and _said_by_queue(queue) == _NOTHING_BY_QUEUE:
        return _task_policy(default, is_recurring=is_recurring)
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


@lru_cache(maxsize=256)
def _task_policy(default: Policy, *, is_recurring: bool) -> Policy:
    """What holds where neither the job nor its queue says anything, as of most jobs."""
    policy = with_timing(replace(default, pause_after_failures=None), {}, is_recurring=is_recurring)
    return DEFAULT_POLICY if policy == DEFAULT_POLICY else policy


def require_not_refused(schedule: Schedule, policy: Policy, now: datetime) -> None:
    """Raises InvalidInputError where a time that has passed is asked for, and the job is not to run late."""
    asked_for_late = isinstance(schedule, OneTime) and not schedule.immediate and schedule.at < now
    if policy.misfire is Misfire.REFUSE and asked_for_late:
        raise InvalidInputError("scheduled_time", "has passed, and the misfire policy refuse takes no such time")
