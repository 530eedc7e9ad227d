"""The names of blobs that lie as files in folders, in the order of the names, a stretch at a time."""

import heapq
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

SUFFIX: Final = "~"
"""Ends every file and no folder: a blob ``a`` and a blob ``a/b`` can stand side by side, as they do in S3."""


def names_in(root: Path, prefix: str, after: str, at_once: int) -> Iterator[str]:
    """The names under ``prefix`` (a folder, with its slash) that sort behind ``after``.

    ``at_once`` entries of a folder are in memory at a time; the folder is read again for the next ones. A folder that
    lies before ``after`` is not looked into. Raises OSError.
    """
    behind = ""
    while True:
        keys = (key for key in _keys(root / prefix, prefix, after) if key > behind)
        stretch = heapq.nsmallest(at_once, keys)
        for key in stretch:
            if key.endswith("/"):
                yield from names_in(root, key, after, at_once)
            else:
                yield key
        if len(stretch) < at_once:
            return
        behind = stretch[-1]


def _keys(folder: Path, prefix: str, after: str) -> Iterator[str]:
    """What a folder holds: names of blobs, and folders with their slash, which sort as the names in them do."""
    try:
        entries = os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    with entries:
        for entry in entries:
            name = prefix + entry.name
            if entry.name.endswith(SUFFIX):
                if (blob := name.removesuffix(SUFFIX)) > after:
                    yield blob
                continue
            inner = f"{name}/"
            if (inner > after or after.startswith(inner)) and entry.is_dir(follow_symlinks=False):
                yield inner
