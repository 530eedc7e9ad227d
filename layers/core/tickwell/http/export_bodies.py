"""What an export gives: each thing as the rest of the API shows it, with its kind."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.export_walk import Holding
from tickwell.application.whole import HeldJob
from tickwell.domain.account import User
from tickwell.domain.api_key import ApiKey
from tickwell.domain.audit import AuditRecord
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution, Skip, execution_id
from tickwell.domain.export import SentMail
from tickwell.domain.hook import Hook
from tickwell.domain.instant import iso
from tickwell.domain.notification import NotificationRecord
from tickwell.domain.organization import Invitation, Tenant
from tickwell.domain.queue import Queue
from tickwell.domain.secret import SecretInfo
from tickwell.domain.task_file import FileInfo
from tickwell.domain.webhook import WebhookEndpoint
from tickwell.http.api_key_bodies import ApiKeyBody, api_key_body
from tickwell.http.archive_bodies import ArchivedExecutionBody, archived_execution_body
from tickwell.http.audit_bodies import AuditRecordBody, audit_record_body
from tickwell.http.dead_letter_bodies import DeadLetterDetailBody, dead_letter_detail
from tickwell.http.exchange import render
from tickwell.http.file_bodies import FileBody, file_body
from tickwell.http.history_bodies import SentMailBody
from tickwell.http.hook_bodies import HookBody, hook_body
from tickwell.http.job_bodies import HeldJobBody, held_job_body
from tickwell.http.organization_bodies import (
    InvitationBody,
    MemberBody,
    OrganizationBody,
    invitation_body,
    member_body,
    organization_body,
)
from tickwell.http.queue_bodies import QueueBody, queue_body
from tickwell.http.secret_bodies import SecretBody, secret_body
from tickwell.http.webhook_bodies import WebhookBody, webhook_body


class ExportedOrganization(OrganizationBody):
    """The organization."""

    kind: Literal["organization"]


class ExportedMember(MemberBody):
    """A member, without anything of the password."""

    kind: Literal["member"]


class ExportedInvitation(InvitationBody):
    """An invitation, without anything of its token."""

    kind: Literal["invitation"]


class ExportedApiKey(ApiKeyBody):
    """An API key, without itself and its hash."""

    kind: Literal["api_key"]


class ExportedWebhook(WebhookBody):
    """A webhook endpoint, without its secret."""

    kind: Literal["webhook"]


class ExportedHook(HookBody):
    """An incoming webhook, without anything of its token."""

    kind: Literal["hook"]


class ExportedSecret(SecretBody):
    """That there is a secret; its value is never given."""

    kind: Literal["secret"]


class ExportedQueue(QueueBody):
    """A queue as it is set up. Default queues that nobody has changed are not among them."""

    kind: Literal["queue"]


class ExportedJob(HeldJobBody):
    """A job, also one that was deleted and is still held, and one that runs beside its ``parent_id``.

    ``payload_kept`` false: the payload is gone.
    """

    kind: Literal["job"]
    payload_kept: bool


class ExportedExecution(ArchivedExecutionBody):
    """An execution that has ended, with output and log. ``output_omitted``: they are gone."""

    kind: Literal["execution"]


class ExportedSkip(TypedDict):
    """Occurrences of a job that were left out, from the first to the last one; ``count`` null: too many to count.

    ``outcome`` is ``skipped`` or ``cancelled``.
    """

    kind: Literal["skip"]
    job_id: str
    first_due_at: str
    last_due_at: str
    count: int | None
    reason: str
    outcome: str


class ExportedNotification(TypedDict):
    """What became of a notification about an execution; ``error`` null: it was delivered."""

    kind: Literal["notification"]
    id: str
    job_id: str
    execution_id: str
    event: str
    channel: str
    target: str
    error: str | None
    at: str


class ExportedDeadLetter(DeadLetterDetailBody):
    """A dead letter with its payload."""

    kind: Literal["dead_letter"]


class ExportedMail(SentMailBody):
    """A mail as an execution sent it; it may outlive the execution."""

    kind: Literal["sent_mail"]
    execution_id: str


class ExportedFile(FileBody):
    """A file; its bytes are read by a link (``GET /api/v1/files/{file_name}``)."""

    kind: Literal["file"]


class ExportedAuditRecord(AuditRecordBody):
    """A record of the audit log."""

    kind: Literal["audit_record"]


ExportedItem = Annotated[
    ExportedOrganization
    | ExportedMember
    | ExportedInvitation
    | ExportedApiKey
    | ExportedWebhook
    | ExportedHook
    | ExportedSecret
    | ExportedQueue
    | ExportedJob
    | ExportedExecution
    | ExportedSkip
    | ExportedNotification
    | ExportedDeadLetter
    | ExportedMail
    | ExportedFile
    | ExportedAuditRecord,
    Field(discriminator="kind"),
]


class ExportBody(TypedDict):
    """A page of an export; it may be short, even empty, while ``next_cursor`` is there. Null: that was all."""

    items: list[ExportedItem]
    next_cursor: str | None


def export_line(holding: Holding, now: datetime) -> str:
    """``holding`` as it is at ``now``: JSON on one line, in ASCII."""
    return render(_body(holding, now))


def _body(holding: Holding, now: datetime) -> Mapping[str, Any]:
    body: Mapping[str, Any]
    match holding:
        case HeldJob():
            job = held_job_body(holding.job, now)
            body = ExportedJob(kind="job", **job, payload_kept=holding.payload_kept)
        case Execution():
            execution = archived_execution_body(holding)
            execution["output_omitted"] = holding.detail_blob is not None
            body = ExportedExecution(kind="execution", **execution)
        case Skip():
            body = _skip(holding)
        case NotificationRecord():
            body = _notification(holding)
        case DeadLetter():
            body = ExportedDeadLetter(kind="dead_letter", **dead_letter_detail(holding))
        case SentMail():
            body = {"kind": "sent_mail", "execution_id": holding.execution_id, **holding.document}
        case SecretInfo():
            body = ExportedSecret(kind="secret", **secret_body(holding))
        case FileInfo():
            body = ExportedFile(kind="file", **file_body(holding))
        case AuditRecord():
            body = ExportedAuditRecord(kind="audit_record", **audit_record_body(holding))
        case _:
            body = _of_few(holding, now)
    return body


def _of_few(
    holding: Tenant | User | Invitation | ApiKey | WebhookEndpoint | Hook | Queue, now: datetime
) -> Mapping[str, Any]:
    body: Mapping[str, Any]
    match holding:
        case Tenant():
            body = ExportedOrganization(kind="organization", **organization_body(holding))
        case User():
            body = ExportedMember(kind="member", **member_body(holding))
        case Invitation():
            body = ExportedInvitation(kind="invitation", **invitation_body(holding))
        case ApiKey():
            body = ExportedApiKey(kind="api_key", **api_key_body(holding, now))
        case WebhookEndpoint():
            body = ExportedWebhook(kind="webhook", **webhook_body(holding))
        case Hook():
            body = ExportedHook(kind="hook", **hook_body(holding))
        case Queue():
            body = ExportedQueue(kind="queue", **queue_body(holding))
    return body


def _skip(skip: Skip) -> ExportedSkip:
    return ExportedSkip(
        kind="skip",
        job_id=skip.job_id,
        first_due_at=iso(skip.first_due_at),
        last_due_at=iso(skip.last_due_at),
        count=skip.count,
        reason=skip.reason,
        outcome=skip.outcome.value,
    )


def _notification(record: NotificationRecord) -> ExportedNotification:
    return ExportedNotification(
        kind="notification",
        id=record.notification_id,
        job_id=record.job_id,
        execution_id=execution_id(record.job_id, record.due_at, record.attempt),
        event=record.event_type,
        channel=record.channel.value,
        target=record.target,
        error=record.error,
        at=iso(record.at),
    )
