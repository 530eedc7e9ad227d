"""Links to blobs that a server of our own serves: where they lead, and what a sound one permits."""

from dataclasses import dataclass
from typing import Final

BLOB_PATH: Final = "/api/v1/blobs/"
"""What such a link's path begins with; the blob's name follows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadPermit:
    """Whoever has it may read one blob; a browser saves it as ``filename``."""

    name: str
    filename: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WritePermit:
    """Whoever has it may write one blob, with exactly ``size_bytes`` of ``content_type``."""

    name: str
    content_type: str
    size_bytes: int
