"""How both engines spell dead letters as JSON text; see ``documents``. What marks a retry lies beside the text."""

import re
from dataclasses import dataclass
from typing import Any

from tickwell.adapters.documents import VERSION, epoch_ms, from_json, from_ms, to_json
from tickwell.adapters.policy_documents import policy_of, policy_part
from tickwell.adapters.trace_documents import traceparent_from, traceparent_text
from tickwell.domain.dead_letter import AttemptError, DeadLetter
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.lane import Lane

_OCCURRENCE = re.compile(r".{36}(?:\.[0-9a-f]+)?-([0-9a-f]{12})", re.DOTALL)
_NO_OCCURRENCE = "0" * 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """The job that a dead letter was retried as, and when; both None where it never was."""

    retried_as: str | None = None
    retried_ms: int | None = None


def dead_letter_text(letter: DeadLetter) -> str:
    """A dead letter without its key, its expiry and its mark."""
    document: dict[str, Any] = {
        "v": VERSION,
        "job": letter.job_id,
        "name": letter.job_name,
        "user": letter.user_id,
        "task": letter.task,
        "due": epoch_ms(letter.due_at),
        "attempts": letter.attempts,
        "reason": letter.reason,
        "code": letter.error_code,
        "message": letter.error_message,
        "body": letter.body,
        "failed": to_epoch_ms(letter.failed_at),
    }
    return to_json(document | _what_it_was(letter))


def dead_letter_from(
    tenant_id: str, dead_letter_id: str, *, expires_ms: int, text: str, mark: Mark | None = None
) -> DeadLetter:
    """What ``dead_letter_text`` wrote; no ``mark``: it was never retried."""
    document = from_json(text)
    mark = mark or Mark()
    job = document.get("as")
    return DeadLetter(
        tenant_id=tenant_id,
        dead_letter_id=dead_letter_id,
        job_id=document["job"],
        job_name=document["name"],
        user_id=document["user"],
        task=document["task"],
        due_at=from_ms(document["due"]),
        attempts=document["attempts"],
        reason=document["reason"],
        error_code=document["code"],
        error_message=document["message"],
        body=document["body"],
        failed_at=from_epoch_ms(document["failed"]),
        expires_at=from_epoch_ms(expires_ms),
        queue=document.get("queue"),
        lane=None if job is None else Lane(job["lane"]),
        policy=None if job is None else policy_of(job.get("policy")),
        tags=tuple(document.get("tags", ())),
        traceparent=traceparent_from(document.get("trace")),
        payload_kept="payload" in document or "blob" in document,
        payload=document.get("payload"),
        payload_blob=document.get("blob"),
        first_attempt_at=from_ms(document.get("first")),
        errors=tuple(_error_from(error) for error in document.get("errors", ())),
        retried_as=mark.retried_as,
        retried_at=from_ms(mark.retried_ms),
    )


def dead_letter_rank(dead_letter_id: str) -> str:
    """Where a dead letter stands among its tenant's: the due instant in its id (12 hexadecimal digits of epoch ms).

    An id that names no occurrence (an unreadable message) ranks lowest.
    """
    found = _OCCURRENCE.fullmatch(dead_letter_id)
    return found[1] if found else _NO_OCCURRENCE


def _what_it_was(letter: DeadLetter) -> dict[str, Any]:
    """The job as it was, and its attempts; what there is none of is left out."""
    document: dict[str, Any] = {}
    if letter.queue is not None:
        document["queue"] = letter.queue
    if letter.lane is not None and letter.policy is not None:
        policy = policy_part(letter.policy)
        document["as"] = {"lane": letter.lane} if policy is None else {"lane": letter.lane, "policy": policy}
    if letter.tags:
        document["tags"] = letter.tags
    if letter.traceparent is not None:
        document["trace"] = traceparent_text(letter.traceparent)
    if letter.payload_blob is not None:
        document["blob"] = letter.payload_blob
    elif letter.payload_kept:
        document["payload"] = letter.payload
    if letter.first_attempt_at is not None:
        document["first"] = to_epoch_ms(letter.first_attempt_at)
    if letter.errors:
        document["errors"] = [
            [error.attempt, error.status, error.code, error.message, to_epoch_ms(error.at)] for error in letter.errors
        ]
    return document


def _error_from(document: list[Any]) -> AttemptError:
    attempt, status, code, message, at_ms = document
    return AttemptError(
        attempt=attempt, status=ExecutionStatus(status), code=code, message=message, at=from_epoch_ms(at_ms)
    )
