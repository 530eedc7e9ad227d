"""Blobs as files in a folder."""

from collections.abc import Sequence
from pathlib import Path

from tickwell.adapters.blob_names import require_blob_folder, require_blob_name
from tickwell.adapters.embedded.atomic import sync_folder, write_file
from tickwell.domain.errors import NotFoundError, UnavailableError

_SUFFIX = "~"
"""Ends every file and no folder: a blob ``a`` and a blob ``a/b`` can stand side by side, as they do in S3."""


class FileBlobs:
    """Blobs under ``folder``, which is created when needed, readable by its owner only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes, *, content_type: str) -> None:  # noqa: ARG002
        """Write, or overwrite: readers see the old bytes or the new. The content type is not kept.

        Raises ValueError for a name that is none, UnavailableError when the disk does not take it.
        """
        path = self._path(name)
        try:
            _make_folders(path.parent)
            write_file(path, data)
        except OSError as error:
            raise _unavailable(error) from error

    def get(self, name: str) -> bytes:
        """Raises NotFoundError."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise NotFoundError("blob", name) from error
        except OSError as error:
            raise _unavailable(error) from error

    def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        try:
            self._path(name).unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:
        """See the port. Reads the whole folder."""
        start = self._folder / require_blob_folder(folder)
        try:
            paths = [path for path in start.rglob(f"*{_SUFFIX}") if path.is_file()]
        except OSError as error:
            raise _unavailable(error) from error
        names = (path.relative_to(self._folder).as_posix().removesuffix(_SUFFIX) for path in paths)
        return sorted(name for name in names if name > after)[:limit]

    def _path(self, name: str) -> Path:
        return self._folder / (require_blob_name(name) + _SUFFIX)


def _make_folders(folder: Path) -> None:
    """Create ``folder`` and its parents so that they survive a power cut."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def _unavailable(error: OSError) -> UnavailableError:
    return UnavailableError("files", type(error).__name__)
