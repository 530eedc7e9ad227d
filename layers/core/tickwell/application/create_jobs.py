"""Accept many jobs in one request, each by itself (S10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.arming import first_attempt
from tickwell.application.create_job import CreatedJob, CreateJob, NewJob
from tickwell.domain.account import Principal
from tickwell.domain.errors import TickwellError, UnavailableError
from tickwell.domain.job import Job

MOST_JOBS = 1000
"""As many jobs may be in one request."""

STEP = 100
"""So many jobs are written together: their due items, then they themselves, then their messages."""

PATIENCE = timedelta(seconds=12)
"""Nothing is begun later than this after the request: the API has 20 seconds."""

Outcome = CreatedJob | TickwellError
"""The accepted job, or why it was not accepted."""

_Draft = tuple[Job, datetime] | TickwellError


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateJobs:
    """The use case; see ``__call__``."""

    create_job: CreateJob

    def __call__(self, principal: Principal, requests: Sequence[NewJob | TickwellError]) -> list[Outcome]:
        """Accept each of ``requests`` by itself (one that is an error already stays that); outcomes in order.

        A due item never waits long for its job, because that is done in steps. An UnavailableError among the outcomes
        leaves open whether that job was accepted.
        """
        clock = self.create_job.clock
        begun_at = clock.now()
        outcomes: list[Outcome] = []
        for at in range(0, len(requests), STEP):
            step = requests[at : at + STEP]
            if clock.now() - begun_at > PATIENCE:
                outcomes += [UnavailableError("store", "it was too slow for so many jobs")] * len(step)
            else:
                outcomes += self._step(principal, step)
        return outcomes

    def _step(self, principal: Principal, requests: Sequence[NewJob | TickwellError]) -> list[Outcome]:
        now = self.create_job.clock.now()
        drafts = [self._draft(principal, request, now) for request in requests]
        valid = [draft for draft in drafts if not isinstance(draft, TickwellError)]
        accepted = iter(self._accept(valid))
        return [draft if isinstance(draft, TickwellError) else next(accepted) for draft in drafts]

    def _draft(self, principal: Principal, request: NewJob | TickwellError, now: datetime) -> _Draft:
        if isinstance(request, TickwellError):
            return request
        try:
            return self.create_job.draft(principal, request, now)
        except TickwellError as error:
            return error

    def _accept(self, drafts: Sequence[tuple[Job, datetime]]) -> list[Outcome]:
        if not drafts:
            return []
        arming, clock = self.create_job.arming, self.create_job.clock
        now = clock.now()
        try:
            items = arming.prepare([first_attempt(job, due_at) for job, due_at in drafts], now=now)
            arming.require_fresh(prepared_at=now)
            certain = self.create_job.jobs.create_many([job for job, _ in drafts])
        except UnavailableError as error:
            return [error] * len(drafts)
        written = [item for item, is_there in zip(items, certain, strict=True) if is_there]
        launched = arming.launch(written, now=clock.now())
        return [
            CreatedJob(job=job, launched=launched)
            if is_there
            else UnavailableError("store", "the job could not be written")
            for (job, _), is_there in zip(drafts, certain, strict=True)
        ]
