"""Accept many jobs in one request, each by itself (S10)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.application.arming import first_attempt
from tickwell.application.create_job import CreatedJob, CreateJob, NewJob
from tickwell.domain.account import Principal
from tickwell.domain.errors import ConflictError, TickwellError, UnavailableError
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
            created = self._create([job for job, _ in drafts])
        except UnavailableError as error:
            return [error] * len(drafts)
        new = [
            item
            for item, (job, _), standing in zip(items, drafts, created, strict=True)
            if standing is not None and standing.created_at == job.created_at
        ]
        launched = arming.launch(new, now=clock.now())
        return [
            UnavailableError("store", "the job could not be written")
            if standing is None
            else CreatedJob(job=standing, launched=launched)
            for standing in created
        ]

    def _create(self, jobs: Sequence[Job]) -> list[Job | None]:
        """The jobs as they stand, in order; None for those that are not certain to be there.

        Where ids were derived for a request that is carried out once more, some may be there from an earlier try.
        """
        store = self.create_job.jobs
        try:
            certain = store.create_many(jobs)
        except ConflictError:
            standing = store.get_many([job.key for job in jobs])
            return [_with_content(standing[job.key], job) if job.key in standing else None for job in jobs]
        return [job if is_there else None for job, is_there in zip(jobs, certain, strict=True)]


def _with_content(standing: Job, job: Job) -> Job:
    return replace(standing, description=job.description, payload=job.payload, payload_blob=job.payload_blob)
