"""What is remembered of a request that its caller may send again (X1)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tickwell.domain.errors import (
    AnswerNotKeptError,
    IdempotencyConflictError,
    IdempotencyInProgressError,
    InvalidInputError,
)

SUBMISSION_LIFE = timedelta(hours=24)
"""How long a key is remembered."""

HOLD = timedelta(seconds=30)
"""How long nobody else carries a request out: longer than the API lets one take."""

LONGEST_KEY = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmissionKey:
    """``who``: whose keys these are, a user or an API key. ``key``: as the caller chose it."""

    tenant_id: str
    who: str
    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptAnswer:
    """What was answered. ``packed`` is the body, compressed; None where it is not kept."""

    status: int
    packed: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """A request under its key.

    ``fingerprint`` tells the request from another one. ``seed`` and ``at`` are what its ids are derived from, so that
    whoever carries it out once more makes the same things. ``token`` is of whoever carries it out, until
    ``held_until``; ``tries`` counts them. ``answer``: None until it is done.
    """

    key: SubmissionKey
    fingerprint: str
    seed: str
    at: datetime
    token: str
    held_until: datetime
    expires_at: datetime
    tries: int = 1
    answer: KeptAnswer | None = None

    def answer_to(self, fingerprint: str, now: datetime) -> KeptAnswer | None:
        """What to answer to a request under the same key; None when it is to be carried out once more.

        Raises IdempotencyConflictError for another request, IdempotencyInProgressError while somebody is at it, and
        AnswerNotKeptError.
        """
        if fingerprint != self.fingerprint:
            raise IdempotencyConflictError
        if self.answer is not None:
            if self.answer.packed is None:
                raise AnswerNotKeptError(self.answer.status)
            return self.answer
        if now < self.held_until:
            raise IdempotencyInProgressError(retry_after_seconds=self._seconds_to_wait(now))
        return None

    def taken_over(self, token: str, now: datetime) -> "Submission":
        """For the next one who carries it out."""
        return replace(self, token=token, held_until=now + HOLD, tries=self.tries + 1)

    def _seconds_to_wait(self, now: datetime) -> int:
        """As long again as it has taken so far, so that a quick one is seen soon and a dead one is not asked often."""
        left, taken = self.held_until - now, now - (self.held_until - HOLD)
        return max(1, -(-min(left, taken) // timedelta(seconds=1)))


def new_submission(key: SubmissionKey, fingerprint: str, *, seed: str, token: str, now: datetime) -> Submission:
    """For a key that is not known."""
    return Submission(
        key=key,
        fingerprint=fingerprint,
        seed=seed,
        at=now,
        token=token,
        held_until=now + HOLD,
        expires_at=now + SUBMISSION_LIFE,
    )


def require_idempotency_key(key: str) -> str:
    """``key`` if it is one; raises InvalidInputError."""
    if not 1 <= len(key) <= LONGEST_KEY or not all("!" <= character <= "~" for character in key):
        raise InvalidInputError("Idempotency-Key", f"must have 1 to {LONGEST_KEY} visible ASCII characters, no blanks")
    return key
