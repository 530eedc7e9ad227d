"""Bedrock's InvokeModel, spoken by a server on loopback to the SDK's real client."""

import asyncio
import json
from typing import Any, cast

import botocore.session
import pytest
from botocore.config import Config

from tests.images import JPEG_BYTES, PNG_BYTES, b64, order
from tests.integration.http_lab import Respond, Seen, always, answer, serve
from tickwell.adapters.aws.bedrock_images import BedrockClient, BedrockImages
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.image import MadeImages

NOVA = "amazon.nova-canvas-v1:0"
CORE = "stability.stable-image-core-v1:1"


def ok(**document: Any) -> bytes:
    return answer("200 OK", ["Content-Type: application/json"], json.dumps(document).encode())


def error(status: str, code: str, message: str = "no") -> bytes:
    return answer(status, [f"x-amzn-ErrorType: {code}"], json.dumps({"message": message}).encode())


def made(respond: Respond, *, model: str = NOVA, **changes: Any) -> tuple[MadeImages, list[Seen]]:
    async def scenario() -> tuple[MadeImages, list[Seen]]:
        async with serve(respond) as lab:
            session = botocore.session.get_session()
            session.set_credentials("AKIAEXAMPLE", "not-a-secret")
            client = session.create_client(
                "bedrock-runtime",
                region_name="us-east-1",
                endpoint_url=f"http://127.0.0.1:{lab.port}",
                config=Config(retries={"total_max_attempts": 1}, read_timeout=5),
            )
            maker = BedrockImages(client=lambda: cast("BedrockClient", client), model=model)
            return await maker.make(order(**changes)), lab.seen

    return asyncio.run(scenario())


def failed(respond: Respond, **changes: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        made(respond, **changes)
    return caught.value


def test_amazons_models_make_several_images_at_once() -> None:
    options = {"negativeText": "ships", "cfgScale": 6.5, "seed": 7, "quality": "premium"}
    images, (seen,) = made(
        always(ok(images=[b64(PNG_BYTES), b64(PNG_BYTES)], error=None)), count=2, width=1280, options=options
    )
    assert (seen.method, seen.target) == ("POST", "/model/amazon.nova-canvas-v1%3A0/invoke")
    assert seen.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/")
    assert "/us-east-1/bedrock/aws4_request" in seen.headers["authorization"]
    assert json.loads(seen.body) == {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {"text": "A lighthouse", "negativeText": "ships"},
        "imageGenerationConfig": {
            "numberOfImages": 2,
            "width": 1280,
            "height": 1024,
            "cfgScale": 6.5,
            "seed": 7,
            "quality": "premium",
        },
    }
    assert [image.content_type for image in images.images] == ["image/png", "image/png"]
    assert (images.provider, images.model) == ("bedrock", NOVA)


def test_stabilitys_models_make_one_at_a_time_by_the_ratio_of_the_sides() -> None:
    images, seen = made(
        always(ok(seeds=[1], finish_reasons=[None], images=[b64(JPEG_BYTES)])),
        model=CORE,
        count=2,
        width=1536,
        options={"seed": 7, "negative_prompt": "ships", "output_format": "jpeg"},
    )
    assert [json.loads(each.body) for each in seen] == [
        {
            "prompt": "A lighthouse",
            "aspect_ratio": "3:2",
            "negative_prompt": "ships",
            "output_format": "jpeg",
            "seed": seed,
        }
        for seed in (7, 8)
    ]
    assert [image.data for image in images.images] == [JPEG_BYTES, JPEG_BYTES]


def test_what_is_left_after_some_images_were_blocked_counts() -> None:
    some = "Some of the generated images have been blocked by our content filters."
    images, _ = made(always(ok(images=[b64(PNG_BYTES)], error=some)), count=2)
    assert len(images.images) == 1


BLOCKED = "This request has been blocked by our content filters. Please adjust your text prompt."


@pytest.mark.parametrize(
    ("response", "code", "retryable"),
    [
        (error("400 Bad", "ValidationException", BLOCKED), "PROMPT_REFUSED", False),
        (ok(images=[], error="All images have been blocked by our content filters."), "PROMPT_REFUSED", False),
        (ok(finish_reasons=["Filter reason: prompt"]), "PROMPT_REFUSED", False),
        (ok(finish_reasons=["Filter reason: output image"], images=[]), "PROMPT_REFUSED", False),
        (ok(finish_reasons=["Inference error"]), "IMAGE_PROVIDER_FAILED", True),
        (error("400 Bad", "ValidationException", "width is wrong"), "IMAGE_REQUEST_REFUSED", False),
        (error("404 Not Found", "ResourceNotFoundException"), "IMAGE_REQUEST_REFUSED", False),
        (error("403 Forbidden", "AccessDeniedException", "arn:aws:iam::123:role/x"), "IMAGE_KEY_REFUSED", False),
        (error("429 Too Many", "ThrottlingException"), "IMAGE_PROVIDER_BUSY", True),
        (error("429 Too Many", "ModelNotReadyException"), "IMAGE_PROVIDER_BUSY", True),
        (error("408 Timeout", "ModelTimeoutException"), "IMAGE_PROVIDER_BUSY", True),
        (error("400 Bad", "ServiceQuotaExceededException"), "IMAGE_PROVIDER_BUSY", True),
        (error("500 Oops", "InternalServerException"), "IMAGE_PROVIDER_BUSY", True),
        (answer("200 OK", body=b"<html>"), "IMAGE_PROVIDER_FAILED", True),
        (answer("200 OK", body=b"[]"), "IMAGE_PROVIDER_FAILED", True),
        (ok(images=[b64(b"<svg>")]), "IMAGE_PROVIDER_FAILED", True),
        (ok(), "IMAGE_PROVIDER_FAILED", True),
        (b"", "IMAGE_PROVIDER_BUSY", True),
    ],
)
def test_what_bedrock_answers_decides_about_another_attempt(response: bytes, code: str, retryable: bool) -> None:
    refusal = failed(always(response))
    assert (refusal.error_code, refusal.retryable) == (code, retryable)
    assert "arn:" not in refusal.message


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"key": "sk-mine"}, "key_secret"),
        ({"options": {"taskType": "INPAINTING"}}, "taskType"),
        ({"options": {"aspect_ratio": "1:1"}, "model": CORE}, "aspect_ratio"),
        ({"width": 1000, "model": CORE}, "125:128"),
    ],
)
def test_what_bedrock_does_not_take_is_refused_before_anything_is_paid_for(changes: dict[str, Any], said: str) -> None:
    refusal = failed(always(b""), **changes)
    assert (refusal.error_code, refusal.retryable) == ("IMAGE_REQUEST_REFUSED", False)
    assert said in refusal.message
