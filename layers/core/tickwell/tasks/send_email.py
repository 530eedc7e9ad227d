"""``send_email``: sends a mail from the deployment's address, and keeps it as it was sent."""

import asyncio
import json
import re
from email.utils import parseaddr
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from tickwell.application.read_history import sent_mail_blob
from tickwell.application.task import Task, TaskContext
from tickwell.domain.account import require_email
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, UnavailableError
from tickwell.domain.mail import Mail
from tickwell.domain.retry import Policy, RetryPolicy, RetryStrategy
from tickwell.tasks.payload import Payload, payload_parser

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _address(value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError("must not contain line breaks or other control characters")
    try:
        return require_email("to", value)
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


_Address = Annotated[str, AfterValidator(_address)]
_Text = Annotated[str, AfterValidator(_text)]


class SendEmailPayload(Payload):
    """One mail. It comes from the deployment's own address."""

    to: Annotated[
        list[_Address],
        Field(min_length=1, max_length=50, description="One address or several"),
        BeforeValidator(_as_list, json_schema_input_type=str | list[str]),
    ]
    subject: Annotated[str, AfterValidator(_one_line)] = Field(min_length=1, max_length=500)
    body: _Text = Field(min_length=1, description="Plain text")
    html: _Text | None = Field(default=None, description="The same as HTML, for those who can show it")
    reply_to: _Address | None = None


def _mail(payload: SendEmailPayload, context: TaskContext) -> Mail:
    domain = parseaddr(context.sender_address)[1].rpartition("@")[2]
    return Mail(
        message_id=f"{context.idempotency_key}@{domain}",
        sender=context.sender_address,
        to=tuple(dict.fromkeys(payload.to)),
        subject=payload.subject,
        text=payload.body,
        html=payload.html,
        reply_to=payload.reply_to,
    )


def _keep(context: TaskContext, name: str, mail: Mail, *, message_id: str, via: str | None) -> None:
    """As it was sent, but for secrets that the payload refers to."""
    document = {
        "message_id": message_id,
        "from": mail.sender,
        "to": list(mail.to),
        "subject": mail.subject,
        "text": mail.text,
        "html": mail.html,
        "reply_to": mail.reply_to,
        "via": via,
    }
    shown = context.secrets.mask.value(document)
    context.blobs.put(name, json.dumps(shown).encode(), content_type="application/json")


async def _run(payload: SendEmailPayload, context: TaskContext) -> dict[str, Any]:
    """Keep the mail before it is sent, so that no mail goes out of which nothing is known."""
    mail = _mail(payload, context)
    name = sent_mail_blob(context.tenant_id, context.execution_id)
    try:
        await asyncio.to_thread(_keep, context, name, mail, message_id=mail.message_id, via=None)
    except UnavailableError as error:
        raise AttemptFailedError("BLOBS_UNAVAILABLE", "the mail could not be kept, so it was not sent") from error
    sent = await asyncio.to_thread(context.mailer.send, mail)
    context.log("info", "the mail was accepted", message_id=sent.message_id, via=sent.via)
    try:
        await asyncio.to_thread(_keep, context, name, mail, message_id=sent.message_id, via=sent.via)
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
    policy=Policy(
        max_retries=3,
        retry=RetryPolicy(
            strategy=RetryStrategy.EXPONENTIAL,
            delay_seconds=2.0,
            factor=2.0,
            max_delay_seconds=300.0,
            jitter=0.2,
        ),
    ),
)
