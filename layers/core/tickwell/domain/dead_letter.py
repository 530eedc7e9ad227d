"""Dead letters: the record of an occurrence that will not be tried again, with all that led there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.lane import Lane
from tickwell.domain.queue import effective_queue
from tickwell.domain.retry import Policy

OPERATOR_TENANT = "operator"
"""Dead letters that belong to no tenant (unreadable messages) are the operator's."""

MOST_ERRORS = 12
"""Of more attempts than this, a dead letter lists the first one and the last ones."""

LONGEST_ERROR = 500
"""Characters of an error's message in a dead letter; the execution has all of it."""

_ERRORS_BYTES = 2400
_ERROR_OVERHEAD_BYTES = 90
_LONGEST_CODE = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptError:
    """How one attempt of the occurrence ended, at ``at``; code and message are None where the record has none."""

    attempt: int
    status: ExecutionStatus
    code: str | None
    message: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """What is known of an occurrence that was given up, or of a message that could not be read (``body`` is set then).

    ``dead_letter_id`` is derived from the occurrence (or from the message), so that it is recorded once.
    ``payload_kept`` says that the job's payload is known: as ``payload``, or in the blob store under ``payload_blob``.
    ``policy``, ``lane``, ``queue``, ``tags`` and ``traceparent`` are the job's; records of earlier releases have none.
    ``retried_as`` is the newest job that was made of it, at ``retried_at``.
    """

    tenant_id: str
    dead_letter_id: str
    job_id: str | None
    job_name: str | None
    user_id: str | None
    task: str | None
    due_at: datetime | None
    attempts: int
    reason: str
    error_code: str | None
    error_message: str | None
    body: str | None = None
    failed_at: datetime
    expires_at: datetime
    queue: str | None = None
    lane: Lane | None = None
    policy: Policy | None = None
    tags: tuple[str, ...] = ()
    traceparent: str | None = None
    payload_kept: bool = False
    payload: Any = None
    payload_blob: str | None = None
    first_attempt_at: datetime | None = None
    errors: tuple[AttemptError, ...] = ()
    retried_as: str | None = None
    retried_at: datetime | None = None

    @property
    def queue_name(self) -> str | None:
        """The queue that the job was in, a default one by its name; None where that is not known."""
        return self.queue if self.lane is None else effective_queue(self.queue, self.lane)


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetterFilter:
    """Which dead letters are meant; what is None does not matter. Times: from ``failed_after`` to before the other."""

    task: str | None = None
    job_id: str | None = None
    queue: str | None = None
    error_code: str | None = None
    failed_after: datetime | None = None
    failed_before: datetime | None = None
    retried: bool | None = None

    def matches(self, letter: DeadLetter) -> bool:
        """Whether ``letter`` is meant."""
        return (
            self.task in (None, letter.task)
            and self.job_id in (None, letter.job_id)
            and self.queue in (None, letter.queue_name)
            and self.error_code in (None, letter.error_code)
            and (self.failed_after is None or letter.failed_at >= self.failed_after)
            and (self.failed_before is None or letter.failed_at < self.failed_before)
            and self.retried in (None, letter.retried_as is not None)
        )


def error_trail(attempts: Sequence[Execution]) -> tuple[AttemptError, ...]:
    """How ``attempts`` (first one first) ended, cut to what a dead letter has room for: 2,400 bytes."""
    if not attempts:
        return ()
    chosen = attempts if len(attempts) <= MOST_ERRORS else [attempts[0], *attempts[1 - MOST_ERRORS :]]
    room = _ERRORS_BYTES // len(chosen) - _ERROR_OVERHEAD_BYTES
    return tuple(_error(attempt, room) for attempt in chosen)


def _error(attempt: Execution, most_bytes: int) -> AttemptError:
    failure = attempt.failure
    return AttemptError(
        attempt=attempt.attempt,
        status=attempt.status,
        code=None if failure is None else failure.code[:_LONGEST_CODE],
        message=None if failure is None else _cut(failure.message[:LONGEST_ERROR], most_bytes),
        at=attempt.finished_at,
    )


def _cut(text: str, most_bytes: int) -> str:
    """The beginning of ``text`` that fits into ``most_bytes`` of UTF-8."""
    return text.encode("utf-8", "replace")[:most_bytes].decode("utf-8", "ignore")
