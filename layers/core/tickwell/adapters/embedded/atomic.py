"""Writing files so that a reader, also after a power cut, finds the old content or the new, and nothing between."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from tickwell.domain.instant import to_epoch_ms

TEMPORARY_PREFIX = ".tickwell-"
"""What unfinished files begin with; one that a crash left behind is of no use."""


def write_file(path: Path, content: bytes) -> None:
    """Write or replace ``path``, readable by its owner only. The folder must exist."""
    write_pieces(path, iter((content,)))


def write_pieces(path: Path, pieces: Iterator[bytes], *, modified_at: datetime | None = None) -> None:
    """As ``write_file``, with content that need not fit into the memory; ``modified_at`` None: now, by the disk."""
    with _written(path.parent, pieces) as temporary:
        if modified_at is not None:
            nanoseconds = to_epoch_ms(modified_at) * 1_000_000
            os.utime(temporary, ns=(nanoseconds, nanoseconds))
        temporary.replace(path)
    sync_folder(path.parent)


def create_file(path: Path, content: bytes) -> bool:
    """Write ``path`` if there is none, readable by its owner only; False when there is one already."""
    with _written(path.parent, iter((content,))) as temporary:
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
def _written(folder: Path, pieces: Iterator[bytes]) -> Iterator[Path]:
    """A temporary file with ``pieces`` on the disk; removed in the end if it is still there."""
    descriptor, name = tempfile.mkstemp(dir=folder, prefix=TEMPORARY_PREFIX)
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(descriptor)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
