"""``send_email``: sends a mail from the deployment's address, and keeps it as it was sent."""

import asyncio
import json
import re
from email.utils import parseaddr
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator

from tickwell.application.read_history import sent_mail_blob
from tickwell.application.task import Task, TaskContext
from tickwell.domain.account import require_email
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, UnavailableError
from tickwell.domain.mail import MOST_RECIPIENTS, Attachment, Mail
from tickwell.domain.retry import Policy
from tickwell.tasks.mail_attachments import MOST_ATTACHMENTS, AttachmentPayload, attached
from tickwell.tasks.pauses import doubling
from tickwell.tasks.payload import Payload, payload_parser

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _address(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain line breaks or other control characters")
    try:
        return require_email("address", value)
    except InvalidInputError as error:
        raise ValueError(error.reason) from error


def _one_line(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain line breaks or other control characters")
    return value


def _text(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    return value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_MOST_REPLY_TO = 10
_Address = Annotated[str, AfterValidator(_address)]
_Addresses = Annotated[list[_Address], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
_Text = Annotated[str, AfterValidator(_text)]


class SendEmailPayload(Payload):
    """One mail. It comes from the deployment's own address."""

    to: Annotated[
        list[_Address],
        Field(min_length=1, max_length=MOST_RECIPIENTS, description="One address or several"),
        BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    ]
    cc: _Addresses = Field(default=[], description="Who gets a copy, for all to see")
    bcc: _Addresses = Field(default=[], description="Who gets a copy of which the others know nothing")
    subject: Annotated[str, AfterValidator(_one_line)] = Field(min_length=1, max_length=500)
    body: _Text = Field(min_length=1, description="Plain text")
    html: _Text | None = Field(default=None, description="The same as HTML, for those who can show it")
    reply_to: Annotated[
        list[_Address] | None,
        Field(max_length=_MOST_REPLY_TO, description="Where answers go, one address or several"),
        BeforeValidator(_as_list, json_schema_input_type=str | list[str] | None),
    ] = None
    attachments: list[AttachmentPayload] = Field(
        default=[], max_length=MOST_ATTACHMENTS, description="Files of yours, at most 7 MB together"
    )

    @field_validator("cc", "bcc")
    @classmethod
    def _few_enough(cls, value: list[str], info: ValidationInfo) -> list[str]:
        if len(value) + sum(len(info.data.get(field, ())) for field in ("to", "cc")) > MOST_RECIPIENTS:
            raise ValueError(f"must leave at most {MOST_RECIPIENTS} recipients, to, cc and bcc together")
        return value

    @field_validator("attachments")
    @classmethod
    def _inline_ones_are_shown(cls, value: list[AttachmentPayload], info: ValidationInfo) -> list[AttachmentPayload]:
        inline = [one.inline_id for one in value if one.inline_id is not None]
        if inline and info.data.get("html") is None:
            raise ValueError("must have html for an inline_id to be shown in")
        if len(set(inline)) < len(inline):
            raise ValueError("must not have an inline_id twice")
        return value

    def recipients(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """``to``, ``cc`` and ``bcc``; whoever stands in several of them stands in the first."""
        to = tuple(dict.fromkeys(self.to))
        cc = tuple(address for address in dict.fromkeys(self.cc) if address not in to)
        bcc = tuple(address for address in dict.fromkeys(self.bcc) if address not in to and address not in cc)
        return to, cc, bcc


def _mail(payload: SendEmailPayload, context: TaskContext, attachments: tuple[Attachment, ...]) -> Mail:
    to, cc, bcc = payload.recipients()
    domain = parseaddr(context.sender_address)[1].rpartition("@")[2]
    return Mail(
        message_id=f"{context.idempotency_key}@{domain}",
        sender=context.sender_address,
        to=to,
        cc=cc,
        bcc=bcc,
        subject=payload.subject,
        text=payload.body,
        html=payload.html,
        reply_to=tuple(dict.fromkeys(payload.reply_to or ())),
        attachments=attachments,
    )


def _keep(context: TaskContext, name: str, document: dict[str, Any]) -> None:
    """As it was sent, but for secrets that the payload refers to."""
    shown = context.secrets.mask.value(document)
    context.blobs.put(name, json.dumps(shown).encode(), content_type="application/json")


def _document(mail: Mail, payload: SendEmailPayload) -> dict[str, Any]:
    """See ``mail_document``. Of attachments it tells what they were, without their bytes."""
    return {
        "message_id": mail.message_id,
        "from": mail.sender,
        "to": list(mail.to),
        "cc": list(mail.cc),
        "bcc": list(mail.bcc),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "reply_to": list(mail.reply_to),
        "attachments": [
            {
                "file": wanted.file,
                "filename": attachment.filename,
                "content_type": attachment.content_type,
                "size_bytes": len(attachment.data),
                "inline_id": attachment.inline_id,
            }
            for wanted, attachment in zip(payload.attachments, mail.attachments, strict=True)
        ],
        "via": None,
    }


async def _run(payload: SendEmailPayload, context: TaskContext) -> dict[str, Any]:
    """Keep the mail before it is sent, so that no mail goes out of which nothing is known."""
    mail = _mail(payload, context, await attached(payload.attachments, context))
    document = _document(mail, payload)
    name = sent_mail_blob(context.tenant_id, context.execution_id)
    try:
        await asyncio.to_thread(_keep, context, name, document)
    except UnavailableError as error:
        raise AttemptFailedError("BLOBS_UNAVAILABLE", "the mail could not be kept, so it was not sent") from error
    sent = await asyncio.to_thread(context.mailer.send, mail)
    context.log("info", "the mail was accepted", message_id=sent.message_id, via=sent.via)
    try:
        document |= {"message_id": sent.message_id, "via": sent.via}
        await asyncio.to_thread(_keep, context, name, document)
    except UnavailableError:
        context.log("warning", "the kept mail does not show how it was sent: the blob store was not available")
    return {
        "message_id": sent.message_id,
        "preview_url": f"/api/v1/executions/{context.execution_id}/email",
        "to": list(mail.to),
        "via": sent.via,
    }


SEND_EMAIL: Task[SendEmailPayload] = Task(
    name="send_email",
    summary="Sends an e-mail.",
    parse=payload_parser(SendEmailPayload),
    payload_schema=SendEmailPayload.model_json_schema,
    run=_run,
    policy=Policy(max_retries=3, retry=doubling(2.0, most_seconds=300.0)),
)
