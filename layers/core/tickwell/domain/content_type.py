"""What a file says it is: its media type."""

import re
from typing import Final

ANY_CONTENT: Final = "application/octet-stream"

_LONGEST: Final = 127
_CONTENT_TYPE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]*"
    r"(; ?[A-Za-z0-9-]+=([A-Za-z0-9!#$&^_.+-]+|\"[A-Za-z0-9 !#$&^_.+-]*\"))*"
)

_BY_ENDING: Final = {
    "avif": "image/avif",
    "csv": "text/csv",
    "gif": "image/gif",
    "gz": "application/gzip",
    "html": "text/html",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "m4a": "audio/mp4",
    "md": "text/markdown",
    "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "svg": "image/svg+xml",
    "tar": "application/x-tar",
    "txt": "text/plain",
    "wav": "audio/wav",
    "webm": "video/webm",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}


def content_type_of(name: str) -> str:
    """What a file of that name most likely is; ``application/octet-stream`` where its ending tells nothing.

    The same on every machine, which the standard library's table is not.
    """
    return _BY_ENDING.get(name.rpartition(".")[2].lower(), ANY_CONTENT)


def is_content_type(text: str) -> bool:
    """Whether ``text`` is a media type, with parameters or without, that can stand in a header as it is."""
    return len(text) <= _LONGEST and _CONTENT_TYPE.fullmatch(text) is not None
