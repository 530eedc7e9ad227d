"""Change what a job is: its definition, its schedule, its place (C11)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from tickwell.application.claim_check import encode, store_payload
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
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.job_edit import edited
from tickwell.domain.retry import Policy
from tickwell.domain.schedule import Cron, Interval, Schedule


@dataclass(frozen=True, kw_only=True, slots=True)
class CronChange:
    """Another expression, another time zone, or both. The zone stays as it is where none is given; without one: UTC."""

    text: str | None = None
    timezone: str | None = None


ScheduleChange = Immediately | At | After | Every | CronChange


@dataclass(frozen=True, kw_only=True, slots=True)
class JobEdit(JobTerms):
    """What a caller changes: the fields in ``given``, and ``schedule`` and ``status`` where they are not None.

    None in a field that is given means: none, or as the queue says, or else the task's own policy.
    """

    given: frozenset[str]
    name: str = ""
    schedule: ScheduleChange | None = None
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
        schedule = None if edit.schedule is None else _schedule(job, edit.schedule, now)
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
        is_armed = changed.status is not JobStatus.ACTIVE or changed.next_run_at is not None
        if not is_armed and changed.schedule != job.schedule:
            raise InvalidInputError("cron_expression", "has no occurrence in the next 50 years")
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
        """The name of a blob tells its content: what is written for an edit that is lost overwrites nothing."""
        self.registry.validate(job.task, payload)
        digest = hashlib.blake2b(encode(payload), digest_size=16).hexdigest()
        return store_payload(self.blobs, job.tenant_id, f"{job.job_id}-{digest}", payload)

    def _place(self, job: Job, edit: JobEdit) -> Mapping[str, Any]:
        placing = Placing(directory=self.directory)
        queue = edit.queue if "queue" in edit.given else job.queue
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


def _schedule(job: Job, change: ScheduleChange, now: datetime) -> Schedule:
    """The schedule that is asked for; the very same one where nothing differs, an interval's beginning included."""
    current = job.schedule
    if isinstance(change, CronChange):
        return Cron(expression=_expression(current, change))
    if isinstance(change, Every) and isinstance(current, Interval) and current.seconds == change.seconds:
        return current
    return schedule_of(change, now)


def _expression(current: Schedule, change: CronChange) -> CronExpression:
    known = current.expression if isinstance(current, Cron) else None
    text = change.text or (None if known is None else known.text)
    if text is None:
        raise InvalidInputError("timezone", "goes with cron_expression only")
    return CronExpression.parse(text, change.timezone or ("UTC" if known is None else known.timezone))
