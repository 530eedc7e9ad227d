"""Writing files so that a reader, also after a power cut, finds the old content or the new, and nothing between."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_PREFIX = ".tickwell-"
"""What unfinished files begin with; one that a crash left behind is of no use."""


def write_file(path: Path, content: bytes) -> None:
    """Write or replace ``path``, readable by its owner only. The folder must exist."""
    with _written(path.parent, content) as temporary:
        temporary.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, content: bytes) -> bool:
    """Write ``path`` if there is none, readable by its owner only; False when there is one already."""
    with _written(path.parent, content) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    """Make the folder's entries survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _written(folder: Path, content: bytes) -> Iterator[Path]:
    """A temporary file with ``content`` on the disk; removed in the end if it is still there."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=TEMPORARY_PREFIX)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
