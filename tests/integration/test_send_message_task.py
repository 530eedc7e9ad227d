"""``send_message``: to a real webhook, to AWS on loopback by the SDK's real clients, and into the outbox."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.aws_answers import Aws, Said, aws_on_loopback, refusal
from tests.doubles import NOON, FakeClock
from tests.integration.http_lab import Respond, Seen, always, answer, guarded, serve
from tests.server_process import eventually
from tests.task_contexts import task_context
from tickwell.adapters.aws.end_user_messaging import EndUserMessenger
from tickwell.adapters.embedded.message_outbox import OutboxMessenger
from tickwell.application.attempt_secrets import TenantAttemptSecrets
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, NotFoundError
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.webhook import is_signed, new_secret
from tickwell.tasks.registry import built_in_tasks

LOOPBACK = OutboundRules.allowing(["127.0.0.1"])
SECRETS = (new_secret(b"n" * 32), new_secret(b"o" * 32))
SMS = {"channel": "sms", "to": "+4915112345678", "text": "Your table is ready — ä"}
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Secrets:
    """The tenant's."""

    def versions(self, _tenant_id: str, name: str) -> tuple[str, ...]:
        """Two of each, but for one that is none of the scheme."""
        if name == "missing":
            raise NotFoundError("secret", name)
        return ("not base64!",) if name == "other" else SECRETS


@pytest.fixture
def aws() -> Iterator[Aws]:
    with aws_on_loopback() as server:
        yield server


def run(context: TaskContext, **payload: Any) -> Any:
    return asyncio.run(built_in_tasks().execute("send_message", payload, context))


def fail(context: TaskContext, **payload: Any) -> tuple[str, bool]:
    with pytest.raises(AttemptFailedError) as caught:
        run(context, **payload)
    assert "arn of something" not in caught.value.message
    return caught.value.error_code, caught.value.retryable


def phones(
    aws: Aws, *, sms: str | None = "+100", whatsapp: str | None = "phone-number-id-0123", read_timeout: float = 30
) -> TaskContext:
    messenger = EndUserMessenger(
        aws.client("pinpoint-sms-voice-v2", read_timeout=read_timeout),
        aws.client("socialmessaging", read_timeout=read_timeout),
        sms_sender=sms,
        whatsapp_sender=whatsapp,
    )
    return replace(task_context(), messenger=messenger)


def to_webhook(respond: Respond, **payload: Any) -> tuple[Any, list[Seen]]:
    async def scenario() -> tuple[Any, list[Seen]]:
        async with serve(respond) as lab:
            context = task_context(
                http=guarded(LOOPBACK),
                clock=FakeClock(),
                secrets=TenantAttemptSecrets(Secrets(), "t1"),
                traceparent=TRACE,
            )
            whole = {"channel": "webhook", "url": f"http://127.0.0.1:{lab.port}/in", "text": "hello", **payload}
            return await built_in_tasks().execute("send_message", whole, context), lab.seen

    return asyncio.run(scenario())


def test_a_webhook_gets_the_message_signed_with_both_secrets() -> None:
    output, (seen,) = to_webhook(always(answer("202 Accepted")), data={"n": [1]}, sign_with="partner")
    body = json.loads(seen.body)
    assert (body["type"], body["timestamp"]) == ("message", "2026-11-22T12:00:00.000Z")
    assert (body["data"]["text"], body["data"]["data"]) == ("hello", {"n": [1]})
    assert seen.headers["webhook-id"] == seen.headers["idempotency-key"] == body["data"]["message_id"]
    assert seen.headers["traceparent"] == TRACE
    for secret in SECRETS:
        assert is_signed([secret], seen.headers, seen.body, NOON)
    assert output == {
        "channel": "webhook",
        "message_id": body["data"]["message_id"],
        "via": "webhook",
        "status_code": 202,
    }


def test_without_a_secret_a_webhook_gets_it_unsigned() -> None:
    _, (seen,) = to_webhook(always(answer("200 OK")))
    assert "webhook-signature" not in seen.headers


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        ("410 Gone", "ENDPOINT_GONE", False),
        ("404 Not Found", "HTTP_STATUS", False),
        ("302 Found", "HTTP_STATUS", False),
        ("429 Too Many Requests", "HTTP_STATUS", True),
        ("503 Service Unavailable", "HTTP_STATUS", True),
    ],
)
def test_what_a_webhook_answers_says_whether_to_try_again(status: str, code: str, retryable: bool) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        to_webhook(always(answer(status, ["Retry-After: 7", "Location: http://127.0.0.1:1/"])))
    assert (caught.value.error_code, caught.value.retryable) == (code, retryable)
    assert caught.value.retry_after_seconds == (7 if retryable else None)


@pytest.mark.parametrize(("name", "code"), [("missing", "SECRET_NOT_FOUND"), ("other", "INVALID_SIGNING_SECRET")])
def test_a_message_that_cannot_be_signed_is_not_sent(name: str, code: str) -> None:
    with pytest.raises(AttemptFailedError) as caught:
        to_webhook(always(answer("200 OK")), sign_with=name)
    assert (caught.value.error_code, caught.value.retryable) == (code, False)


def test_a_webhook_at_a_private_address_is_not_reached() -> None:
    context = task_context(http=guarded(OutboundRules.allowing([])))
    assert fail(context, channel="webhook", url="http://127.0.0.1:1/", text="x") == ("BLOCKED_ADDRESS", False)


def test_an_sms_goes_out_from_the_deployments_number(aws: Aws) -> None:
    aws.answer = lambda _: Said(body={"MessageId": "sms-1"})
    context = phones(aws)
    assert run(context, **SMS, promotional=True) == {
        "channel": "sms",
        "to": SMS["to"],
        "message_id": "sms-1",
        "via": "aws-sms",
    }
    (asked,) = aws.asked
    assert asked.headers["x-amz-target"] == "PinpointSMSVoiceV2.SendTextMessage"
    assert asked.json == {
        "DestinationPhoneNumber": SMS["to"],
        "OriginationIdentity": "+100",
        "MessageBody": SMS["text"],
        "MessageType": "PROMOTIONAL",
        "Context": {"tickwell_message_id": context.idempotency_key},
    }


@pytest.mark.parametrize("template", [False, True])
def test_a_whatsapp_message_is_in_metas_form(aws: Aws, template: bool) -> None:
    aws.answer = lambda _: Said(body={"messageId": "wa-1"})
    said = {"template": {"name": "ready", "language": "en_US", "parameters": ["Ada"]}} if template else {"text": "hi"}
    context = phones(aws)
    assert run(context, channel="whatsapp", to=SMS["to"], **said)["message_id"] == "wa-1"
    (asked,) = aws.asked
    assert asked.path == "/v1/whatsapp/send"
    sent = json.loads(base64.b64decode(asked.json["message"]))
    assert (asked.json["originationPhoneNumberId"], sent["to"]) == ("phone-number-id-0123", SMS["to"])
    assert sent["biz_opaque_callback_data"] == context.idempotency_key
    if template:
        parameters = [{"type": "text", "text": "Ada"}]
        components = [{"type": "body", "parameters": parameters}]
        assert sent["template"] == {"name": "ready", "language": {"code": "en_US"}, "components": components}
    else:
        assert sent["text"] == {"preview_url": False, "body": "hi"}


@pytest.mark.parametrize(
    ("said", "code", "retryable"),
    [
        (refusal("ThrottlingException"), "MESSAGES_THROTTLED", True),
        (refusal("ThrottledRequestException", 429), "MESSAGES_THROTTLED", True),
        (refusal("InternalServerException", 500), "MESSAGES_UNAVAILABLE", True),
        (refusal("DependencyException", 502), "MESSAGES_UNAVAILABLE", True),
        (refusal("ValidationException", Reason="DESTINATION_COUNTRY_BLOCKED"), "MESSAGE_REJECTED", False),
        (refusal("ConflictException", Reason="DESTINATION_PHONE_NUMBER_OPTED_OUT"), "RECIPIENT_OPTED_OUT", False),
        (refusal("ConflictException", Reason="MESSAGE_TYPE_MISMATCH"), "MESSAGE_REJECTED", False),
        (
            refusal("ServiceQuotaExceededException", Reason="MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT"),
            "SPENDING_LIMIT_REACHED",
            False,
        ),
        (refusal("ResourceNotFoundException"), "MESSAGE_REJECTED", False),
        (refusal("AccessDeniedException", 403), "MESSAGE_REJECTED", False),
    ],
)
def test_refusals_say_whether_to_try_again(aws: Aws, said: Said, code: str, retryable: bool) -> None:
    aws.answer = lambda _: said
    assert fail(phones(aws), **SMS) == (code, retryable)
    assert len(aws.asked) == 1


def test_a_service_that_does_not_answer_is_not_asked_twice(aws: Aws) -> None:
    silent = threading.Event()

    def wait(_: Any) -> Said:
        silent.wait(10)
        return Said()

    aws.answer = wait
    assert fail(phones(aws, read_timeout=0.3), **SMS) == ("MESSAGES_UNAVAILABLE", True)
    silent.set()
    eventually(lambda: aws.asked)  # the service may hear of it only when nobody waits any more
    assert len(aws.asked) == 1


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
def test_without_a_sender_there_is_no_such_channel(aws: Aws, channel: str) -> None:
    whole = {**SMS, "channel": channel}
    assert fail(phones(aws, sms=None, whatsapp=None), **whole) == ("CHANNEL_NOT_CONFIGURED", False)
    assert fail(task_context(), **whole) == ("CHANNEL_NOT_CONFIGURED", False)
    assert aws.asked == []


def test_the_outbox_keeps_a_message_that_is_sent_twice_once(tmp_path: Path) -> None:
    context = replace(task_context(), messenger=OutboxMessenger(tmp_path / "outbox", FakeClock()))
    outputs = [run(context, **SMS) for _ in range(2)]
    told = {"channel": "sms", "to": SMS["to"], "message_id": context.idempotency_key, "via": "outbox"}
    assert outputs == [told, told]
    (file,) = (tmp_path / "outbox").glob("*.json")
    kept = json.loads(file.read_text())
    assert (kept["to"], kept["text"], kept["message_id"]) == (SMS["to"], SMS["text"], context.idempotency_key)


def test_an_outbox_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    context = replace(task_context(), messenger=OutboxMessenger(tmp_path / "file", FakeClock()))
    assert fail(context, **SMS) == ("MESSAGES_UNAVAILABLE", True)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": "0151 1234"}, "payload.to"),
        ({"to": None}, "payload.to"),
        ({"to": "+49151123\n"}, "payload.to"),
        ({"text": "x" * 1601}, "payload.text"),
        ({"text": "  "}, "payload.text"),
        ({"text": None}, "payload.text"),
        ({"url": "https://example.com/"}, "payload.url"),
        ({"sign_with": "a"}, "payload.sign_with"),
        ({"template": {"name": "a", "language": "en"}}, "payload.template"),
        ({"channel": "pigeon"}, "payload.channel"),
        ({"channel": "webhook", "to": None, "url": None}, "payload.url"),
        ({"channel": "webhook", "to": None, "url": "ftp://example.com"}, "payload.url"),
        ({"channel": "whatsapp", "text": None}, "payload.text"),
        ({"channel": "whatsapp", "template": {"name": "a", "language": "en"}}, "payload.text"),
        ({"extra": 1}, "payload.extra"),
    ],
)
def test_a_message_that_cannot_be_sent_is_refused(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        built_in_tasks().validate("send_message", {**SMS, **changes})
    faults = [caught.value.field, *(name for name, _ in caught.value.also)]
    assert field in faults


def test_texts_with_references_to_secrets_are_taken() -> None:
    payload = {**SMS, "to": "{{secret:phone}}"}
    built_in_tasks().validate("send_message", payload)
