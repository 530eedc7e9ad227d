"""What a notification says: the facts behind an event, as a mail and as a webhook's body."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tickwell.application.ports import History, JobStore
from tickwell.domain.errors import NotFoundError
from tickwell.domain.instant import iso
from tickwell.domain.job import Job, JobKey
from tickwell.domain.mail import Mail
from tickwell.domain.outcome_event import EventType, OutcomeEvent
from tickwell.domain.retry import RetryAt

_ALERT_LIFE = timedelta(days=30)
_LONGEST_NAME_SHOWN = 150


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """An event with what is known of it. ``user_id`` owns the job; None for alerts, which are the operator's.

    ``reason``: why the occurrence will not be tried again. ``expires_at``: until when its records are kept.
    ``traceparent``: where the job belongs in the trace of whoever asked for it.
    """

    event: OutcomeEvent
    user_id: str | None = None
    job_name: str = ""
    task: str | None = None
    error_code: str | None = None
    error_message: str | None = None
    reason: str | None = None
    next_attempt_at: datetime | None = None
    expires_at: datetime
    traceparent: str | None = None

    @property
    def name(self) -> str:
        """The job's name on one line, and with no encoded words (RFC 2047): in a subject one may hide a line break."""
        line = " ".join((self.job_name or self.event.job_id).split())
        return line.replace("=?", "= ?")[:_LONGEST_NAME_SHOWN]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadNotice:
    """Reads the records that an event names."""

    jobs: JobStore
    history: History

    def __call__(self, event: OutcomeEvent) -> Notice:
        """Raises NotFoundError when they are gone: nobody is to be told any more."""
        match event.type:
            case EventType.ALERT:
                return Notice(event=event, expires_at=event.at + _ALERT_LIFE)
            case EventType.FAILED:
                return self._failure(event)
            case EventType.TIMED_OUT | EventType.PAUSED:
                return self._attempt(event)

    def _failure(self, event: OutcomeEvent) -> Notice:
        letter = self.history.get_dead_letter(event.tenant_id, event.subject)
        return Notice(
            event=event,
            user_id=letter.user_id,
            job_name=letter.job_name or "",
            task=letter.task,
            error_code=letter.error_code,
            error_message=letter.error_message,
            reason=letter.reason,
            expires_at=letter.expires_at,
            traceparent=letter.traceparent,
        )

    def _attempt(self, event: OutcomeEvent) -> Notice:
        job = self._job(event)
        execution = self.history.get_execution(event.tenant_id, event.execution_id)
        failure, decision = execution.failure, execution.decision
        return Notice(
            event=event,
            user_id=job.user_id,
            job_name=job.name,
            task=job.task,
            error_code=None if failure is None else failure.code,
            error_message=None if failure is None else failure.message,
            next_attempt_at=decision.at if isinstance(decision, RetryAt) else None,
            expires_at=execution.expires_at,
            traceparent=job.traceparent,
        )

    def _job(self, event: OutcomeEvent) -> Job:
        """Without its payload, which nobody is told."""
        key = JobKey(tenant_id=event.tenant_id, job_id=event.job_id)
        found = self.jobs.get_many([key]).get(key)
        if found is None:
            raise NotFoundError("job", event.job_id)
        return found


def mail_of(notice: Notice, to: str, sender_address: str) -> Mail:
    """The mail that tells of ``notice``; the same Message-ID whenever it is sent again."""
    subject, lines = _mail_text(notice)
    return Mail(
        message_id=f"{notice.event.event_id}@{sender_address.rpartition('@')[2].strip('>')}",
        sender=sender_address,
        to=(to,),
        subject=subject,
        text="\n".join(lines) + "\n",
    )


def webhook_body(notice: Notice) -> bytes:
    """The JSON that tells of ``notice``; the same bytes as long as its records do not change."""
    event = notice.event
    data: dict[str, Any] = {
        "job_id": event.job_id,
        "job_name": notice.job_name,
        "task": notice.task,
        "execution_id": event.execution_id,
        "due_at": iso(event.due_at),
        "attempt": event.attempt,
        "error_code": notice.error_code,
        "error_message": notice.error_message,
    }
    match event.type:
        case EventType.FAILED:
            data |= {"dead_letter_id": event.subject, "reason": notice.reason}
        case EventType.TIMED_OUT:
            data["next_attempt_at"] = None if notice.next_attempt_at is None else iso(notice.next_attempt_at)
        case EventType.PAUSED:
            data |= {"paused_at": iso(event.at), "paused_reason": event.note}
    document = {"type": event.type.value, "timestamp": iso(event.at), "data": data}
    return json.dumps(document, separators=(",", ":")).encode()


def _mail_text(notice: Notice) -> tuple[str, Sequence[str]]:
    event = notice.event
    match event.type:
        case EventType.FAILED:
            timed_out = " (timed out)" if notice.error_code == "TIMEOUT" else ""
            told = [
                f"It failed for good after {event.attempt} attempt(s).",
                "",
                f"Why it will not be tried again: {notice.reason}.",
            ]
            return f"Job failed{timed_out}: {notice.name}", _about(notice, told, f"Dead letter: {event.subject}")
        case EventType.TIMED_OUT:
            told = [f"Attempt {event.attempt} ran out of time.", "", _what_next(notice)]
            return f"Job timed out: {notice.name}", _about(notice, told, f"Execution: {event.execution_id}")
        case EventType.PAUSED:
            told = [
                f"The job has paused itself after {event.note}. It does not run again until somebody resumes it.",
                "",
            ]
            return f"Job paused itself: {notice.name}", _about(notice, told, f"Execution: {event.execution_id}")
        case EventType.ALERT:
            lines = [
                event.note or "",
                "",
                "Further alerts of this kind are left out until the quarter of an hour is over.",
                "The functions' logs have the details.",
                f"At: {iso(event.at)}",
            ]
            return "Tickwell needs a look", lines


def _about(notice: Notice, told: Sequence[str], record: str) -> Sequence[str]:
    event = notice.event
    return [
        f"The job {notice.name!r} (task {notice.task}) was due at {iso(event.due_at)}.",
        *told,
        f"Last error: {notice.error_code or 'unknown'}: {notice.error_message or ''}",
        "",
        f"Job: {event.job_id}",
        record,
        f"At: {iso(event.at)}",
    ]


def _what_next(notice: Notice) -> str:
    if notice.next_attempt_at is None:
        return "It is not tried again."
    return f"The next attempt starts at {iso(notice.next_attempt_at)}."
