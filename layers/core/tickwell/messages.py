"""What travels in queues: small JSON documents with a version, read back by this release and the next one.

A field may be added with a default; anything else is a new ``v`` whose predecessor stays readable for one release.
"""

import json
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from tickwell.domain.account_mail import AccountMail, AccountMailKind
from tickwell.domain.instant import instant
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage, Unreadable
from tickwell.domain.notification import Channel, Notification
from tickwell.domain.outcome_event import EventType, OutcomeEvent

_LONGEST_BODY_KEPT = 1024


class _Wire(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class JobMessageV1(_Wire):
    """A ``JobMessage`` on the wire."""

    kind: Literal["job"] = "job"
    v: Literal[1] = 1
    tenant: str = Field(min_length=1)
    job: str = Field(min_length=1)
    version: int = Field(ge=1)
    due_at: AwareDatetime
    attempt: int = Field(ge=1)
    run_at: AwareDatetime
    lane: Lane
    recurring: bool
    queue: str | None = None
    admitted: bool = False
    late: bool = False
    probe: bool = False
    subsecond: bool = False
    queued: bool = False
    start_by: AwareDatetime | None = None


class EventV1(_Wire):
    """An ``OutcomeEvent`` on the wire."""

    kind: Literal["event"] = "event"
    v: Literal[1] = 1
    type: EventType
    tenant: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    job: str = Field(min_length=1)
    due_at: AwareDatetime
    attempt: int = Field(ge=0)
    at: AwareDatetime
    is_last: bool = True
    note: str | None = None


class NotificationV1(_Wire):
    """A ``Notification`` on the wire."""

    kind: Literal["notification"] = "notification"
    v: Literal[1] = 1
    event: EventV1
    channel: Channel
    endpoint: str | None = None


class AccountMailV1(_Wire):
    """An ``AccountMail`` on the wire."""

    kind: Literal["account_mail"] = "account_mail"
    v: Literal[1] = 1
    about: AccountMailKind
    asked_at: AwareDatetime
    address: str = ""
    tenant: str = ""
    invitation: str = ""


_TOLD: TypeAdapter[NotificationV1 | AccountMailV1] = TypeAdapter(NotificationV1 | AccountMailV1)


def encode_job_message(message: JobMessage) -> str:
    """The body to send; ``decode_job_message`` gives the message back."""
    fields = {
        "kind": "job",
        "v": 1,
        "tenant": message.tenant_id,
        "job": message.job_id,
        "version": message.version,
        "due_at": message.due_at,
        "attempt": message.attempt,
        "run_at": message.run_at,
        "lane": message.lane,
        "recurring": message.recurring,
        "queue": message.queue,
        "admitted": message.admitted,
        "late": message.late,
        "probe": message.probe,
        "subsecond": message.subsecond,
        "queued": message.queued,
        "start_by": message.start_by,
    }
    return to_json(fields).decode()  # as JobMessageV1 would be written, which need not be made for it


def decode_job_message(body: str) -> JobMessage | Unreadable:
    """The message in ``body``, or why it cannot be read."""
    try:
        wire = JobMessageV1.model_validate_json(body)
    except ValidationError as error:
        return _unreadable(body, error)
    return JobMessage(
        tenant_id=wire.tenant,
        job_id=wire.job,
        version=wire.version,
        due_at=instant(wire.due_at),
        attempt=wire.attempt,
        run_at=instant(wire.run_at),
        lane=wire.lane,
        recurring=wire.recurring,
        queue=wire.queue,
        admitted=wire.admitted,
        late=wire.late,
        probe=wire.probe,
        subsecond=wire.subsecond,
        queued=wire.queued,
        start_by=None if wire.start_by is None else instant(wire.start_by),
    )


def encode_notification(notification: Notification | AccountMail) -> str:
    """The body to send; ``decode_notification`` gives it back."""
    if isinstance(notification, AccountMail):
        return AccountMailV1(
            about=notification.kind,
            asked_at=notification.asked_at,
            address=notification.address,
            tenant=notification.tenant_id,
            invitation=notification.invitation_id,
        ).model_dump_json()
    return NotificationV1(
        event=_event_wire(notification.event), channel=notification.channel, endpoint=notification.endpoint_id
    ).model_dump_json()


def decode_notification(body: str) -> Notification | AccountMail | Unreadable:
    """The notification or mail in ``body``, or why it cannot be read."""
    try:
        wire = _TOLD.validate_json(body)
    except ValidationError as error:
        return _unreadable(body, error)
    if isinstance(wire, AccountMailV1):
        return AccountMail(
            kind=wire.about,
            asked_at=instant(wire.asked_at),
            address=wire.address,
            tenant_id=wire.tenant,
            invitation_id=wire.invitation,
        )
    return Notification(event=_event(wire.event), channel=wire.channel, endpoint_id=wire.endpoint)


def encode_event(event: OutcomeEvent) -> str:
    """The text to store; ``decode_event`` gives the event back."""
    return _event_wire(event).model_dump_json()


def decode_event(text: str) -> OutcomeEvent:
    """What ``encode_event`` wrote."""
    return _event(EventV1.model_validate_json(text))


def _event_wire(event: OutcomeEvent) -> EventV1:
    return EventV1(
        type=event.type,
        tenant=event.tenant_id,
        subject=event.subject,
        job=event.job_id,
        due_at=event.due_at,
        attempt=event.attempt,
        at=event.at,
        is_last=event.is_last,
        note=event.note,
    )


def _event(wire: EventV1) -> OutcomeEvent:
    return OutcomeEvent(
        type=wire.type,
        tenant_id=wire.tenant,
        subject=wire.subject,
        job_id=wire.job,
        due_at=instant(wire.due_at),
        attempt=wire.attempt,
        at=instant(wire.at),
        is_last=wire.is_last,
        note=wire.note,
    )


def _unreadable(body: str, error: ValidationError) -> Unreadable:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return Unreadable(body=body[:_LONGEST_BODY_KEPT], reason=json.dumps(faults, default=str)[:_LONGEST_BODY_KEPT])
