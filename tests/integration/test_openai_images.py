"""OpenAI's images API, spoken by a server on loopback."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.doubles import FakeClock
from tests.images import JPEG_BYTES, PNG_BYTES, b64, order
from tests.integration.http_lab import Respond, Seen, always, answer, guarded, serve
from tickwell.domain.errors import AttemptFailedError, NotFoundError, UnavailableError
from tickwell.domain.image import MadeImages
from tickwell.domain.outbound import OutboundRules
from tickwell.tasks.openai_images import OpenAiImages

LOOPBACK = OutboundRules.allowing(["127.0.0.1"])
KEY = "sk-the-key-of-the-deployment"


def ok(*entries: dict[str, Any]) -> bytes:
    return answer("200 OK", ["Content-Type: application/json"], json.dumps({"created": 1, "data": entries}).encode())


def error(status: str, headers: tuple[str, ...] = (), **fields: Any) -> bytes:
    return answer(status, ["Content-Type: application/json", *headers], json.dumps({"error": fields}).encode())


def made(
    respond: Respond, *, model: str = "gpt-image-1", deployment_key: Callable[[], str] = lambda: KEY, **changes: Any
) -> tuple[MadeImages, list[Seen]]:
    async def scenario() -> tuple[MadeImages, list[Seen]]:
        async with serve(respond) as lab:
            maker = OpenAiImages(
                http=guarded(LOOPBACK),
                clock=FakeClock(),
                url=f"http://127.0.0.1:{lab.port}/v1",
                model=model,
                deployment_key=deployment_key,
            )
            return await maker.make(order(**changes)), lab.seen

    return asyncio.run(scenario())


def failed(respond: Respond, **changes: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        made(respond, **changes)
    return caught.value


def test_the_request_is_as_the_api_wants_it_and_the_images_come_back() -> None:
    images, (seen,) = made(
        always(ok({"b64_json": b64(PNG_BYTES)}, {"b64_json": b64(JPEG_BYTES), "revised_prompt": "A tall one"})),
        count=2,
        width=1536,
        options={"quality": "high"},
    )
    assert (seen.method, seen.target) == ("POST", "/v1/images/generations")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["idempotency-key"] == "key-1"
    body = {"model": "gpt-image-1", "prompt": "A lighthouse", "n": 2, "size": "1536x1024", "quality": "high"}
    assert json.loads(seen.body) == body
    assert [(image.data, image.content_type, image.revised_prompt) for image in images.images] == [
        (PNG_BYTES, "image/png", None),
        (JPEG_BYTES, "image/jpeg", "A tall one"),
    ]
    assert (images.provider, images.model) == ("openai", "gpt-image-1")


def test_older_models_are_asked_for_bytes_one_image_at_a_time() -> None:
    images, seen = made(always(ok({"b64_json": b64(PNG_BYTES)})), model="dall-e-3", count=2)
    assert [json.loads(each.body)["n"] for each in seen] == [1, 1]
    assert {json.loads(each.body)["response_format"] for each in seen} == {"b64_json"}
    assert len({each.headers["idempotency-key"] for each in seen}) == 2
    assert len(images.images) == 2


def test_an_image_behind_a_url_is_fetched_without_the_key() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        if seen.method == "POST":
            port = writer.get_extra_info("sockname")[1]
            writer.write(ok({"url": f"http://127.0.0.1:{port}/image.png?signature=x"}))
        else:
            writer.write(answer("200 OK", ["Content-Type: image/png"], PNG_BYTES))

    images, (_, fetched) = made(respond)
    assert images.images[0].data == PNG_BYTES
    assert "authorization" not in fetched.headers


def test_a_url_that_leads_inside_is_not_followed() -> None:
    refused = failed(always(ok({"url": "http://169.254.169.254/latest/meta-data"})))
    assert (refused.error_code, refused.retryable) == ("BLOCKED_ADDRESS", False)


def test_a_tenants_own_key_goes_before_the_deployments() -> None:
    _, (seen,) = made(always(ok({"b64_json": b64(PNG_BYTES)})), deployment_key=_no_key, key="sk-of-the-tenant")
    assert seen.headers["authorization"] == "Bearer sk-of-the-tenant"


def _no_key() -> str:
    raise NotFoundError("secret", "openai-api-key")


def _unreadable_key() -> str:
    raise UnavailableError("secretsmanager", "Throttling")


def test_without_any_key_nobody_is_asked() -> None:
    missing = failed(always(b""), deployment_key=_no_key)
    assert (missing.error_code, missing.retryable) == ("IMAGE_KEY_MISSING", False)
    unreadable = failed(always(b""), deployment_key=_unreadable_key)
    assert (unreadable.error_code, unreadable.retryable) == ("SECRETS_UNAVAILABLE", True)


@pytest.mark.parametrize(
    ("response", "code", "retryable", "after"),
    [
        (error("400 Bad Request", code="content_policy_violation", message="not that"), "PROMPT_REFUSED", False, None),
        (error("400 Bad Request", code="moderation_blocked", message="not that"), "PROMPT_REFUSED", False, None),
        (error("400 Bad Request", type="image_generation_user_error"), "PROMPT_REFUSED", False, None),
        (error("400 Bad Request", code="invalid_size", message="size"), "IMAGE_REQUEST_REFUSED", False, None),
        (error("404 Not Found", code="model_not_found", message="no model"), "IMAGE_REQUEST_REFUSED", False, None),
        (error("400 Bad Request", code="billing_hard_limit_reached"), "IMAGE_QUOTA_EXHAUSTED", False, None),
        (error("429 Too Many", code="insufficient_quota"), "IMAGE_QUOTA_EXHAUSTED", False, None),
        (error("429 Too Many", type="insufficient_quota"), "IMAGE_QUOTA_EXHAUSTED", False, None),
        (error("401 No", code="invalid_api_key", message=f"{KEY} is wrong"), "IMAGE_KEY_REFUSED", False, None),
        (error("403 Forbidden", message="verify your organization"), "IMAGE_KEY_REFUSED", False, None),
        (error("429 Too Many", ("Retry-After: 17",), code="rate_limit_exceeded"), "IMAGE_PROVIDER_BUSY", True, 17.0),
        (error("429 Too Many", code="rate_limit_exceeded"), "IMAGE_PROVIDER_BUSY", True, None),
        (error("500 Oops", type="server_error", message=f"{KEY} broke it"), "IMAGE_PROVIDER_FAILED", True, None),
        (error("503 Busy", ("Retry-After: 5",)), "IMAGE_PROVIDER_FAILED", True, 5.0),
        (answer("502 Bad Gateway", body=b"<html>"), "IMAGE_PROVIDER_FAILED", True, None),
        (answer("301 Moved", ["Location: http://127.0.0.1/"]), "IMAGE_REQUEST_REFUSED", False, None),
        (answer("200 OK", body=b"[]"), "IMAGE_PROVIDER_FAILED", True, None),
        (answer("200 OK", body=b"<html>"), "IMAGE_PROVIDER_FAILED", True, None),
        (ok(), "IMAGE_PROVIDER_FAILED", True, None),
        (ok({"b64_json": "?"}), "IMAGE_PROVIDER_FAILED", True, None),
        (ok({"b64_json": b64(b"<svg>")}), "IMAGE_PROVIDER_FAILED", True, None),
        (ok({"text": "x"}), "IMAGE_PROVIDER_FAILED", True, None),
    ],
)
def test_what_the_provider_answers_decides_about_another_attempt(
    response: bytes, code: str, retryable: bool, after: float | None
) -> None:
    refusal = failed(always(response))
    assert (refusal.error_code, refusal.retryable, refusal.retry_after_seconds) == (code, retryable, after)
    assert KEY not in refusal.message


def test_an_unknown_option_is_refused_before_anything_is_paid_for() -> None:
    refusal = failed(always(b""), options={"stream": True})
    assert refusal.error_code == "IMAGE_REQUEST_REFUSED"
    assert "stream" in refusal.message
    assert "quality" in refusal.message
