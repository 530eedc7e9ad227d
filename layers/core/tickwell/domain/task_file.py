"""A tenant's files: how they may be named, and which blob keeps each of them.

A file ``reports/may.pdf`` is the blob ``tenants/<tenant id>/files/reports/may.pdf``.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tickwell.domain.errors import InvalidInputError

LONGEST_FILE_NAME: Final = 700
"""In characters; with its tenant's folder it stays well below what S3 takes."""

_SEGMENT: Final = re.compile(r"[A-Za-z0-9_=@+-][A-Za-z0-9._=@+-]{0,199}")
_WHAT_IS_RIGHT: Final = (
    "must be segments of letters, digits and . _ = @ + -, none of which begins with a dot, separated by /, "
    f"at most {LONGEST_FILE_NAME} characters"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FileInfo:
    """One of a tenant's files; ``name`` is relative to the tenant's folder."""

    name: str
    size_bytes: int
    modified_at: datetime


def files_folder(tenant_id: str) -> str:
    """The folder of blobs in which all files of the tenant lie; it ends with a slash."""
    return f"tenants/{tenant_id}/files/"


def file_blob(tenant_id: str, name: str, *, field: str = "name") -> str:
    """The blob of the file ``name``. Raises InvalidInputError(field) for a name that no file may have."""
    if len(name) > LONGEST_FILE_NAME or not all(_SEGMENT.fullmatch(segment) for segment in name.split("/")):
        raise InvalidInputError(field, _WHAT_IS_RIGHT)
    return files_folder(tenant_id) + name


def file_folder_blobs(tenant_id: str, folder: str, *, field: str = "folder") -> str:
    """The folder of blobs for ``folder`` (``images`` or ``images/``; empty: all files); it ends with a slash.

    Raises InvalidInputError(field).
    """
    return f"{file_blob(tenant_id, folder.removesuffix('/'), field=field)}/" if folder else files_folder(tenant_id)
