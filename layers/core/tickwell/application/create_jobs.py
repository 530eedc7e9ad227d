"""Accept many jobs in one request, each by itself (S10)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from tickwell.application.arming import first_attempt
from tickwell.application.create_job import CreatedJob, CreateJob, NewJob, Said, Terms
from tickwell.domain.account import Principal
from tickwell.domain.due import DueItem
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

_Valid = tuple[Job, datetime]
_Draft = _Valid | TickwellError
_T = TypeVar("_T", Job, _Valid)


@dataclass(frozen=True, kw_only=True, slots=True)
class CreateJobs:
    """The use case; see ``__call__``."""

    create_job: CreateJob
    step: int = STEP

    def __call__(self, principal: Principal, requests: Sequence[NewJob | TickwellError]) -> list[Outcome]:
        """Accept each of ``requests`` by itself (one that is an error already stays that); outcomes in order.

        Where the quota has no room for all, the first ones are accepted. A due item never waits long for its job,
        because that is done in steps. An UnavailableError among the outcomes leaves open whether that job was accepted.
        """
        clock = self.create_job.clock
        begun_at = clock.now()
        outcomes: list[Outcome] = []
        for at in range(0, len(requests), self.step):
            step = requests[at : at + self.step]
            if clock.now() - begun_at > PATIENCE:
                outcomes += [UnavailableError("store", "it was too slow for so many jobs")] * len(step)
            else:
                outcomes += self._step(principal, step)
        return outcomes

    def _step(self, principal: Principal, requests: Sequence[NewJob | TickwellError]) -> list[Outcome]:
        now = self.create_job.clock.now()
        known: dict[Said, Terms] = {}
        outlines = [self._outline(principal, request, now, known) for request in requests]
        return _where_valid(outlines, lambda jobs: self._when_due(principal, jobs, now))

    def _outline(
        self, principal: Principal, request: NewJob | TickwellError, now: datetime, known: dict[Said, Terms]
    ) -> Job | TickwellError:
        if isinstance(request, TickwellError):
            return request
        try:
            return self.create_job.outline(principal, request, now, known)
        except TickwellError as error:
            return error

    def _when_due(self, principal: Principal, jobs: Sequence[Job], now: datetime) -> list[Outcome]:
        drafts = [self._due(job, now) for job in jobs]
        never = [(job, draft) for job, draft in zip(jobs, drafts, strict=True) if isinstance(draft, TickwellError)]
        refused = iter(self._made_before(never))
        outcomes = _where_valid(drafts, lambda valid: self._within_quota(principal, valid))
        return [
            next(refused) if isinstance(draft, TickwellError) else outcome
            for draft, outcome in zip(drafts, outcomes, strict=True)
        ]

    def _due(self, job: Job, now: datetime) -> _Draft:
        try:
            return job, self.create_job.require_due(job, now)
        except TickwellError as error:
            return error

    def _within_quota(self, principal: Principal, drafts: Sequence[_Valid]) -> list[Outcome]:
        with self.create_job.quotas.places(principal.tenant_id, len(drafts)) as places:
            kept = [self._with_payload_kept(draft) for draft in drafts[: places.granted]]
            outcomes = _where_valid(kept, self._accept)
            places.give_back(sum(map(_is_without_place, drafts, outcomes)))
        refusal = places.refusal
        if refusal is None:
            return outcomes
        return outcomes + self._made_before([(job, refusal) for job, _ in drafts[places.granted :]])

    def _made_before(self, refused: Sequence[tuple[Job, TickwellError]]) -> list[Outcome]:
        """The refusals, but for what an earlier try of the same request made, whose ids are the same."""
        if not refused:
            return []
        try:
            standing = self.create_job.jobs.get_many([job.key for job, _ in refused])
        except UnavailableError as error:
            return [error] * len(refused)
        return [
            CreatedJob(job=_with_content(standing[job.key], job), launched=False) if job.key in standing else refusal
            for job, refusal in refused
        ]

    def _with_payload_kept(self, draft: _Valid) -> _Draft:
        job, due_at = draft
        try:
            return self.create_job.with_payload_kept(job), due_at
        except UnavailableError as error:
            return error

    def _accept(self, drafts: Sequence[_Valid]) -> list[Outcome]:
        try:
            created, launched = self._write(drafts)
        except UnavailableError as error:
            return [error] * len(drafts)
        return [
            UnavailableError("store", "the job could not be written")
            if standing is None
            else CreatedJob(job=standing, launched=launched)
            for standing in created
        ]

    def _write(self, drafts: Sequence[_Valid]) -> tuple[Sequence[Job | None], bool]:
        """The jobs as they stand in the end, None where that is not certain, and whether all was sent for new ones."""
        arming, jobs, now = self.create_job.arming, [job for job, _ in drafts], self.create_job.clock.now()
        with arming.together():
            items = arming.prepare([first_attempt(job, due_at) for job, due_at in drafts], now=now)
            arming.require_fresh(prepared_at=now)
            created = self._create(jobs)
            if created is not None:
                return created, self._launch(items, created)
        standing = self._standing(jobs)
        return standing, self._launch(items, [_if_same(job, found) for job, found in zip(jobs, standing, strict=True)])

    def _launch(self, items: Sequence[DueItem], new: Sequence[Job | None]) -> bool:
        """Send for the jobs that are new and certain to be there; see ``Arming.launch``."""
        certain = [item for item, job in zip(items, new, strict=True) if job is not None]
        return self.create_job.arming.launch(certain, now=self.create_job.clock.now())

    def _create(self, jobs: Sequence[Job]) -> Sequence[Job | None] | None:
        """The jobs, in order, None for those that are not certain to be there; None where others have their ids."""
        try:
            certain = self.create_job.jobs.create_many(jobs)
        except ConflictError:
            return None
        return [job if is_there else None for job, is_there in zip(jobs, certain, strict=True)]

    def _standing(self, jobs: Sequence[Job]) -> Sequence[Job | None]:
        """The same as they stand: ids were derived for a request that is carried out once more, or not to its end."""
        standing = self.create_job.jobs.get_many([job.key for job in jobs])
        return [_with_content(standing[job.key], job) if job.key in standing else None for job in jobs]


def _if_same(job: Job, standing: Job | None) -> Job | None:
    """What stands, unless an earlier try of the request made it."""
    return standing if standing is not None and standing.created_at == job.created_at else None


def _where_valid(
    drafts: Sequence[_T | TickwellError], accept: Callable[[Sequence[_T]], list[Outcome]]
) -> list[Outcome]:
    """What ``accept`` makes of those that are valid; those that are not stay what they are, in order."""
    valid = [draft for draft in drafts if not isinstance(draft, TickwellError)]
    accepted = iter(accept(valid) if valid else ())
    return [draft if isinstance(draft, TickwellError) else next(accepted) for draft in drafts]


def _is_without_place(draft: _Valid, outcome: Outcome) -> bool:
    """Whether the job was there before; what is uncertain may have been created."""
    return isinstance(outcome, CreatedJob) and outcome.job.created_at != draft[0].created_at


def _with_content(standing: Job, job: Job) -> Job:
    return replace(standing, description=job.description, payload=job.payload, payload_blob=job.payload_blob)
