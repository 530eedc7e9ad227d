"""Which names a blob may have: the same on both engines, and harmless as paths."""

import re

_LONGEST_NAME = 900
_SEGMENT = re.compile(r"[A-Za-z0-9_=@+-][A-Za-z0-9._=@+-]{0,199}")


def require_blob_name(name: str) -> str:
    """``name`` if it is ``tenants/<tenant id>/...`` in plain characters; ValueError otherwise.

    No segment is empty or begins with a dot, so that no name leaves its tenant's folder.
    """
    segments = name.split("/")
    if (
        len(name) > _LONGEST_NAME
        or len(segments) < 3
        or segments[0] != "tenants"
        or not all(_SEGMENT.fullmatch(segment) for segment in segments)
    ):
        raise ValueError(f"not a blob's name: {name[:_LONGEST_NAME]!r}")
    return name


def require_blob_folder(folder: str) -> str:
    """``folder`` if it is the beginning of names and ends with a slash; ValueError otherwise."""
    if not folder.endswith("/"):
        raise ValueError(f"not a folder of blobs: {folder[:_LONGEST_NAME]!r}")
    require_blob_name(f"{folder}x")
    return folder
