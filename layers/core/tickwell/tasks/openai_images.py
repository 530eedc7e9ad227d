"""Images of OpenAI's API, and of servers that speak as it does."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tickwell.application.http_client import HttpClient, HttpRequest, HttpResponse
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
from tickwell.application.ports import Clock
from tickwell.domain.errors import AttemptFailedError, NotFoundError, UnavailableError
from tickwell.domain.image import LARGEST_IMAGE_BYTES, ImageOrder, MadeImage, MadeImages
from tickwell.tasks.http_answer import retry_after_seconds

DEFAULT_MODEL: Final = "gpt-image-1"
TIMEOUT_SECONDS: Final = 240.0
_FETCH_SECONDS: Final = 60.0
_LARGEST_ANSWER_BYTES: Final = 64 * 1024 * 1024
_OPTIONS: Final = frozenset(
    {"background", "moderation", "output_compression", "output_format", "quality", "style"}  # of any of its models
)
_ONE_AT_A_TIME: Final = frozenset({"dall-e-3"})
_REFUSED_PROMPTS: Final = frozenset({"content_policy_violation", "moderation_blocked"})
_NO_MONEY: Final = frozenset({"billing_hard_limit_reached", "insufficient_quota"})
_LATER: Final = frozenset({408, 409, 425})


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenAiImages:
    """The ``ImageMaker`` of ``url`` (``https://api.openai.com/v1``), through the guarded client.

    ``deployment_key`` reads the key for tenants without one of their own; it may block, and raises NotFoundError where
    there is none, UnavailableError where it cannot be read.
    """

    http: HttpClient
    clock: Clock
    url: str
    model: str
    deployment_key: Callable[[], str]

    async def make(self, order: ImageOrder) -> MadeImages:
        """See ``ImageMaker.make``. Each request is paid for, a repeated one too unless the server knows its key."""
        require_known_options(order, _OPTIONS, "OpenAI")
        key = await asyncio.to_thread(self._key) if order.key is None else order.key
        images: list[MadeImage] = []
        if self.model in _ONE_AT_A_TIME:
            for number in range(order.count):
                images += await self._asked(order, key, 1, f"{order.idempotency_key}-{number}")
        else:
            images += await self._asked(order, key, order.count, order.idempotency_key)
        return MadeImages(images=tuple(images), provider="openai", model=self.model)

    def _key(self) -> str:
        try:
            return self.deployment_key()
        except NotFoundError as error:
            raise AttemptFailedError(
                "IMAGE_KEY_MISSING",
                "the deployment has no key for OpenAI: name a secret of your own in key_secret",
                retryable=False,
            ) from error
        except UnavailableError as error:
            raise AttemptFailedError("SECRETS_UNAVAILABLE", "the key for OpenAI could not be read") from error

    async def _asked(self, order: ImageOrder, key: str, count: int, idempotency_key: str) -> list[MadeImage]:
        response = await self.http.send(
            HttpRequest(
                method="POST",
                url=f"{self.url}/images/generations",
                headers=(
                    ("Authorization", f"Bearer {key}"),
                    ("Content-Type", "application/json"),
                    ("Idempotency-Key", idempotency_key),
                ),
                body=json.dumps(self._body(order, count)).encode(),
                timeout_seconds=TIMEOUT_SECONDS,
                max_body_bytes=_LARGEST_ANSWER_BYTES,
                follow_redirects=False,
            )
        )
        document = _document(response)
        if response.status_code != 200:
            raise self._failure(response, _error_of(document), key)
        entries = document.get("data")
        if not isinstance(entries, list) or not entries or response.truncated:
            raise provider_failed("the provider's answer holds no images")
        return [await self._image(entry) for entry in entries[:count]]

    def _body(self, order: ImageOrder, count: int) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self.model, "prompt": order.prompt, "n": count, "size": order.size}
        if not self.model.startswith("gpt-image"):  # these answer so anyway, and refuse to be asked for it
            body["response_format"] = "b64_json"
        return {**order.options, **body}

    async def _image(self, entry: Any) -> MadeImage:
        """One entry of the answer: the image itself, or a URL that it can be fetched from for a while."""
        match entry:
            case {"b64_json": str(text)}:
                data = decoded(text)
            case {"url": str(url)}:
                data = await self._fetched(url)
            case _:
                raise provider_failed("the provider's answer holds no image where one should be")
        revised = entry.get("revised_prompt")
        return made_image(data, revised_prompt=revised if isinstance(revised, str) else None)

    async def _fetched(self, url: str) -> bytes:
        """Without the key: the URL is a credential itself, and may be of another server."""
        response = await self.http.send(
            HttpRequest(method="GET", url=url, timeout_seconds=_FETCH_SECONDS, max_body_bytes=LARGEST_IMAGE_BYTES)
        )
        if response.status_code != 200 or response.truncated:
            raise provider_failed(f"the image that was made could not be fetched: {response.status_code}")
        return response.body

    def _failure(self, response: HttpResponse, error: Mapping[str, Any], key: str) -> AttemptFailedError:
        status, code = response.status_code, str(error.get("code") or "")
        reason = f"OpenAI answered {status}: {error.get('message') or code or 'no reason'}".replace(key, "***")
        if code in _REFUSED_PROMPTS or error.get("type") == "image_generation_user_error":
            return prompt_refused(reason)
        if code in _NO_MONEY or error.get("type") in _NO_MONEY:
            return AttemptFailedError("IMAGE_QUOTA_EXHAUSTED", "the account at OpenAI is used up", retryable=False)
        if status in {401, 403}:  # without its words: they repeat parts of the key
            return key_refused(f"OpenAI answered {status}: the key is not known, or may not make images")
        if status == 429:
            return busy(reason, retry_after_seconds(response, self.clock.now()))
        if status >= 500 or status in _LATER:
            return provider_failed(reason, retry_after_seconds(response, self.clock.now()))
        return request_refused(reason)


def _document(response: HttpResponse) -> dict[str, Any]:
    """What a proxy in between may answer is not always JSON."""
    try:
        document = json.loads(response.body)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _error_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    error = document.get("error")
    return error if isinstance(error, dict) else {}
