"""What the routes of dead letters take and give."""

from typing import Annotated, Any

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.dead_letters import Retried
from tickwell.domain.dead_letter import AttemptError, DeadLetter, DeadLetterFilter
from tickwell.domain.instant import iso
from tickwell.http.bulk_bodies import BulkChoiceRequest, BulkFilter
from tickwell.http.instants import Instant, iso_or_none
from tickwell.http.job_bodies import JobPolicyBody
from tickwell.http.paging import Pagination

_Word = Annotated[str, Field(min_length=1, max_length=255)]


class DeadLetterChoice(BulkFilter):
    """Which dead letters are meant: all that match every field that is given, of which there must be one."""

    task: _Word | None = None
    job_id: _Word | None = None
    queue: _Word | None = None
    error_code: _Word | None = None
    failed_after: Instant | None = Field(default=None, description="At this instant or later.")
    failed_before: Instant | None = Field(default=None, description="Before this instant.")
    retried: bool | None = Field(default=None, description="Only those that were retried, or that were not.")

    def to_filter(self) -> DeadLetterFilter:
        """What the use case takes."""
        return DeadLetterFilter(
            task=self.task,
            job_id=self.job_id,
            queue=self.queue,
            error_code=self.error_code,
            failed_after=self.failed_after,
            failed_before=self.failed_before,
            retried=self.retried,
        )


class DeadLettersBulkRequest(BulkChoiceRequest):
    """Which to retry or delete: exactly one of `filter` and `"all": true`. With `dry_run` they are only counted."""

    filter: DeadLetterChoice | None = None

    def to_filter(self) -> DeadLetterFilter:
        """What the use case takes. Raises InvalidInputError where nothing is chosen, or twice."""
        self.require_choice()
        return DeadLetterFilter() if self.filter is None else self.filter.to_filter()


class AttemptErrorBody(TypedDict):
    """How one attempt ended; its execution has the whole message."""

    attempt: int
    status: str
    error_code: str | None
    error_message: str | None
    at: str


class DeadLetterBody(TypedDict):
    """An occurrence that will not be tried again, and why. ``retried_as`` is the newest job that was made of it."""

    id: str
    job_id: str | None
    job_name: str | None
    task: str | None
    queue: str | None
    priority: str | None
    due_at: str | None
    attempts: int
    reason: str
    error_code: str | None
    error_message: str | None
    first_attempt_at: str | None
    failed_at: str
    retried_at: str | None
    retried_as: str | None


class DeadLetterDetailBody(DeadLetterBody):
    """The same with the payload and with what its attempts met.

    ``payload_kept`` false: the payload was not kept (an old record), or is gone. ``errors`` holds, of more than 12
    attempts, the first one and the last ones.
    """

    tags: list[str]
    payload: Any
    payload_kept: bool
    errors: list[AttemptErrorBody]


class DeadLetterListBody(TypedDict):
    """A page of dead letters, newest occurrence first."""

    dead_letters: list[DeadLetterBody]
    pagination: Pagination


class RetriedBody(TypedDict):
    """The job that was made of a dead letter; its ``retry_of`` names the dead letter."""

    id: str
    retried_at: str | None
    retried_as: str | None
    job: JobPolicyBody


class DeletedDeadLetterBody(TypedDict):
    """A dead letter that is no more."""

    id: str


def dead_letter_body(letter: DeadLetter) -> DeadLetterBody:
    """``letter`` as listings show it."""
    return DeadLetterBody(
        id=letter.dead_letter_id,
        job_id=letter.job_id,
        job_name=letter.job_name,
        task=letter.task,
        queue=letter.queue_name,
        priority=None if letter.lane is None else letter.lane.value,
        due_at=iso_or_none(letter.due_at),
        attempts=letter.attempts,
        reason=letter.reason,
        error_code=letter.error_code,
        error_message=letter.error_message,
        first_attempt_at=iso_or_none(letter.first_attempt_at),
        failed_at=iso(letter.failed_at),
        retried_at=iso_or_none(letter.retried_at),
        retried_as=letter.retried_as,
    )


def dead_letter_detail(letter: DeadLetter) -> DeadLetterDetailBody:
    """All of ``letter``, whose payload was loaded."""
    return DeadLetterDetailBody(
        **dead_letter_body(letter),
        tags=list(letter.tags),
        payload=letter.payload,
        payload_kept=letter.payload_kept,
        errors=[_error(error) for error in letter.errors],
    )


def retried_body(retried: Retried, job: JobPolicyBody) -> RetriedBody:
    """Both ends of the link."""
    letter = retried.letter
    return RetriedBody(
        id=letter.dead_letter_id, retried_at=iso_or_none(letter.retried_at), retried_as=letter.retried_as, job=job
    )


def _error(error: AttemptError) -> AttemptErrorBody:
    return AttemptErrorBody(
        attempt=error.attempt,
        status=error.status.value,
        error_code=error.code,
        error_message=error.message,
        at=iso(error.at),
    )
