"""The tenant's files as tasks use them."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from tickwell.application.ports import BlobStore
from tickwell.domain.content_type import content_type_of, is_content_type
from tickwell.domain.errors import AttemptFailedError, InvalidInputError, NotFoundError, UnavailableError
from tickwell.domain.task_file import (
    FileInfo,
    file_blob,
    file_folder_blobs,
    files_folder,
)

T = TypeVar("T")

MOST_FILES_LISTED = 1_000


class TaskFiles(Protocol):
    """Files of one tenant, by names such as ``reports/may.pdf``; no name leads out of the tenant's folder.

    ``content_type`` None: what the name's ending tells.

    All calls raise AttemptFailedError: ``INVALID_FILE_NAME`` (not retryable), ``FILES_UNAVAILABLE``; those that write
    ``INVALID_CONTENT_TYPE`` (not retryable); those that move files of this machine ``LOCAL_FILE_FAILED``, as when the
    disk is full.
    """

    async def read(self, name: str) -> bytes:
        """The whole of a file, in memory. Raises AttemptFailedError ``FILE_NOT_FOUND``, not retryable."""
        ...

    async def write(self, name: str, data: bytes, *, content_type: str | None = None) -> None:
        """Write, or overwrite: readers see the old bytes or the new."""
        ...

    async def download(self, name: str, path: Path) -> None:
        """Copy a file to ``path`` on this machine, overwriting it, in pieces: for files of any size.

        Raises AttemptFailedError ``FILE_NOT_FOUND``, not retryable.
        """
        ...

    async def upload(self, path: Path, name: str, *, content_type: str | None = None) -> None:
        """Copy ``path`` of this machine into a file, in pieces.

        Raises AttemptFailedError ``NO_LOCAL_FILE``, not retryable, where ``path`` is no plain file.
        """
        ...

    async def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        ...

    async def list(self, folder: str = "", *, after: str = "", limit: int = MOST_FILES_LISTED) -> Sequence[FileInfo]:
        """Up to ``limit`` files below ``folder`` (empty: all), sorted by name, whose names lie behind ``after``.

        At most 1,000 at a time: go on with the last one's name as ``after``.
        """
        ...


class TenantFiles:
    """The files of ``tenant_id`` in the blob store."""

    def __init__(self, tenant_id: str, blobs: BlobStore) -> None:
        self._tenant_id = tenant_id
        self._blobs = blobs

    async def read(self, name: str) -> bytes:
        """See ``TaskFiles``."""
        return await _done(name, lambda: self._blobs.get(self._blob(name)))

    async def write(self, name: str, data: bytes, *, content_type: str | None = None) -> None:
        """See ``TaskFiles``."""
        told = _content_type(name, content_type)
        await _done(name, lambda: self._blobs.put(self._blob(name), data, content_type=told))

    async def download(self, name: str, path: Path) -> None:
        """See ``TaskFiles``."""
        await _done(name, lambda: self._blobs.fetch(self._blob(name), path))

    async def upload(self, path: Path, name: str, *, content_type: str | None = None) -> None:
        """See ``TaskFiles``."""
        told = _content_type(name, content_type)

        def store() -> None:
            if not path.is_file():
                raise AttemptFailedError("NO_LOCAL_FILE", f"there is no file {path} to be uploaded", retryable=False)
            self._blobs.store(path, self._blob(name), content_type=told)

        await _done(name, store)

    async def delete(self, name: str) -> None:
        """See ``TaskFiles``."""
        await _done(name, lambda: self._blobs.delete(self._blob(name)))

    async def list(self, folder: str = "", *, after: str = "", limit: int = MOST_FILES_LISTED) -> Sequence[FileInfo]:
        """See ``TaskFiles``."""
        return await _done(folder, lambda: self._listed(folder, after, min(limit, MOST_FILES_LISTED)))

    def _listed(self, folder: str, after: str, limit: int) -> Sequence[FileInfo]:
        all_of_them = files_folder(self._tenant_id)
        within = file_folder_blobs(self._tenant_id, folder)
        found = self._blobs.details(within, after=all_of_them + after if after else "", limit=limit)
        return [
            FileInfo(name=one.name.removeprefix(all_of_them), size_bytes=one.size_bytes, modified_at=one.modified_at)
            for one in found
        ]

    def _blob(self, name: str) -> str:
        return file_blob(self._tenant_id, name)


def _content_type(name: str, given: str | None) -> str:
    if given is not None and not is_content_type(given):
        reason = f"{given[:200]!r} is no content type, such as text/plain"
        raise AttemptFailedError("INVALID_CONTENT_TYPE", reason, retryable=False)
    return given or content_type_of(name)


async def _done(name: str, call: Callable[[], T]) -> T:
    """``call`` in a thread, because it waits for the store; its errors as a task's own."""
    try:
        return await asyncio.to_thread(call)
    except InvalidInputError as error:
        raise AttemptFailedError("INVALID_FILE_NAME", f"{name[:200]!r} {error.reason}", retryable=False) from error
    except NotFoundError as error:
        raise AttemptFailedError("FILE_NOT_FOUND", f"there is no file {name}", retryable=False) from error
    except UnavailableError as error:
        raise AttemptFailedError("FILES_UNAVAILABLE", "the store of files could not be reached") from error
    except OSError as error:
        reason = f"a file of this machine could not be read or written: {error.strerror or type(error).__name__}"
        raise AttemptFailedError("LOCAL_FILE_FAILED", reason) from error
