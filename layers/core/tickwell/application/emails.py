"""Schedule, list, read and cancel mails (E1 to E6): ordinary jobs, seen as what they send."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from tickwell.application.claim_check import load_payload
from tickwell.application.create_job import CreatedJob, CreateJob, NewJob, ScheduleRequest
from tickwell.application.list_jobs import ListJobs
from tickwell.application.mail_pictures import Picture, shown_pictures
from tickwell.application.manage_job import ChangeJob, GetJob
from tickwell.application.manage_queues import ManageQueues
from tickwell.application.ports import BlobStore, History, JobStore, QueueKey, TenantCounts
from tickwell.application.read_history import mail_document, sent_mail_blob
from tickwell.application.within_payload import told_by_own_names
from tickwell.domain.account import Principal
from tickwell.domain.email import (
    EMAIL_BACKOFF,
    EMAIL_QUEUE,
    EMAIL_RETRIES,
    EMAIL_TAG,
    EMAIL_TASK,
    EMAIL_TIMEOUT_SECONDS,
    EmailCounts,
    EmailStatus,
    email_status,
    emails_chosen,
    emails_counted,
    is_email,
)
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, RunningExecution
from tickwell.domain.job import Job
from tickwell.domain.job_listing import JobQuery
from tickwell.domain.queue import Queue

_LONGEST_NAME: Final = 255


@dataclass(frozen=True, kw_only=True, slots=True)
class NewEmail:
    """A mail to be sent. ``payload`` is that of the task ``send_email``; whether it is right, the task tells."""

    payload: Mapping[str, Any]
    schedule: ScheduleRequest
    tags: tuple[str, ...] = ()
    traceparent: str | None = None

    def within(self, traceparent: str | None) -> "NewEmail":
        """The same, asked for in that trace."""
        return replace(self, traceparent=traceparent)


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """A mail as it was sent, or before that as it is to be sent: then it may hold references to secrets.

    ``message_id``, ``sender`` and ``via`` are known of what was sent only. ``attachments`` are as the payload names
    them, with type and size once they were sent.
    """

    to: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    cc: tuple[str, ...] = ()
    bcc: tuple[str, ...] = ()
    reply_to: tuple[str, ...] = ()
    attachments: tuple[Mapping[str, Any], ...] = ()
    message_id: str | None = None
    sender: str | None = None
    via: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedEmail:
    """A mail as listings show it. ``failure``: why the last attempt at a failed one failed.

    ``sent_at``: when it was handed to the mail server, if it was.
    """

    job: Job
    to: tuple[str, ...]
    subject: str
    failure: Failure | None = None
    sent_at: datetime | None = None

    @property
    def status(self) -> EmailStatus:
        """How far it has come."""
        return email_status(self.job)


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailPage:
    """A page of mails, newest first. ``total`` counts all of that status."""

    items: tuple[ListedEmail, ...]
    next_cursor: str | None
    total: int


@dataclass(frozen=True, kw_only=True, slots=True)
class EmailDetail:
    """A mail with its message, and the attempts to send it, first one first."""

    listed: ListedEmail
    message: Message
    attempts: tuple[Execution | RunningExecution, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ScheduleEmail:
    """The use case; see ``__call__``."""

    create_job: CreateJob
    manage_queues: ManageQueues

    def __call__(self, principal: Principal, request: NewEmail) -> CreatedJob:
        """As ``CreateJob``, in the queue of mails, which is made for the first one.

        What is wrong with the payload is told by its fields' own names. Raises ConflictError where the tenant has as
        many queues as it may have, and none for mails.
        """
        to = _addresses(request.payload.get("to"))
        new = NewJob(
            name=_name(to, str(request.payload.get("subject", ""))),
            task=EMAIL_TASK,
            payload=dict(request.payload),
            schedule=request.schedule,
            queue=EMAIL_QUEUE,
            timeout_seconds=EMAIL_TIMEOUT_SECONDS,
            max_retries=EMAIL_RETRIES,
            retry=EMAIL_BACKOFF,
            tags=tuple(dict.fromkeys((EMAIL_TAG, *request.tags))),
            traceparent=request.traceparent,
        )
        with told_by_own_names():
            self.create_job.registry.validate(EMAIL_TASK, new.payload)
            self._require_queue(principal.tenant_id)
            return self.create_job(principal, new)

    def _require_queue(self, tenant_id: str) -> None:
        """Have the queue. Of several that make it at once one is first, and the others take what that has made."""
        key, directory = QueueKey(tenant_id=tenant_id, name=EMAIL_QUEUE), self.manage_queues.directory
        if directory.find(key) is not None or directory.find(key, fresh=True) is not None:
            return
        now = self.manage_queues.clock.now()
        try:
            self.manage_queues.create(Queue(tenant_id=tenant_id, name=EMAIL_QUEUE, created_at=now, updated_at=now))
        except ConflictError as error:
            if directory.find(key, fresh=True) is None:
                raise ConflictError(
                    f"mails need the queue {EMAIL_QUEUE}, which there is no room for: {error}"
                ) from error
        else:
            directory.find(key, fresh=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageEmails:
    """The use cases, one method each. What is no mail of this tenant does not exist."""

    list_jobs: ListJobs
    get_job: GetJob
    change_job: ChangeJob
    jobs: JobStore
    history: History
    blobs: BlobStore
    counts: TenantCounts

    def list_emails(
        self, principal: Principal, status: EmailStatus | None = None, *, limit: int, cursor: str | None = None
    ) -> EmailPage:
        """Behind ``cursor``, or the first ones. On AWS a page may be short although more follow: its cursor goes on.

        Costs a read more for each mail whose payload is too large for the store, and for each that failed or was
        changed. Raises InvalidInputError for ``limit`` (1 to 100) and ``cursor``.
        """
        query = JobQuery(chosen=emails_chosen(status), counted=False)
        found = self.list_jobs(principal, query, limit=limit, cursor=cursor)
        whole = self.jobs.get_many_whole([job.key for job in found.items])
        counted = self.count(principal)
        return EmailPage(
            items=tuple(self._listed(job, whole.get(job.key)) for job in found.items),
            next_cursor=found.next_cursor,
            total=counted.total if status is None else counted.by_status[status],
        )

    def count(self, principal: Principal) -> EmailCounts:
        """How many there are, by status, from counters: a few seconds behind on AWS."""
        return emails_counted(self.counts.read(principal.tenant_id))

    def get(self, principal: Principal, email_id: str) -> EmailDetail:
        """All of a mail. Raises NotFoundError."""
        try:
            found = self.get_job(principal, email_id)
        except NotFoundError as error:
            raise NotFoundError("email", email_id) from error
        job = found.job
        if not is_email(job):
            raise NotFoundError("email", email_id)
        message = _asked(job.payload)
        last = next((attempt for attempt in reversed(found.attempts) if isinstance(attempt, Execution)), None)
        listed = _listed(job, message, last)
        if listed.status is EmailStatus.SENT and last is not None and last.status is ExecutionStatus.SUCCESS:
            with suppress(NotFoundError):  # what was kept of it may have been cleaned up
                message = _sent(mail_document(self.blobs.get(sent_mail_blob(job.tenant_id, last.execution_id))))
        return EmailDetail(listed=listed, message=message, attempts=found.attempts)

    def page(self, principal: Principal, email_id: str) -> tuple[Message, Mapping[str, Picture]]:
        """The message, and the pictures that it shows itself. Raises NotFoundError."""
        message = self.get(principal, email_id).message
        return message, shown_pictures(self.blobs, principal.tenant_id, message.attachments)

    def cancel(self, principal: Principal, email_id: str) -> ListedEmail:
        """It does not go out any more. Raises NotFoundError, IllegalTransitionError (it has ended), ConflictError."""
        listed = self.get(principal, email_id).listed
        return replace(listed, job=self.change_job.cancel(principal, email_id))

    def _listed(self, found: Job, whole: Job | None) -> ListedEmail:
        """``whole`` is None where the mail has expired since it was found, or its payload where that is gone."""
        payload = None
        if whole is not None:
            with suppress(NotFoundError):
                payload = load_payload(self.blobs, whole.payload, whole.payload_blob)
        return _listed(found, _asked(payload), self._last(found))

    def _last(self, job: Job) -> Execution | None:
        """The newest attempt at a mail that failed, or was changed by somebody; others are not asked after."""
        if email_status(job) is not EmailStatus.FAILED and job.version == 1:
            return None
        page = self.history.list_executions(job.tenant_id, job.job_id, limit=1, cursor=None)
        return next(iter(page.items), None)


def _listed(job: Job, message: Message, last: Execution | None) -> ListedEmail:
    """``last`` is the newest attempt. None of a sent mail: its job was written last when that attempt ended."""
    status, failure, sent_at = email_status(job), None, None
    if status is EmailStatus.FAILED and last is not None:
        failure = last.failure
    elif status is EmailStatus.SENT:
        sent_at = job.updated_at if last is None else last.finished_at
    return ListedEmail(job=job, to=message.to, subject=message.subject, failure=failure, sent_at=sent_at)


def _name(to: Sequence[str], subject: str) -> str:
    """What the job is called: the search for jobs finds it by address and by subject."""
    others = f" and {len(to) - 1} more" if len(to) > 1 else ""
    name = f"Mail to {to[0] if to else 'nobody'}{others}: {subject}"
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _asked(payload: Any) -> Message:
    """The message that a payload asks for; an empty one where the payload is gone."""
    if not isinstance(payload, Mapping):
        return Message(to=(), subject="", text="")
    return Message(
        to=_addresses(payload.get("to")),
        cc=_addresses(payload.get("cc")),
        bcc=_addresses(payload.get("bcc")),
        reply_to=_addresses(payload.get("reply_to")),
        subject=payload.get("subject", ""),
        text=payload.get("body", ""),
        html=payload.get("html"),
        attachments=tuple(payload.get("attachments") or ()),
    )


def _sent(document: Mapping[str, Any]) -> Message:
    return Message(
        to=tuple(document["to"]),
        cc=tuple(document["cc"]),
        bcc=tuple(document["bcc"]),
        reply_to=tuple(document["reply_to"]),
        subject=document["subject"],
        text=document["text"],
        html=document["html"],
        attachments=tuple(document["attachments"]),
        message_id=document["message_id"],
        sender=document["from"],
        via=document["via"],
    )


def _addresses(addresses: Any) -> tuple[str, ...]:
    """One address or several, as a payload has them; none where there are none."""
    if addresses is None:
        return ()
    return (addresses,) if isinstance(addresses, str) else tuple(addresses)
