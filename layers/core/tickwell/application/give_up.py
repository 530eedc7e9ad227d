"""Dead letters: written when an occurrence is given up, with the payload and with what all its attempts met."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from tickwell.application.claim_check import encode
from tickwell.application.ports import BlobStore, History, JobStore
from tickwell.domain.dead_letter import LONGEST_ERROR, DeadLetter, error_trail
from tickwell.domain.errors import NotFoundError, UnavailableError
from tickwell.domain.execution import Execution, OccurrenceKey
from tickwell.domain.job import Job
from tickwell.domain.retry import GiveUp

LARGEST_INLINE_BYTES = 4 * 1024
"""Up to this size, as JSON, the payload lies in the dead letter; a larger one in the blob store."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GivenUp:
    """The last attempt of an occurrence. ``has_payload``: ``job`` was read with its payload."""

    job: Job
    execution: Execution
    decision: GiveUp
    has_payload: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class WriteDeadLetters:
    """The use case; see ``__call__``."""

    jobs: JobStore
    history: History
    blobs: BlobStore

    def __call__(self, given_up: Sequence[GivenUp]) -> None:
        """Put each dead letter, if there is none of its occurrence yet. Raises UnavailableError; may be repeated.

        A bucket that fails costs the copy of a large payload, and never the dead letter.
        """
        if given_up:
            self.history.put_dead_letters([self._letter(one) for one in given_up])

    def _letter(self, one: GivenUp) -> DeadLetter:
        execution = one.execution
        letter = dead_letter(one.job, execution, one.decision, self._attempts(execution))
        if one.has_payload:
            return self._with_payload(letter, one.job)
        with suppress(NotFoundError):
            return self._with_payload(letter, self.jobs.get(one.job.tenant_id, one.job.job_id))
        return letter

    def _attempts(self, last: Execution) -> Sequence[Execution]:
        """All attempts of the occurrence, first one first."""
        if last.attempt == 1:
            return [last]
        earlier = self.history.attempts_at(OccurrenceKey(job=last.job_key, due_at=last.due_at))
        return [*(attempt for attempt in earlier if attempt.attempt < last.attempt), last]

    def _with_payload(self, letter: DeadLetter, job: Job) -> DeadLetter:
        if job.payload_blob is not None:
            return replace(letter, payload_kept=True, payload_blob=job.payload_blob)
        data = encode(job.payload)
        if len(data) <= LARGEST_INLINE_BYTES:
            return replace(letter, payload_kept=True, payload=job.payload)
        name = payload_copy(letter)
        try:
            self.blobs.put(name, data, content_type="application/json")
        except UnavailableError:
            return letter
        return replace(letter, payload_kept=True, payload_blob=name)


def payload_copy(letter: DeadLetter) -> str:
    """The blob that holds the copy of a payload that is too large for the dead letter, and not in a blob already."""
    return f"tenants/{letter.tenant_id}/dead-letters/{letter.dead_letter_id}.json"


def dead_letter(job: Job, execution: Execution, decision: GiveUp, attempts: Sequence[Execution]) -> DeadLetter:
    """The dead letter of the occurrence that ``execution`` was the last of ``attempts`` of, without the payload.

    It lives as long as the record of that attempt.
    """
    occurrence = OccurrenceKey(job=execution.job_key, due_at=execution.due_at)
    failure = execution.failure
    return DeadLetter(
        tenant_id=execution.tenant_id,
        dead_letter_id=occurrence.idempotency_key,
        job_id=execution.job_id,
        job_name=job.name,
        user_id=job.user_id,
        task=job.task,
        due_at=execution.due_at,
        attempts=execution.attempt,
        reason=decision.reason,
        error_code=None if failure is None else failure.code,
        error_message=None if failure is None else failure.message[:LONGEST_ERROR],
        failed_at=execution.finished_at,
        expires_at=execution.expires_at,
        queue=job.queue,
        lane=job.lane,
        policy=job.policy,
        tags=job.tags,
        traceparent=job.traceparent,
        first_attempt_at=attempts[0].started_at,
        errors=error_trail(attempts),
    )
