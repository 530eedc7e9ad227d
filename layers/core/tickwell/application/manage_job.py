"""Read, pause, resume, cancel, retry and delete jobs."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.application.arming import DIRECT_HORIZON, Arming, first_attempt, slot_message
from tickwell.application.claim_check import load_payload
from tickwell.application.ended_jobs import EndedJobs
from tickwell.application.leave_out import LeaveOut
from tickwell.application.ports import BlobStore, CallerKeys, Clock, History, JobStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.recover import Recover
from tickwell.domain.account import Principal
from tickwell.domain.accounting import left_out_by
from tickwell.domain.due import DueItem
from tickwell.domain.errors import ConflictError, NotFoundError, UnavailableError
from tickwell.domain.execution import Execution, RunningExecution, running_execution
from tickwell.domain.job import ENDS_ATTEMPT, Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import MAX_LOSSES

_TRIES = 5
_log = logging.getLogger("tickwell")


class JobAction(StrEnum):
    """What members can do to a job, or to many."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    RETRY = "retry"
    DELETE = "delete"


@dataclass(frozen=True, kw_only=True, slots=True)
class JobDetail:
    """A job with its payload, and the attempts of its newest occurrence, first one first."""

    job: Job
    attempts: tuple[Execution | RunningExecution, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class GetJob:
    """One job with its payload and its latest attempts."""

    jobs: JobStore
    directory: QueueDirectory
    history: History
    blobs: BlobStore
    clock: Clock

    def __call__(self, principal: Principal, job_id: str) -> JobDetail:
        """Raises NotFoundError, also for what is past the number that its queue keeps.

        A deleted job is returned, for its history's sake.
        """
        job = self.jobs.get(principal.tenant_id, job_id)
        if self.directory.hides(job, self.clock.now()):
            raise NotFoundError("job", job_id)
        whole = replace(job, payload=load_payload(self.blobs, job.payload, job.payload_blob), payload_blob=None)
        return JobDetail(job=whole, attempts=self._attempts(job))

    def _attempts(self, job: Job) -> tuple[Execution | RunningExecution, ...]:
        """One query, for as many records as an occurrence of this job may have."""
        most = job.policy.max_retries + 1 + MAX_LOSSES
        page = self.history.list_executions(job.tenant_id, job.job_id, limit=most, cursor=None)
        found: list[Execution | RunningExecution] = list(page.items)
        running = running_execution(job)
        if running is not None and running.execution_id not in {execution.execution_id for execution in found}:
            found.insert(0, running)
        return tuple(reversed([execution for execution in found if execution.due_at == found[0].due_at]))


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeJob:
    """Edits race with claims and other edits: read, change, write on condition, and again if somebody was faster."""

    jobs: JobStore
    arming: Arming
    ended_jobs: EndedJobs
    caller_keys: CallerKeys
    leave_out: LeaveOut
    recover: Recover
    clock: Clock
    retention: timedelta

    def pause(self, principal: Principal, job_id: str) -> Job:
        """Raises NotFoundError, IllegalTransitionError (not active, not recurring), ConflictError."""
        return self._do(JobAction.PAUSE, principal, job_id)

    def resume(self, principal: Principal, job_id: str) -> Job:
        """Arm the next occurrence after now, and a retry that was waiting. Raises as ``pause``.

        A job whose schedule is over by then is completed instead.
        """
        return self._do(JobAction.RESUME, principal, job_id)

    def cancel(self, principal: Principal, job_id: str) -> Job:
        """End it: what waits is given up at once, what runs is told to end, and its record says how it did.

        Raises NotFoundError, IllegalTransitionError (neither active nor paused), ConflictError.
        """
        return self._do(JobAction.CANCEL, principal, job_id)

    def retry(self, principal: Principal, job_id: str) -> Job:
        """Take up a job that has ended, as a new occurrence: due now, or for a recurring job the next one.

        Raises NotFoundError, IllegalTransitionError (not ended, or still running), ConflictError.
        """
        return self._do(JobAction.RETRY, principal, job_id)

    def delete(self, principal: Principal, job_id: str) -> Job:
        """End it; what runs is cancelled, and recorded as that. Raises NotFoundError, also for a deleted one."""
        return self._do(JobAction.DELETE, principal, job_id)

    def edit(self, action: JobAction, job: Job, now: datetime) -> Job:
        """What ``action`` makes of ``job``; nothing is written. Raises IllegalTransitionError, NotFoundError."""
        match action:
            case JobAction.PAUSE:
                return job.pause(now)
            case JobAction.RESUME:
                return job.resume(now)
            case JobAction.CANCEL:
                return job.cancel(now, expires_at=now + self.retention)
            case JobAction.RETRY:
                return job.retry(now)
            case JobAction.DELETE:
                if job.status is JobStatus.DELETED:
                    raise NotFoundError("job", job.job_id)
                return job.delete(now, expires_at=now + self.retention)

    def change(self, principal: Principal, job_id: str, edit: Callable[[Job, datetime], Job]) -> Job:
        """Write what ``edit`` makes of the job as it stands; the job itself: nothing is to be written.

        Raises as ``edit`` does, NotFoundError, ConflictError.
        """
        for _ in range(_TRIES):
            read = self.jobs.get(principal.tenant_id, job_id)
            now = self.clock.now()
            changed = edit(read, now)
            if changed is read:
                return read
            changed = changed.completed_if_over(expires_at=now + self.retention)
            if read.has_ended and changed.status is not read.status:
                self.ended_jobs.forget(read)
            self.leave_out(read, left_out_by(read, changed, now), now=now)
            items = self._prepare(changed, read, now)
            if self.jobs.replace(changed, read=read):
                self._launch(changed, read, items)
                self._free_key(changed)
                return self._without_outside(changed)
        raise ConflictError("the job is being changed by somebody else; please try again")

    def _do(self, action: JobAction, principal: Principal, job_id: str) -> Job:
        return self.change(principal, job_id, lambda job, now: self.edit(action, job, now))

    def _free_key(self, job: Job) -> None:
        """A deleted job's key is free in any case: whoever meets it there takes it. This only tidies up."""
        if job.status is JobStatus.DELETED and job.caller_key is not None:
            with suppress(UnavailableError):
                self.caller_keys.release(job.tenant_id, job.caller_key, job.job_id)

    def _prepare(self, changed: Job, read: Job, now: datetime) -> tuple[DueItem, ...]:
        if changed.is_kept_in_vain and changed.slot is not None:  # should this process die before it has ended that
            self.arming.look_after(changed, changed.slot, at=now)
        items = self.arming.prepare(_messages(changed, read, now), now=now)
        self.arming.require_fresh(prepared_at=now)
        return items

    def _without_outside(self, changed: Job) -> Job:
        """End the attempt of a job that does not want it any more, if it goes on outside: no worker will see to it.

        What was read before the change may be out of date: a worker that lets go of it later sees the change itself.
        Where that fails, the safety sync makes it up, as the job is changed already.
        """
        if changed.status not in ENDS_ATTEMPT or changed.slot is None:
            return changed
        try:
            standing = self.jobs.get_many([changed.key]).get(changed.key)
            if standing is None or not standing.is_kept_in_vain or not self.recover([standing]):
                return changed
        except UnavailableError as error:
            extra = {"action": "outside.kept", "job_id": changed.job_id, "service": error.service}
            _log.warning("an attempt that goes on outside could not be ended yet", extra=extra)
            return changed
        return replace(changed, slot=None)

    def _launch(self, changed: Job, read: Job, items: tuple[DueItem, ...]) -> None:
        now = self.clock.now()
        self.arming.launch(items, now=now)
        for message in _outdated(changed, read, now):
            self.arming.disarm(message)


def _outdated(job: Job, read: Job, now: datetime) -> list[JobMessage]:
    """What was armed for ``read`` and is of no use any more: its next occurrence, for versions differ, and the slot's.

    When what waits in the slot is to start is not written in the job: it may be far away.
    """
    messages = []
    if read.next_run_at is not None:
        messages.append(first_attempt(read, read.next_run_at))
    slot = read.slot
    if slot is not None and not slot.is_running() and (job.slot is None or job.status is JobStatus.PAUSED):
        messages.append(slot_message(read, slot, now + DIRECT_HORIZON))
    return messages


def _messages(job: Job, read: Job, now: datetime) -> list[JobMessage]:
    """What an edit of ``read`` must arm: the next occurrence, for its version is a new one, and on a resume the retry.

    What waits in the slot of a job that was active has its message already, whatever the version.
    """
    messages = []
    if job.status is JobStatus.ACTIVE and job.next_run_at is not None:
        messages.append(first_attempt(job, job.next_run_at))
    slot, goes_on = job.slot, job.status is JobStatus.ACTIVE and read.status is not JobStatus.ACTIVE
    if goes_on and slot is not None and not slot.is_running():
        messages.append(slot_message(job, slot, now))
    return messages
