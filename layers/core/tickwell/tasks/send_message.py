"""``send_message``: a short message to a person's phone, by SMS or WhatsApp, or to a system's webhook (B5)."""

import asyncio
import json
import re
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from tickwell.application.http_client import HttpRequest
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.instant import iso
from tickwell.domain.retry import Policy
from tickwell.domain.secret import is_secret_name
from tickwell.domain.text_message import MessageTemplate, PhoneChannel, TextMessage
from tickwell.outgoing_url import sound_url
from tickwell.tasks.http_answer import retry_after_seconds
from tickwell.tasks.pauses import doubling
from tickwell.tasks.payload import Payload, payload_parser
from tickwell.tasks.signing import signature_of
from tickwell.text_form import TextForm

T = TypeVar("T")

_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
_LONGEST_TEXT = {"sms": 1600, "whatsapp": 4096, "webhook": 65_536}
_ANSWER_BYTES_READ = 2_000
_TIMEOUT_SECONDS = 30.0
_GONE = 410
_RETRYABLE_STATUSES = frozenset({408, 425, 429})


def _number(value: str) -> str:
    if not _NUMBER.fullmatch(value):
        raise ValueError("must be a telephone number in international form, as +4915112345678")
    return value


def _secret_name(value: str) -> str:
    if not is_secret_name(value):
        raise ValueError("must be the name of a secret of the organization")
    return value


_TemplateName = Annotated[
    str,
    TextForm(
        pattern=r"^[a-z0-9_]{1,512}$",
        words="must be the template's name at Meta: lower-case letters, digits and underscores, such as order_shipped",
    ),
]
_Language = Annotated[
    str, TextForm(pattern=r"^[a-z]{2,3}(_[A-Za-z]{2,4})?$", words="must be a language, such as en or en_US")
]


class TemplatePayload(Payload):
    """A WhatsApp template that Meta has approved for the sender."""

    name: _TemplateName
    language: _Language = Field(description="As `en_US`")
    parameters: list[Annotated[str, Field(min_length=1, max_length=1024)]] = Field(
        default=[], max_length=20, description="What is put into its body, in order"
    )


class SendMessagePayload(Payload):
    """One message: to a number (`sms`, `whatsapp`), or to a URL (`webhook`)."""

    channel: Literal["webhook", "sms", "whatsapp"]
    to: Annotated[str, AfterValidator(_number)] | None = Field(
        default=None, validate_default=True, description="sms, whatsapp: the number, as +4915112345678"
    )
    url: Annotated[str, AfterValidator(sound_url)] | None = Field(
        default=None, max_length=8192, validate_default=True, description="webhook: http:// or https://"
    )
    template: TemplatePayload | None = Field(default=None, description="whatsapp: instead of text")
    text: str | None = Field(
        default=None, min_length=1, validate_default=True, description="What it says; sms: 1600 characters at most"
    )
    data: Any = Field(default=None, description="webhook: any JSON value that goes along")
    sign_with: Annotated[str, AfterValidator(_secret_name)] | None = Field(
        default=None, description="webhook: the name of the secret (whsec_...) that the request is signed with"
    )
    promotional: bool = Field(default=False, description="sms: it may wait")

    @field_validator("to")
    @classmethod
    def _to_a_phone(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _only_with(info, value, channels=("sms", "whatsapp"), required=True)

    @field_validator("url")
    @classmethod
    def _to_a_webhook(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _only_with(info, value, channels=("webhook",), required=True)

    @field_validator("template")
    @classmethod
    def _of_whatsapp(cls, value: TemplatePayload | None, info: ValidationInfo) -> TemplatePayload | None:
        return _only_with(info, value, channels=("whatsapp",), required=False)

    @field_validator("sign_with")
    @classmethod
    def _of_webhooks(cls, value: str | None, info: ValidationInfo) -> str | None:
        return _only_with(info, value, channels=("webhook",), required=False)

    @field_validator("text")
    @classmethod
    def _says_something(cls, value: str | None, info: ValidationInfo) -> str | None:
        channel = info.data.get("channel")
        if value is None:
            if channel in {"sms", "webhook"} or (channel == "whatsapp" and info.data.get("template") is None):
                raise ValueError("is required" + (", or a template" if channel == "whatsapp" else ""))
            return None
        if info.data.get("template") is not None:
            raise ValueError("must not be given together with template")
        if not value.strip() or "\x00" in value:
            raise ValueError("must say something, without NUL characters")
        if len(value) > _LONGEST_TEXT.get(str(channel), len(value)):
            raise ValueError(f"must have at most {_LONGEST_TEXT[str(channel)]} characters for {channel}")
        return value


def _only_with(info: ValidationInfo, value: T | None, *, channels: tuple[str, ...], required: bool) -> T | None:
    """``value``, which belongs to these channels. Raises ValueError."""
    channel = info.data.get("channel")
    if channel in channels and value is None and required:
        raise ValueError(f"is required for {channel}")
    if channel is not None and channel not in channels and value is not None:
        raise ValueError(f"must not be given for {channel}")
    return value


async def _run(payload: SendMessagePayload, context: TaskContext) -> dict[str, Any]:
    if payload.channel == "webhook":
        return await _to_webhook(payload, context)
    template = payload.template
    message = TextMessage(
        message_id=context.idempotency_key,
        channel=PhoneChannel(payload.channel),
        to=str(payload.to),
        text=payload.text,
        template=None
        if template is None
        else MessageTemplate(name=template.name, language=template.language, parameters=tuple(template.parameters)),
        promotional=payload.promotional,
    )
    sent = await asyncio.to_thread(context.messenger.send, message)
    context.log("info", "the message was accepted", message_id=sent.message_id, via=sent.via)
    return {"channel": payload.channel, "to": payload.to, "message_id": sent.message_id, "via": sent.via}


async def _to_webhook(payload: SendMessagePayload, context: TaskContext) -> dict[str, Any]:
    """Redirects are not followed: a signature is meant for one receiver."""
    body = _webhook_body(payload, context)
    headers = [("Content-Type", "application/json"), ("Idempotency-Key", context.idempotency_key)]
    if payload.sign_with is not None:
        headers += await signature_of(context, payload.sign_with, body)
    if context.traceparent is not None:
        headers.append(("traceparent", context.traceparent))
    request = HttpRequest(
        method="POST",
        url=str(payload.url),
        headers=tuple(headers),
        body=body,
        timeout_seconds=_TIMEOUT_SECONDS,
        max_body_bytes=_ANSWER_BYTES_READ,
        follow_redirects=False,
    )
    response = await context.http.send(request)
    status = response.status_code
    if status == _GONE:
        raise AttemptFailedError("ENDPOINT_GONE", "the webhook answered 410: it is gone", retryable=False)
    if not 200 <= status <= 299:
        retryable = status in _RETRYABLE_STATUSES or status >= 500
        wait = retry_after_seconds(response, context.now()) if retryable else None
        raise AttemptFailedError(
            "HTTP_STATUS", f"the webhook answered {status}", retryable=retryable, retry_after_seconds=wait
        )
    context.log("info", "the webhook took the message", status_code=status)
    return {"channel": "webhook", "message_id": context.idempotency_key, "via": "webhook", "status_code": status}


def _webhook_body(payload: SendMessagePayload, context: TaskContext) -> bytes:
    """The form that Standard Webhooks recommends."""
    data = {
        "message_id": context.idempotency_key,
        "job_id": context.job_id,
        "text": payload.text,
        "data": payload.data,
    }
    document = {"type": "message", "timestamp": iso(context.now()), "data": data}
    return json.dumps(document, separators=(",", ":")).encode()


SEND_MESSAGE: Task[SendMessagePayload] = Task(
    name="send_message",
    summary="Sends a message by SMS or WhatsApp, or to a signed webhook.",
    parse=payload_parser(SendMessagePayload),
    payload_schema=SendMessagePayload.model_json_schema,
    run=_run,
    policy=Policy(max_retries=3, retry=doubling(2.0, most_seconds=300.0)),
)
