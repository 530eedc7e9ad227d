"""Requests that may be sent again, in SQLite; see ``Submissions`` for what they promise."""

from typing import Any

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.submission_digest import key_digest
from tickwell.application.ports import Clock
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.submission import KeptAnswer, Submission, SubmissionKey

_THIS = "tenant_id = :tenant AND who = :who AND digest = :digest"
_COLUMNS = "fingerprint, seed, at_ms, token, held_until_ms, tries, status, packed, expires_ms"
_EXPIRED = f"DELETE FROM submissions WHERE {_THIS} AND expires_ms <= :now"
_BEGIN = f"""
    INSERT INTO submissions (tenant_id, who, digest, {_COLUMNS})
    VALUES (:tenant, :who, :digest, :fingerprint, :seed, :at, :token, :held, :tries, NULL, NULL, :expires)
    ON CONFLICT DO NOTHING
"""
_GET = f"SELECT {_COLUMNS} FROM submissions WHERE {_THIS}"
_TAKE = f"""
    UPDATE submissions SET token = :token, held_until_ms = :held, tries = :tries
    WHERE {_THIS} AND token = :before AND tries = :seen AND status IS NULL
"""
_FINISH = f"UPDATE submissions SET status = :status, packed = :packed WHERE {_THIS} AND token = :token"
_RELEASE = f"UPDATE submissions SET held_until_ms = 0 WHERE {_THIS} AND token = :token"
_FORGET = f"DELETE FROM submissions WHERE {_THIS} AND token = :token"


class EmbeddedSubmissions:
    """The embedded ``Submissions``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def begin(self, submission: Submission) -> Submission | None:
        """See the port."""
        values = _values(submission)
        with self._database.transaction() as cursor:
            cursor.execute(_EXPIRED, values | {"now": to_epoch_ms(self._clock.now())})
            if cursor.execute(_BEGIN, values).rowcount:
                return None
            return _submission(submission.key, cursor.execute(_GET, values).fetchone())

    def take(self, standing: Submission, taken: Submission) -> bool:
        """See the port."""
        return self._write(_TAKE, _values(taken) | {"before": standing.token, "seen": standing.tries})

    def finish(self, submission: Submission, answer: KeptAnswer) -> bool:
        """See the port."""
        return self._write(_FINISH, _values(submission) | {"status": answer.status, "packed": answer.packed})

    def release(self, submission: Submission) -> None:
        """See the port."""
        self._write(_RELEASE, _values(submission))

    def forget(self, submission: Submission) -> None:
        """See the port."""
        self._write(_FORGET, _values(submission))

    def _write(self, statement: str, values: dict[str, Any]) -> bool:
        with self._database.transaction() as cursor:
            return cursor.execute(statement, values).rowcount > 0


def _values(submission: Submission) -> dict[str, Any]:
    return {
        "tenant": submission.key.tenant_id,
        "who": submission.key.who,
        "digest": key_digest(submission.key.key),
        "fingerprint": submission.fingerprint,
        "seed": submission.seed,
        "at": to_epoch_ms(submission.at),
        "token": submission.token,
        "held": to_epoch_ms(submission.held_until),
        "tries": submission.tries,
        "expires": to_epoch_ms(submission.expires_at),
    }


def _submission(key: SubmissionKey, row: tuple[Any, ...]) -> Submission:
    fingerprint, seed, at_ms, token, held_until_ms, tries, status, packed, expires_ms = row
    return Submission(
        key=key,
        fingerprint=fingerprint,
        seed=seed,
        at=from_epoch_ms(at_ms),
        token=token,
        held_until=from_epoch_ms(held_until_ms),
        expires_at=from_epoch_ms(expires_ms),
        tries=tries,
        answer=None if status is None else KeptAnswer(status=status, packed=packed),
    )
