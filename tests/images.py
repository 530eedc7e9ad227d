"""Images as providers give them, and orders as tasks give them."""

import base64
from typing import Any, Final

from tickwell.domain.image import ImageOrder

PNG_BYTES: Final = b"\x89PNG\r\n\x1a\n-pixels"
JPEG_BYTES: Final = b"\xff\xd8\xff\xe0-pixels"
WEBP_BYTES: Final = b"RIFF\x04\x00\x00\x00WEBP-pixels"


def b64(data: bytes) -> str:
    """As JSON carries it."""
    return base64.b64encode(data).decode()


def order(**changes: Any) -> ImageOrder:
    """One square image."""
    values = {"prompt": "A lighthouse", "width": 1024, "height": 1024, "count": 1, "idempotency_key": "key-1"}
    return ImageOrder(**{**values, **changes})
