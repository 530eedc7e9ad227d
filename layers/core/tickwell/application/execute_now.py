"""One extra execution of a job, now, beside its schedule (C15)."""

from dataclasses import dataclass

from tickwell.application.arming import Arming, first_attempt
from tickwell.application.create_job import CreatedJob
from tickwell.application.ports import Clock, Ids, JobStore
from tickwell.application.queue_directory import QueueDirectory
from tickwell.domain.account import Principal
from tickwell.domain.child import child
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.instant import from_epoch_ms

_INSTANT_DIGITS, _MARK_DIGITS = 12, 8
"""What of a UUIDv7 becomes part of the child's id: its instant, and digits of its random part."""


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
        will run even if everything crashes. A child belongs to its job and takes no place in the quota of jobs. A long
        payload that lies in the blob store is shared. The child's id comes from the id source, so that a request that
        is carried out once more makes the same child.

        Raises NotFoundError, IllegalTransitionError (deleted), UnavailableError or StaleDueItemError (nothing was
        accepted).
        """
        parent = self.jobs.get(principal.tenant_id, job_id)
        now = self.clock.now()
        if self.directory.hides(parent, now):
            raise NotFoundError("job", job_id)
        identity = self.ids.new().replace("-", "")
        asked_at = from_epoch_ms(int(identity[:_INSTANT_DIGITS], 16))
        made = child(parent, asked_at, mark=identity[-_MARK_DIGITS:], now=now)
        items = self.arming.prepare([first_attempt(made, made.created_at)], now=now)
        self.arming.require_fresh(prepared_at=now)
        try:
            self.jobs.create(made)
        except ConflictError:
            # An earlier try of the same request came this far, and the parent was changed in between.
            return CreatedJob(job=self.jobs.get(made.tenant_id, made.job_id), launched=False)
        return CreatedJob(job=made, launched=self.arming.launch(items, now=self.clock.now()))
