"""Dead letters: make new jobs of them, or delete them (Q5)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from tickwell.application.arming import Arming, first_attempt
from tickwell.application.claim_check import load_payload, store_payload
from tickwell.application.give_up import payload_copy
from tickwell.application.ports import BlobStore, Clock, History, Ids, JobStore
from tickwell.application.quotas import Quotas
from tickwell.application.task import TaskRegistry
from tickwell.domain.account import Principal
from tickwell.domain.dead_letter import DeadLetter, DeadLetterFilter
from tickwell.domain.errors import ConflictError, IllegalTransitionError, NotFoundError, StaleDueItemError
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import OneTime

_TRIES = 5

_TO_BE_FINISHED = timedelta(minutes=4)
"""A mark without its job is finished within this time; later that job may have been there, and have expired."""

_TO_BE_MADE = timedelta(minutes=5)
"""Nobody makes the job of a mark that is older than this: another one may have been marked instead."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retried:
    """The dead letter with its mark, and the job that was made of it. ``launched``: see ``CreatedJob``."""

    letter: DeadLetter
    job: Job
    launched: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class RetryDeadLetter:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    arming: Arming
    registry: TaskRegistry
    blobs: BlobStore
    clock: Clock
    ids: Ids
    quotas: Quotas

    def __call__(self, principal: Principal, dead_letter_id: str, *, again: bool = True) -> Retried:
        """Run what was given up again, as a new one-time job that is due now; both are linked.

        The mark comes first, with the id that the job will have, then due item, job and message: whoever soon finds a
        mark without its job makes that very job, so that a crash between the two costs nothing and doubles nothing.
        ``again`` False refuses what was retried before, whatever became of it. A mark takes a place in the quota of
        jobs; the job of a mark that is there is made in any case.

        Raises NotFoundError, IllegalTransitionError (as ``require_retryable``), InvalidInputError (there is no such
        task any more), QuotaExceededError, ConflictError, UnavailableError, StaleDueItemError.
        """
        job_id = self.ids.new()
        for _ in range(_TRIES):
            letter = self.history.get_dead_letter(principal.tenant_id, dead_letter_id)
            if letter.retried_as == job_id and (made := self._made(letter)) is not None:
                return made
            unfinished = self.require_retryable(letter, again=again)
            payload = self._payload(letter)
            if unfinished:
                return self._make(letter, payload)
            with self.quotas.places(principal.tenant_id, 1) as places:
                if places.refusal is not None:
                    raise places.refusal
                marked = self._mark(letter, job_id)
                if marked is not None:
                    return self._make(marked, payload)
                places.give_back()
        raise ConflictError("the dead letter is being retried by somebody else; please try again")

    def require_retryable(self, letter: DeadLetter, *, again: bool) -> bool:
        """Whether an earlier retry of ``letter`` was marked, and its job is still to be made.

        Raises IllegalTransitionError where there is no job to make it of, while the job of the last retry has not
        ended, and, with ``again`` False, where there was one. Raises InvalidInputError for a task that is gone.
        """
        if letter.task is None or letter.user_id is None:
            raise IllegalTransitionError("dead letter", "of no job", "retry")
        self.registry.get(letter.task)
        if letter.retried_as is None or letter.retried_at is None:
            return False
        try:
            job = self.jobs.get(letter.tenant_id, letter.retried_as)
        except NotFoundError:
            if self.clock.now() < letter.retried_at + _TO_BE_FINISHED:
                return True
            if not again:
                raise IllegalTransitionError("dead letter", "retried, as a job that is gone", "retry") from None
            return False
        if not job.has_ended:
            raise IllegalTransitionError("dead letter", "being retried", "retry")
        if not again:
            raise IllegalTransitionError("dead letter", "retried already", "retry")
        return False

    def _made(self, letter: DeadLetter) -> Retried | None:
        """What an earlier try of the same request made; its id was derived. None when it did not come this far."""
        try:
            job = self.jobs.get(letter.tenant_id, str(letter.retried_as))
        except NotFoundError:
            return None
        return Retried(letter=letter, job=job, launched=False)

    def _mark(self, letter: DeadLetter, job_id: str) -> DeadLetter | None:
        """``letter`` with a new mark; None when somebody else was faster."""
        now = self.clock.now()
        done = self.history.mark_retried(
            letter.tenant_id, letter.dead_letter_id, job_id=job_id, at=now, earlier=letter.retried_as
        )
        return replace(letter, retried_as=job_id, retried_at=now) if done else None

    def _make(self, letter: DeadLetter, payload: Any) -> Retried:
        """Make the job that the mark names; everything in it comes from the dead letter, whoever makes it."""
        job = self._job(letter, payload)
        now = self.clock.now()
        if now > job.created_at + _TO_BE_MADE:
            raise StaleDueItemError
        items = self.arming.prepare([first_attempt(job, job.created_at)], now=now)
        self.arming.require_fresh(prepared_at=now)
        self.jobs.create(job)
        return Retried(letter=letter, job=job, launched=self.arming.launch(items, now=self.clock.now()))

    def _job(self, letter: DeadLetter, payload: Any) -> Job:
        job_id, at = _mark_of(letter)
        task = str(letter.task)
        payload, payload_blob = store_payload(self.blobs, letter.tenant_id, job_id, payload)
        return Job(
            tenant_id=letter.tenant_id,
            job_id=job_id,
            version=1,
            user_id=str(letter.user_id),
            name=letter.job_name or task,
            task=task,
            payload=payload,
            payload_blob=payload_blob,
            schedule=OneTime(at=at, immediate=True),
            lane=letter.lane or Lane.MEDIUM,
            queue=letter.queue,
            policy=(letter.policy or self.registry.get(task).policy).for_child,
            tags=letter.tags,
            traceparent=letter.traceparent,
            retry_of=letter.dead_letter_id,
            next_run_at=at,
            created_at=at,
            updated_at=at,
        )

    def _payload(self, letter: DeadLetter) -> Any:
        """The payload that was kept, or else the one that the job still has."""
        try:
            if letter.payload_kept:
                return load_payload(self.blobs, letter.payload, letter.payload_blob)
            job = self.jobs.get(letter.tenant_id, str(letter.job_id))
            return load_payload(self.blobs, job.payload, job.payload_blob)
        except NotFoundError as error:
            raise IllegalTransitionError("dead letter", "without its payload", "retry") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteDeadLetter:
    """The use case; see ``__call__``."""

    history: History
    blobs: BlobStore

    def __call__(self, principal: Principal, dead_letter_id: str, chosen: DeadLetterFilter | None = None) -> DeadLetter:
        """Forget it, with its copy of the payload. Jobs that were made of it stay. Raises NotFoundError.

        ``chosen`` is looked at again, since a dead letter may be retried after it was listed: IllegalTransitionError
        where it matches no more. A retry within the milliseconds from here to the deletion keeps its job only.
        """
        letter = self.history.get_dead_letter(principal.tenant_id, dead_letter_id)
        if chosen is not None and not chosen.matches(letter):
            raise IllegalTransitionError("dead letter", "no longer what the filter chose", "delete")
        if letter.payload_blob == payload_copy(letter):
            self.blobs.delete(letter.payload_blob)
        self.history.delete_dead_letter(principal.tenant_id, dead_letter_id)
        return letter


def _mark_of(letter: DeadLetter) -> tuple[str, datetime]:
    if letter.retried_as is None or letter.retried_at is None:
        raise ValueError("only a marked dead letter names the job to make")
    return letter.retried_as, letter.retried_at
