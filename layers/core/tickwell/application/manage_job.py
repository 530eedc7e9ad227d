"""Read, list, pause, resume and delete jobs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.application.arming import Arming, attempt_message, first_attempt
from tickwell.application.claim_check import load_payload
from tickwell.application.ports import BlobStore, Clock, JobStore, Page
from tickwell.domain.account import Principal
from tickwell.domain.due import DueItem
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.execution import require_page_limit
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage

_TRIES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class GetJob:
    """One job with its payload."""

    jobs: JobStore
    blobs: BlobStore

    def __call__(self, principal: Principal, job_id: str) -> Job:
        """Raises NotFoundError. A deleted job is returned, for its history's sake."""
        job = self.jobs.get(principal.tenant_id, job_id)
        return replace(job, payload=load_payload(self.blobs, job.payload, job.payload_blob), payload_blob=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class ListJobs:
    """The tenant's jobs, newest first."""

    jobs: JobStore

    def __call__(self, principal: Principal, *, limit: int, cursor: str | None) -> Page[Job]:
        """Raises InvalidInputError for ``limit`` (1 to 100) and ``cursor``."""
        return self.jobs.list_jobs(principal.tenant_id, limit=require_page_limit(limit), cursor=cursor)


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeJob:
    """Edits race with claims and other edits: read, change, write on condition, and again if somebody was faster."""

    jobs: JobStore
    arming: Arming
    clock: Clock
    retention: timedelta

    def pause(self, principal: Principal, job_id: str) -> Job:
        """Raises NotFoundError, IllegalTransitionError (not active, not recurring), ConflictError."""
        return self._change(principal, job_id, lambda job, now: job.pause(now))

    def resume(self, principal: Principal, job_id: str) -> Job:
        """Arm the next occurrence after now, and a retry that was waiting. Raises as ``pause``."""
        return self._change(principal, job_id, lambda job, now: job.resume(now))

    def delete(self, principal: Principal, job_id: str) -> Job:
        """End it; what runs is cancelled, and recorded as that. Raises NotFoundError, also for a deleted one."""
        return self._change(principal, job_id, self._deleted)

    def _deleted(self, job: Job, now: datetime) -> Job:
        if job.status is JobStatus.DELETED:
            raise NotFoundError("job", job.job_id)
        return job.delete(now, expires_at=now + self.retention)

    def _change(self, principal: Principal, job_id: str, edit: Callable[[Job, datetime], Job]) -> Job:
        for _ in range(_TRIES):
            read = self.jobs.get(principal.tenant_id, job_id)
            now = self.clock.now()
            changed = edit(read, now)
            items = self._prepare(changed, now)
            if self.jobs.replace(changed, read=read):
                self._launch(changed, read, items)
                return changed
        raise ConflictError("the job is being changed by somebody else; please try again")

    def _prepare(self, changed: Job, now: datetime) -> tuple[DueItem, ...]:
        items = self.arming.prepare(_messages(changed, now), now=now)
        self.arming.require_fresh(prepared_at=now)
        return items

    def _launch(self, changed: Job, read: Job, items: tuple[DueItem, ...]) -> None:
        self.arming.launch(items, now=self.clock.now())
        if read.next_run_at is not None and read.next_run_at != changed.next_run_at:
            self.arming.disarm(first_attempt(read, read.next_run_at))


def _messages(job: Job, now: datetime) -> list[JobMessage]:
    """What an edited job waits for: its next occurrence, and the retry in its slot."""
    messages = []
    if job.status is JobStatus.ACTIVE and job.next_run_at is not None:
        messages.append(first_attempt(job, job.next_run_at))
    slot = job.slot
    if job.status is JobStatus.ACTIVE and slot is not None and not slot.is_running():
        messages.append(attempt_message(job, due_at=slot.due_at, attempt=slot.attempt, run_at=now))
    return messages
