"""Images of the models in Amazon Bedrock: Amazon's own (Titan, Nova Canvas) and Stability AI's."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import gcd
from typing import Any, Final, Protocol

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, is_transient, service_errors
from tickwell.application.making_images import (
    busy,
    decoded,
    key_refused,
    made_image,
    prompt_refused,
    provider_failed,
    request_refused,
    require_known_options,
)
from tickwell.domain.errors import UnavailableError
from tickwell.domain.image import ImageOrder, MadeImage, MadeImages

DEFAULT_MODEL: Final = "amazon.nova-canvas-v1:0"
_LARGEST_ANSWER_BYTES: Final = 64 * 1024 * 1024
_STABILITY: Final = "stability."
_AMAZON_OPTIONS: Final = frozenset({"cfgScale", "negativeText", "quality", "seed", "style"})
_STABILITY_OPTIONS: Final = frozenset({"negative_prompt", "output_format", "seed"})
_RATIOS: Final = frozenset({"16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21"})
_OF_TEXT: Final = frozenset({"negativeText", "style"})
_LATER: Final = frozenset(
    {"ModelErrorException", "ModelNotReadyException", "ModelTimeoutException", "ServiceQuotaExceededException"}
)
_DENIED: Final = frozenset({"AccessDeniedException", "ExpiredTokenException", "UnrecognizedClientException"})
_BLOCKED: Final = "content filter"
"""So says a ``ValidationException`` about the prompt, and the field ``error`` about what was made of it."""


class BedrockClient(Protocol):
    """The part of the SDK's client of ``bedrock-runtime`` that is asked."""

    def invoke_model(self, **request: str | bytes) -> Mapping[str, Any]:
        """See the SDK."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class BedrockImages:
    """The ``ImageMaker`` of one model. ``client`` makes or gives the client; it may take its time."""

    client: Callable[[], BedrockClient]
    model: str

    async def make(self, order: ImageOrder) -> MadeImages:
        """See ``ImageMaker.make``. The role of the deployment pays: a key of the tenant is refused."""
        if order.key is not None:
            raise request_refused("images are made by Bedrock here, with the deployment's role: leave key_secret away")
        images = await asyncio.to_thread(self._make, order)
        return MadeImages(images=tuple(images), provider="bedrock", model=self.model)

    def _make(self, order: ImageOrder) -> list[MadeImage]:
        if not self.model.startswith(_STABILITY):
            return _images(self._invoke(_amazon_body(order)), order.count)
        seed = order.options.get("seed")
        images: list[MadeImage] = []
        for number in range(order.count):  # these models make one at a time, and the same one of the same seed
            body = _stability_body(order)
            if isinstance(seed, int):
                body["seed"] = seed + number
            images += _images(self._invoke(body), 1)
        return images

    def _invoke(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            with service_errors("bedrock"):
                answer = self.client().invoke_model(
                    modelId=self.model,
                    body=json.dumps(body).encode(),
                    contentType="application/json",
                    accept="application/json",
                )
                octets = answer["body"].read(_LARGEST_ANSWER_BYTES)
        except UnavailableError as error:
            raise busy(f"Bedrock does not answer now: {error.reason}") from error
        except ClientError as error:
            raise _translated(error, self.model) from error
        try:
            document = json.loads(octets)
        except (ValueError, RecursionError) as error:
            raise provider_failed("Bedrock's answer cannot be read") from error
        if not isinstance(document, dict):
            raise provider_failed("Bedrock's answer cannot be read")
        return document


def _amazon_body(order: ImageOrder) -> dict[str, Any]:
    require_known_options(order, _AMAZON_OPTIONS, "this model of Bedrock")
    of_text = {name: value for name, value in order.options.items() if name in _OF_TEXT}
    config = {name: value for name, value in order.options.items() if name not in _OF_TEXT}
    return {
        "taskType": "TEXT_IMAGE",
        "textToImageParams": {**of_text, "text": order.prompt},
        "imageGenerationConfig": {
            **config,
            "numberOfImages": order.count,
            "width": order.width,
            "height": order.height,
        },
    }


def _stability_body(order: ImageOrder) -> dict[str, Any]:
    """Only the ratio of the sides is told: how large the image becomes is the model's own business."""
    require_known_options(order, _STABILITY_OPTIONS, "this model of Bedrock")
    divisor = gcd(order.width, order.height)
    ratio = f"{order.width // divisor}:{order.height // divisor}"
    if ratio not in _RATIOS:
        raise request_refused(f"size must have sides like one of {', '.join(sorted(_RATIOS))}, not {ratio}")
    return {"output_format": "png", **order.options, "prompt": order.prompt, "aspect_ratio": ratio}


def _images(document: Mapping[str, Any], count: int) -> list[MadeImage]:
    """Some of several may have been blocked; that counts where nothing is left."""
    blocked = document.get("error") or next(filter(None, document.get("finish_reasons") or ()), None)
    found = document.get("images")
    texts = [text for text in found if isinstance(text, str) and text] if isinstance(found, list) else []
    if texts:
        return [made_image(decoded(text)) for text in texts[:count]]
    reason = str(blocked or "")
    if reason.startswith("Filter reason") or _BLOCKED in reason:
        raise prompt_refused(reason)
    raise provider_failed(f"Bedrock made no image: {reason or 'it does not say why'}")


def _translated(error: ClientError, model: str) -> Exception:
    code = error_code(error)
    message = error.response.get("Error", {}).get("Message", "")
    if code == "ValidationException":
        return prompt_refused(message) if _BLOCKED in message else request_refused(f"Bedrock says: {message}")
    if code in _DENIED:  # without its words: they name the account
        return key_refused(f"Bedrock denies the model {model} to this deployment: {code}")
    if code == "ResourceNotFoundException":
        return request_refused(f"Bedrock has no model {model} in this region")
    if code in _LATER or is_transient(error):
        return busy(f"Bedrock does not answer now: {code}")
    return error
