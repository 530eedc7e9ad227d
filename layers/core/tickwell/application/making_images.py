"""What all makers of images share: how making one fails, and what counts as an image."""

import asyncio
import base64
import binascii
from weakref import WeakKeyDictionary

from tickwell.application.ports import ImageMaker
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.image import LARGEST_IMAGE_BYTES, ImageOrder, MadeImage, MadeImages, content_type_of_image

_LONGEST_REASON = 500


class NoImages:
    """Stands where there is no provider: in task processes, which get no credentials."""

    async def make(self, order: ImageOrder) -> MadeImages:  # noqa: ARG002 - the port's signature
        """See ``ImageMaker.make``."""
        raise AttemptFailedError("IMAGES_NOT_AVAILABLE", "there is no provider of images here", retryable=False)


class TakingTurns:
    """An ``ImageMaker`` that makes few at once: a provider's answer may take a tenth of a worker's memory."""

    def __init__(self, maker: ImageMaker, *, at_once: int) -> None:
        self._maker = maker
        self._at_once = at_once
        # A Lambda function has a loop for each batch of messages.
        self._places: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()

    async def make(self, order: ImageOrder) -> MadeImages:
        """See ``ImageMaker.make``."""
        async with self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._at_once)):
            return await self._maker.make(order)


def prompt_refused(reason: str) -> AttemptFailedError:
    """The provider does not draw this; it would not at another time."""
    return AttemptFailedError("PROMPT_REFUSED", f"the provider refused the prompt: {_bounded(reason)}", retryable=False)


def request_refused(reason: str) -> AttemptFailedError:
    """Something else of the order is not as the provider wants it."""
    return AttemptFailedError("IMAGE_REQUEST_REFUSED", _bounded(reason), retryable=False)


def key_refused(reason: str) -> AttemptFailedError:
    """The credential is wrong, or may not do this. ``reason`` must not repeat it."""
    return AttemptFailedError("IMAGE_KEY_REFUSED", reason, retryable=False)


def busy(reason: str, retry_after_seconds: float | None = None) -> AttemptFailedError:
    """The provider wants less from us for a while."""
    return AttemptFailedError("IMAGE_PROVIDER_BUSY", _bounded(reason), retry_after_seconds=retry_after_seconds)


def provider_failed(reason: str, retry_after_seconds: float | None = None) -> AttemptFailedError:
    """The provider is to blame, and may be better in a while."""
    return AttemptFailedError("IMAGE_PROVIDER_FAILED", _bounded(reason), retry_after_seconds=retry_after_seconds)


def require_known_options(order: ImageOrder, known: frozenset[str], provider: str) -> None:
    """Raises AttemptFailedError for an option that the provider does not have."""
    unknown = sorted(set(order.options) - known)
    if unknown:
        has = ", ".join(sorted(known)) or "none"
        raise request_refused(f"{provider} has no option {ascii(unknown[0][:64])[1:-1]}; it has: {has}")


def made_image(data: bytes, *, revised_prompt: str | None = None) -> MadeImage:
    """``data`` as an image. Raises AttemptFailedError where it is none."""
    content_type = content_type_of_image(data)
    if content_type is None:
        raise provider_failed("what the provider made is neither PNG nor JPEG nor WebP")
    return MadeImage(data=data, content_type=content_type, revised_prompt=revised_prompt)


def decoded(text: str) -> bytes:
    """Base64, bounded. Raises AttemptFailedError."""
    if len(text) > LARGEST_IMAGE_BYTES * 4 // 3:
        raise provider_failed("the image that was made is too large")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise provider_failed("the image that was made cannot be unpacked") from error


def _bounded(reason: str) -> str:
    return reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
