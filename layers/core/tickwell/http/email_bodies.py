"""What the routes of mails give (E1 to E4)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from typing_extensions import TypedDict

from tickwell.application.emails import EmailDetail, ListedEmail
from tickwell.domain.email import EmailCounts, EmailStatus, email_status
from tickwell.domain.instant import iso
from tickwell.domain.job import Job
from tickwell.domain.schedule import OneTime
from tickwell.http.instants import iso_or_none
from tickwell.http.job_bodies import AttemptBody, attempt_body
from tickwell.http.paging import Pagination


class AcceptedEmailBody(TypedDict):
    """A mail that is certain to go out. `id` is that of its job, and `jobId` the same."""

    id: str
    jobId: str
    status: str
    scheduled_for: str


class AcceptedEmailAliasBody(TypedDict):
    """The same, also without an envelope around it."""

    success: bool
    message: str
    id: str
    jobId: str
    status: str
    data: AcceptedEmailBody


class EmailBody(TypedDict):
    """A mail as listings show it; `status` is `scheduled`, `sending`, `sent`, `failed` or `cancelled`.

    `to` is empty and `subject` an empty text where the message is not kept any more. `next_attempt_at` is null when
    none is to come, and while one is under way. `error`: why the last attempt at a failed one failed.
    """

    id: str
    jobId: str
    status: str
    to: list[str]
    subject: str
    scheduled_for: str | None
    next_attempt_at: str | None
    sent_at: str | None
    error: str | None
    error_code: str | None
    tags: list[str]
    created_at: str


class EmailListBody(TypedDict):
    """A page of mails, newest first."""

    emails: list[EmailBody]
    pagination: Pagination


class EmailAttachmentBody(TypedDict):
    """A file that goes with a mail. Until that was sent, what it does not say of it is null."""

    file: str
    filename: str | None
    content_type: str | None
    size_bytes: int | None
    inline_id: str | None


_Sender = TypedDict("_Sender", {"from": str | None})


class EmailDetailBody(EmailBody, _Sender):
    """A mail with its message: as it was sent, or as it is to be sent.

    `from`, `messageId` and `via` are null until it was sent. `previewUrl` leads to the message as a page, and takes a
    credential like all else. `attempts`: those at the newest occurrence, first one first.
    """

    cc: list[str]
    bcc: list[str]
    reply_to: list[str]
    body: str
    html: str | None
    attachments: list[EmailAttachmentBody]
    messageId: str | None
    previewUrl: str
    via: str | None
    attempts: list[AttemptBody]


class EmailAttemptCountsBody(TypedDict):
    """How attempts to send mails ended; the average is null as long as none has."""

    total: int
    successful: int
    failed: int
    average_duration_ms: int | None


class EmailStatsBody(TypedDict):
    """Mails by status, and the attempts at them. Deleted ones are left out."""

    total: int
    scheduled: int
    sending: int
    sent: int
    failed: int
    cancelled: int
    attempts: EmailAttemptCountsBody


def accepted_email(job: Job) -> AcceptedEmailBody:
    """``job`` as it was accepted, whatever has become of it since."""
    at = _scheduled_for(job) or job.created_at
    return AcceptedEmailBody(id=job.job_id, jobId=job.job_id, status=EmailStatus.SCHEDULED.value, scheduled_for=iso(at))


def _scheduled_for(job: Job) -> datetime | None:
    return job.schedule.at if isinstance(job.schedule, OneTime) else None


def email_body(email: ListedEmail) -> EmailBody:
    """``email`` as listings show it."""
    job, failure = email.job, email.failure
    return EmailBody(
        id=job.job_id,
        jobId=job.job_id,
        status=email_status(job).value,
        to=list(email.to),
        subject=email.subject,
        scheduled_for=iso_or_none(_scheduled_for(job)),
        next_attempt_at=iso_or_none(job.next_run_at),
        sent_at=iso_or_none(email.sent_at),
        error=None if failure is None else failure.message,
        error_code=None if failure is None else failure.code,
        tags=list(job.tags),
        created_at=iso(job.created_at),
    )


def email_detail_body(email: EmailDetail) -> EmailDetailBody:
    """All of ``email``."""
    message, job = email.message, email.listed.job
    sender: _Sender = {"from": message.sender}
    return EmailDetailBody(
        **email_body(email.listed),
        **sender,
        cc=list(message.cc),
        bcc=list(message.bcc),
        reply_to=list(message.reply_to),
        body=message.text,
        html=message.html,
        attachments=[_attachment(each) for each in message.attachments],
        messageId=message.message_id,
        previewUrl=f"/api/v1/emails/{job.job_id}/preview",
        via=message.via,
        attempts=[attempt_body(attempt) for attempt in email.attempts],
    )


def _attachment(told: Mapping[str, Any]) -> EmailAttachmentBody:
    return EmailAttachmentBody(
        file=told["file"],
        filename=told.get("filename"),
        content_type=told.get("content_type"),
        size_bytes=told.get("size_bytes"),
        inline_id=told.get("inline_id"),
    )


def email_stats_body(counts: EmailCounts) -> EmailStatsBody:
    """``counts`` by name."""
    by_status, attempts = counts.by_status, counts.attempts
    return EmailStatsBody(
        total=counts.total,
        scheduled=by_status[EmailStatus.SCHEDULED],
        sending=by_status[EmailStatus.SENDING],
        sent=by_status[EmailStatus.SENT],
        failed=by_status[EmailStatus.FAILED],
        cancelled=by_status[EmailStatus.CANCELLED],
        attempts=EmailAttemptCountsBody(
            total=attempts.total,
            successful=attempts.successful,
            failed=attempts.failed,
            average_duration_ms=attempts.duration_ms // attempts.total if attempts.total else None,
        ),
    )
