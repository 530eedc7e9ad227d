"""The pictures that a mail brings along and shows itself: a page of it needs them to look as recipients see it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tickwell.application.ports import BlobStore
from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.image import content_type_of_image
from tickwell.domain.task_file import file_blob

MOST_BYTES: Final = 2 * 1024 * 1024
"""Of all of them together: with a third more as text, and the mail, it stays under what Lambda can answer."""

_GIF: Final = (b"GIF87a", b"GIF89a")


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One picture, of a type that its bytes tell."""

    content_type: str
    data: bytes = field(repr=False)


def shown_pictures(blobs: BlobStore, tenant_id: str, attachments: tuple[Mapping[str, Any], ...]) -> dict[str, Picture]:
    """By ``inline_id``, as the files are now. Left out: what is gone, what is no picture, and what is too much.

    Raises UnavailableError.
    """
    found: dict[str, Picture] = {}
    room = MOST_BYTES
    for each in attachments:
        inline_id = each.get("inline_id")
        if not isinstance(inline_id, str):
            continue
        with suppress(NotFoundError, InvalidInputError):
            data = _read(blobs, file_blob(tenant_id, str(each.get("file"))), room)
            content_type = None if data is None else _type_of(data)
            if data is not None and content_type is not None:
                found[inline_id] = Picture(content_type=content_type, data=data)
                room -= len(data)
    return found


def _read(blobs: BlobStore, name: str, room: int) -> bytes | None:
    """None where it is larger than ``room``, which is looked at before it is read."""
    if blobs.info(name).size_bytes > room:
        return None
    data = blobs.get(name)
    return data if len(data) <= room else None


def _type_of(data: bytes) -> str | None:
    return "image/gif" if data.startswith(_GIF) else content_type_of_image(data)
