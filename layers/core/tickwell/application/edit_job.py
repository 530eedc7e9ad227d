"""Change what a job is: its definition, its schedule, its place (C11)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from tickwell.application.claim_check import store_payload_by_digest
from tickwell.application.create_job import (
    POLICY_FIELDS,
    After,
    At,
    Every,
    Immediately,
    JobTerms,
    require_not_refused,
    schedule_of,
)
from tickwell.application.job_policy import TIMING_FIELDS, with_timing
from tickwell.application.manage_job import ChangeJob
from tickwell.application.placing import Placing
from tickwell.application.ports import BlobStore
from tickwell.application.queue_directory import QueueDirectory, queue_key
from tickwell.application.task import TaskRegistry
from tickwell.domain.account import Principal
from tickwell.domain.bounds import Bounds
from tickwell.domain.cron import CronExpression, DstMissing, DstRepeated
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_edit import edited
from tickwell.domain.queue import DEFAULT_QUEUE
from tickwell.domain.retry import Policy
from tickwell.domain.schedule import Cron, Interval, OneTime, Schedule, first_due, why_never


@dataclass(frozen=True, kw_only=True, slots=True)
class CronChange:
    """Another expression, another time zone, or both. The zone stays as it is where none is given; without one: UTC."""

    text: str | None = None
    timezone: str | None = None


ScheduleChange = Immediately | At | After | Every | CronChange


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEdit(JobTerms):
    """What a caller changes: the fields in ``given``, and ``schedule`` and ``status`` where they are not None.

    None in a field that is given means: none, or as the queue says, or else the task's own policy. ``refinements`` are
    what is given of a recurring schedule besides: ``dst_missing``, ``dst_repeated``, ``start_at``, ``end_at``,
    ``exclude``, ``jitter_seconds``, and the ``timezone`` of an interval; None: the default.
    """

    given: frozenset[str]
    name: str = ""
    schedule: ScheduleChange | None = None
    refinements: Mapping[str, Any] = field(default_factory=dict)
    status: JobStatus | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EditJob:
    """The use case; see ``__call__``."""

    change_job: ChangeJob
    directory: QueueDirectory
    registry: TaskRegistry
    blobs: BlobStore

    def __call__(self, principal: Principal, job_id: str, edit: JobEdit) -> Job:
        """The job as it is then. All of the edit is valid and written, or nothing is.

        Somebody else's change, or a claim, that comes between is met by reading and editing anew, up to five times.
        Raises NotFoundError, InvalidInputError, IllegalTransitionError (see ``edited``), ConflictError,
        UnavailableError, StaleDueItemError.
        """
        return self.change_job.change(principal, job_id, lambda job, now: self._edited(job, edit, now))

    def _edited(self, job: Job, edit: JobEdit, now: datetime) -> Job:
        schedule = _schedule(job, edit, now)
        fields = self._fields(job, edit)
        becomes_recurring = isinstance(schedule or job.schedule, Cron | Interval)
        if not becomes_recurring and edit.pause_after_failures is not None:
            raise InvalidInputError("pause_after_failures", "goes with recurring jobs only")
        policy = self._policy(job, replace(job, **fields), edit)
        timing = {name: getattr(edit, name) for name in TIMING_FIELDS if name in edit.given}
        fields["policy"] = with_timing(policy, timing, is_recurring=becomes_recurring)
        if schedule is not None and schedule != job.schedule:
            require_not_refused(schedule, fields["policy"], now)
        changed = edited(job, now, fields=fields, schedule=schedule, status=edit.status)
        if changed.schedule != job.schedule and first_due(changed.schedule, now) is None:
            raise InvalidInputError(*why_never(changed.schedule, now))
        return changed

    def _fields(self, job: Job, edit: JobEdit) -> dict[str, Any]:
        fields: dict[str, Any] = {
            name: getattr(edit, name) for name in ("name", "description", "tags") if name in edit.given
        }
        if "payload" in edit.given:
            fields["payload"], fields["payload_blob"] = self._payload(job, edit.payload)
        if edit.given & {"queue", "priority"}:
            fields |= self._place(job, edit)
        return fields

    def _payload(self, job: Job, payload: Any) -> tuple[Any, str | None]:
        self.registry.validate(job.task, payload)
        return store_payload_by_digest(self.blobs, job.tenant_id, job.job_id, payload)

    def _place(self, job: Job, edit: JobEdit) -> Mapping[str, Any]:
        placing = Placing(directory=self.directory)
        queue = edit.queue if "queue" in edit.given else job.queue or DEFAULT_QUEUE
        place = placing(job.tenant_id, self.registry.get(job.task), queue=queue, priority=edit.priority)
        return {"queue": place.name, "lane": place.lane}

    def _policy(self, job: Job, placed: Job, edit: JobEdit) -> Policy:
        """What is not given stays, also where the job goes to a queue that says something else."""
        chosen = {name: getattr(edit, name) for name in POLICY_FIELDS if name in edit.given}
        missing = [name for name, value in chosen.items() if value is None]
        if missing:
            queue = self.directory.find(queue_key(placed.tenant_id, placed.queue, placed.lane))
            default = self.registry.get(job.task).policy
            for name in missing:
                of_queue = getattr(queue, name, None)
                chosen[name] = getattr(default, name) if of_queue is None else of_queue
        if "pause_after_failures" in edit.given:
            chosen["pause_after_failures"] = edit.pause_after_failures
        if "precision" in edit.given:
            chosen["precision"] = edit.precision or self.registry.get(job.task).policy.precision
        return replace(job.policy, **chosen)


def _schedule(job: Job, edit: JobEdit, now: datetime) -> Schedule | None:
    """The schedule that is asked for; None where nothing is said of it. Raises InvalidInputError."""
    schedule = None if edit.schedule is None else _moved(job.schedule, edit.schedule, now)
    if not edit.refinements:
        return schedule
    schedule = schedule or job.schedule
    if isinstance(schedule, OneTime):
        for name, value in edit.refinements.items():
            if value:
                raise InvalidInputError(name, "goes with recurring jobs only")
        return schedule
    return _refined(schedule, edit.refinements, now)


def _moved(current: Schedule, change: ScheduleChange, now: datetime) -> Schedule:
    """The very same schedule where nothing differs, an interval's beginning included. Bounds and jitter stay."""
    if not isinstance(change, CronChange | Every):
        return schedule_of(change, now)
    if isinstance(current, OneTime):
        return schedule_of(change if isinstance(change, Every) else _expression(current, change), now)
    if isinstance(change, Every):
        if isinstance(current, Interval) and current.seconds == change.seconds:
            return current
        zone_name = current.timezone if isinstance(current, Interval) else current.expression.timezone
        kept = replace(change, timezone=zone_name, bounds=current.bounds, jitter_seconds=current.jitter_seconds)
        return schedule_of(kept, now)
    if isinstance(current, Interval) and change.text is None:
        return replace(current, timezone=change.timezone)
    return Cron(expression=_expression(current, change), bounds=current.bounds, jitter_seconds=current.jitter_seconds)


def _expression(current: Schedule, change: CronChange) -> CronExpression:
    """The policies for changes of the clock stay, and so does the zone where none is given."""
    known = current.expression if isinstance(current, Cron) else None
    text = change.text or (None if known is None else known.text)
    if text is None:
        raise InvalidInputError("timezone", "goes with recurring jobs only")
    if known is not None:
        return CronExpression.parse(
            text,
            change.timezone or known.timezone,
            dst_missing=known.dst_missing,
            dst_repeated=known.dst_repeated,
        )
    of_interval = current.timezone if isinstance(current, Interval) else None
    return CronExpression.parse(text, change.timezone or of_interval or "UTC")


def _refined(schedule: Cron | Interval, given: Mapping[str, Any], now: datetime) -> Schedule:
    """``schedule`` with what is ``given`` (see ``JobEdit``). Raises InvalidInputError."""
    known = schedule.bounds
    bounds = Bounds(
        start_at=given.get("start_at", known.start_at),
        end_at=given.get("end_at", known.end_at),
        exclude=given.get("exclude", known.exclude) or (),
    )
    jitter_seconds = given["jitter_seconds"] or 0 if "jitter_seconds" in given else schedule.jitter_seconds
    if isinstance(schedule, Cron):
        as_it_is = schedule.expression
        expression = replace(
            as_it_is,
            dst_missing=given.get("dst_missing", as_it_is.dst_missing) or DstMissing.SHIFT,
            dst_repeated=given.get("dst_repeated", as_it_is.dst_repeated) or DstRepeated.FIRST,
        )
        return Cron(expression=expression, bounds=bounds, jitter_seconds=jitter_seconds)
    for name in ("dst_missing", "dst_repeated"):
        if given.get(name) is not None:
            raise InvalidInputError(name, "goes with cron_expression only")
    begins_anew = bounds.start_at != known.start_at
    return replace(
        schedule,
        anchor_at=bounds.start_at or min(schedule.anchor_at, now) if begins_anew else schedule.anchor_at,
        timezone=given.get("timezone", schedule.timezone),
        bounds=bounds,
        jitter_seconds=jitter_seconds,
    )
