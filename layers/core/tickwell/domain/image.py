"""Images that are made from words: what is asked for, and what comes back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PNG: Final = "image/png"
_JPEG: Final = "image/jpeg"
_WEBP: Final = "image/webp"

ENDINGS: Final[Mapping[str, str]] = {PNG: "png", _JPEG: "jpg", _WEBP: "webp"}
"""How the names of files end, by their content type."""

LARGEST_IMAGE_BYTES: Final = 24 * 1024 * 1024
"""Of one image, unpacked from whatever it travelled in."""

ImageOption = bool | int | float | str


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageOrder:
    """What to draw. ``key``: the tenant's own credential for the provider; None: the deployment's.

    ``options`` are words of the provider, which refuses those that it does not know. ``idempotency_key`` is the same in
    each attempt.
    """

    prompt: str
    width: int
    height: int
    count: int
    idempotency_key: str
    options: Mapping[str, ImageOption] = field(default_factory=dict)
    key: str | None = field(default=None, repr=False)

    @property
    def size(self) -> str:
        """As callers spell it."""
        return f"{self.width}x{self.height}"


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeImage:
    """One image. ``revised_prompt``: what the provider made of the prompt, where it tells."""

    data: bytes
    content_type: str
    revised_prompt: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeImages:
    """What an order came to: at least one image, at most as many as were asked for. ``provider`` and ``model``: by."""

    images: tuple[MadeImage, ...]
    provider: str
    model: str


def content_type_of_image(data: bytes) -> str | None:
    """What the bytes say that they are; None for anything but PNG, JPEG and WebP."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _WEBP
    return None
