"""What an edit makes of a job: its definition, its schedule, its status, in one change with one new version."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tickwell.domain.errors import IllegalTransitionError
from tickwell.domain.instant import instant
from tickwell.domain.job import KEEPS_RETRY, Job, JobStatus
from tickwell.domain.queue import effective_queue
from tickwell.domain.schedule import OneTime, Schedule, first_due

_MILLISECOND = timedelta(milliseconds=1)


def edited(
    job: Job, now: datetime, *, fields: Mapping[str, Any], schedule: Schedule | None, status: JobStatus | None
) -> Job:
    """``job`` with ``fields`` of its definition, a new ``schedule`` and a new ``status``, as far as they are given.

    A changed schedule recalculates the next occurrence: the one that was armed never runs. A retry that waits stays. A
    ``status`` that the job has already changes nothing; ``paused`` and ``active`` pause and resume. What has ended can
    still be described anew, for whoever runs it again, but not be scheduled or moved.

    Raises IllegalTransitionError.
    """
    if job.status is JobStatus.DELETED:
        raise IllegalTransitionError("job", job.status.value, "change")
    changed = replace(job, **fields, updated_at=instant(now))
    _require_movable(job, changed)
    if status is JobStatus.ACTIVE and job.status is not JobStatus.ACTIVE:
        changed = changed.resume(now)
    if schedule is not None and schedule != job.schedule:
        changed = _rescheduled(changed, schedule, now)
    if status is JobStatus.PAUSED and job.status is not JobStatus.PAUSED:
        changed = changed.pause(now)
    return replace(changed, version=job.version + 1)


def redefined(job: Job, now: datetime, *, fields: Mapping[str, Any], schedule: Schedule | None) -> Job:
    """``job`` by a whole definition: as ``edited``, but what has ended is taken up when it gets another ``schedule``.

    Raises IllegalTransitionError, also for a new schedule while the last attempt of what has ended is running still.
    """
    if schedule is None or job.status in KEEPS_RETRY or job.status is JobStatus.DELETED:
        return edited(job, now, fields=fields, schedule=schedule, status=None)
    taken_up = replace(job, schedule=schedule).retry(now)
    if isinstance(schedule, OneTime) and taken_up.next_run_at is not None:  # a retry is due at once, at the earliest
        taken_up = replace(taken_up, next_run_at=max(instant(schedule.at), taken_up.next_run_at))
    return edited(replace(taken_up, version=job.version), now, fields=fields, schedule=None, status=None)


def _require_movable(job: Job, changed: Job) -> None:
    """A permit of the old queue is given back by whoever ends the attempt; so nobody leaves with one."""
    if (changed.queue, changed.lane) == (job.queue, job.lane):
        return
    if job.status not in KEEPS_RETRY:
        raise IllegalTransitionError("job", job.status.value, "move to another queue")
    if job.slot is not None and effective_queue(changed.queue, changed.lane) != effective_queue(job.queue, job.lane):
        raise IllegalTransitionError("job", _busy(job), "move to another queue")


def _rescheduled(job: Job, schedule: Schedule, now: datetime) -> Job:
    """``job`` with a schedule that is another one.

    What a busy slot ends in goes by the kind of job: one that is busy stays recurring, and a one-time job that has
    begun has had its occurrence. The new occurrence lies after the last start, so that it is none of the earlier ones.
    """
    if job.status not in KEEPS_RETRY:
        raise IllegalTransitionError("job", job.status.value, "reschedule")
    becomes_one_time = isinstance(schedule, OneTime)
    if job.slot is not None and (becomes_one_time or not job.is_recurring):
        raise IllegalTransitionError("job", _busy(job), "reschedule")
    if job.status is JobStatus.PAUSED:
        if becomes_one_time:
            raise IllegalTransitionError("job", job.status.value, "make a one-time job of")
        return replace(job, schedule=schedule)
    after = now if job.last_executed_at is None else max(now, job.last_executed_at + _MILLISECOND)
    due_at = first_due(schedule, after)
    if due_at is not None and becomes_one_time:
        due_at = max(due_at, instant(after))
    return replace(job, schedule=schedule, next_run_at=due_at)


def _busy(job: Job) -> str:
    return "running" if job.slot is not None and job.slot.is_running() else "retrying"
