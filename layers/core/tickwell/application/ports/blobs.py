"""The ports of blobs: bytes by name, and links by which somebody outside may move them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class BlobInfo:
    """What is known of a blob without reading it. ``content_type`` None: a listing does not tell it."""

    name: str
    size_bytes: int
    modified_at: datetime
    content_type: str | None = None


class BlobStore(Protocol):
    """Bytes by name. Names begin with ``tenants/<tenant id>/``."""

    def put(self, name: str, data: bytes, *, content_type: str) -> None:
        """Write, or overwrite."""
        ...

    def get(self, name: str) -> bytes:
        """Raises NotFoundError."""
        ...

    def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        ...

    def delete_many(self, names: Sequence[str]) -> None:
        """Delete all of ``names``, in few requests. Unknown ones are ignored.

        What raises has deleted any part of them; it may be repeated.
        """
        ...

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:
        """Up to ``limit`` names that begin with ``folder`` (``tenants/<tenant id>/.../``), sorted, behind ``after``."""
        ...

    def details(self, folder: str, *, after: str, limit: int) -> Sequence[BlobInfo]:
        """As ``list``, with what is known of each."""
        ...

    def info(self, name: str) -> BlobInfo:
        """What is known of one blob, its content type too. Raises NotFoundError."""
        ...

    def fetch(self, name: str, path: Path) -> None:
        """Copy the blob to the file ``path``, in pieces: it may be larger than the memory.

        Raises NotFoundError; OSError when ``path`` cannot be written. What raises may leave a part there.
        """
        ...

    def store(self, path: Path, name: str, *, content_type: str) -> None:
        """Write, or overwrite, the blob with what the file ``path`` holds, in pieces. Readers see all of it or nothing.

        Raises OSError when ``path`` cannot be read.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadLink:
    """A request that writes one blob: ``method`` to ``url`` with exactly these ``headers``."""

    url: str
    method: str = "PUT"
    headers: Mapping[str, str] = field(default_factory=dict)


class BlobLinks(Protocol):
    """Links that are credentials themselves: whoever has one may use it until it expires, and for nothing else."""

    def download_link(self, name: str, *, expires_in: timedelta, filename: str) -> str:
        """Where the blob can be read with GET; a browser saves it as ``filename``. Nothing is looked up."""
        ...

    def upload_link(self, name: str, *, expires_in: timedelta, content_type: str, size_bytes: int) -> UploadLink:
        """How the blob can be written, or overwritten, with exactly ``size_bytes`` of ``content_type``."""
        ...
