"""One extra execution of a job, now, beside its schedule (C15)."""

from dataclasses import dataclass

from tickwell.application.arming import Arming, first_attempt
from tickwell.application.create_job import CreatedJob
from tickwell.application.ports import Clock, Ids, JobStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.account import Principal
from tickwell.domain.child import child
from tickwell.domain.errors import NotFoundError

_MARK_DIGITS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class ExecuteNow:
    """The use case; see ``__call__``."""

    jobs: JobStore
    directory: QueueDirectory
    arming: Arming
    clock: Clock
    ids: Ids

    def __call__(self, principal: Principal, job_id: str) -> CreatedJob:
        """The child that runs the job as it stands, whatever its status is, and whatever it is busy with.

        The job itself is not written. Due item, child, message, in this order (rule 1): when this returns, the child
        will run even if everything crashes. A long payload that lies in the blob store is shared.

        Raises NotFoundError, IllegalTransitionError (deleted), UnavailableError or StaleDueItemError (nothing was
        accepted).
        """
        parent = self.jobs.get(principal.tenant_id, job_id)
        now = self.clock.now()
        if self.directory.hides(parent, now):
            raise NotFoundError("job", job_id)
        made = child(parent, now, mark=self.ids.token()[:_MARK_DIGITS])
        items = self.arming.prepare([first_attempt(made, made.created_at)], now=now)
        self.arming.require_fresh(prepared_at=now)
        self.jobs.create(made)
        return CreatedJob(job=made, launched=self.arming.launch(items, now=self.clock.now()))
