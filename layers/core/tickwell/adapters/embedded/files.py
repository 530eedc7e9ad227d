"""Blobs as files in a folder."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from tickwell.adapters.blob_names import require_blob_folder, require_blob_name
from tickwell.adapters.embedded.atomic import sync_folder, write_pieces
from tickwell.adapters.embedded.folder_walk import SUFFIX, names_in
from tickwell.application.ports import BlobInfo, Clock
from tickwell.domain.content_type import content_type_of
from tickwell.domain.errors import NotFoundError, UnavailableError
from tickwell.domain.instant import from_epoch_ms

_TYPE_SUFFIX: Final = f"{SUFFIX}type"
"""Ends the file that holds a blob's content type, where its name does not tell that."""

_PIECE_BYTES: Final = 1024 * 1024


class FileBlobs:
    """Blobs under ``folder``, which is created when needed, readable by its owner only.

    Files bear the time of ``clock``, so that they age as everything else does; None: that of the disk.
    """

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self._folder = folder
        self._clock = clock

    def put(self, name: str, data: bytes, *, content_type: str) -> None:
        """Write, or overwrite: readers see the old bytes or the new.

        Raises ValueError for a name that is none, UnavailableError when the disk does not take it.
        """
        self.put_pieces(name, iter((data,)), content_type=content_type)

    def put_pieces(self, name: str, pieces: Iterator[bytes], *, content_type: str) -> None:
        """As ``put``. What ``pieces`` raises leaves the blob as it was."""
        path = self._path(name)
        try:
            _make_folders(path.parent)
            self._write_type(name, content_type)
            write_pieces(path, pieces, modified_at=self._now())
        except OSError as error:
            raise _unavailable(error) from error

    def get(self, name: str) -> bytes:
        """Raises NotFoundError."""
        with self.open(name) as file:
            try:
                return file.read()
            except OSError as error:
                raise _unavailable(error) from error

    def open(self, name: str) -> BinaryIO:
        """The blob's bytes as they are now, whatever becomes of it. Raises NotFoundError."""
        try:
            return self._path(name).open("rb")
        except FileNotFoundError as error:
            raise NotFoundError("blob", name) from error
        except OSError as error:
            raise _unavailable(error) from error

    def delete(self, name: str) -> None:
        """Unknown names are ignored."""
        path = self._path(name)
        try:
            self._type_path(name).unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise _unavailable(error) from error

    def delete_many(self, names: Sequence[str]) -> None:
        """See the port."""
        for name in names:
            self.delete(name)

    def list(self, folder: str, *, after: str, limit: int) -> Sequence[str]:
        """See the port. Reads the entries of the folders that it comes through, all of each."""
        try:
            return list(islice(names_in(self._folder, require_blob_folder(folder), after, limit), limit))
        except OSError as error:
            raise _unavailable(error) from error

    def details(self, folder: str, *, after: str, limit: int) -> Sequence[BlobInfo]:
        """See the port."""
        names = names_in(self._folder, require_blob_folder(folder), after, limit)
        try:
            infos = (info for info in map(self._details_of, names) if info is not None)
            return list(islice(infos, limit))
        except OSError as error:
            raise _unavailable(error) from error

    def info(self, name: str) -> BlobInfo:
        """See the port."""
        try:
            found = self._details_of(require_blob_name(name), content_type=self._read_type(name))
        except OSError as error:
            raise _unavailable(error) from error
        if found is None:
            raise NotFoundError("blob", name)
        return found

    def fetch(self, name: str, path: Path) -> None:
        """See the port."""
        with self.open(name) as source, path.open("wb") as target:
            for piece in _pieces(source):
                target.write(piece)

    def store(self, path: Path, name: str, *, content_type: str) -> None:
        """See the port."""
        with path.open("rb") as source:
            self.put_pieces(name, _pieces(source), content_type=content_type)

    def _details_of(self, name: str, *, content_type: str | None = None) -> BlobInfo | None:
        """None for a blob that is gone."""
        try:
            stat = self._path(name).stat()
        except FileNotFoundError:
            return None
        return BlobInfo(
            name=name,
            size_bytes=stat.st_size,
            modified_at=from_epoch_ms(stat.st_mtime_ns // 1_000_000),
            content_type=content_type,
        )

    def _write_type(self, name: str, content_type: str) -> None:
        """Before the blob itself: after a crash between them old bytes have the new type, never new bytes the old."""
        path = self._type_path(name)
        if content_type == content_type_of(name):
            path.unlink(missing_ok=True)
        else:
            write_pieces(path, iter((content_type.encode(),)))

    def _read_type(self, name: str) -> str:
        try:
            return self._type_path(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return content_type_of(name)

    def _path(self, name: str) -> Path:
        return self._folder / (require_blob_name(name) + SUFFIX)

    def _type_path(self, name: str) -> Path:
        return self._folder / (require_blob_name(name) + _TYPE_SUFFIX)

    def _now(self) -> datetime | None:
        return None if self._clock is None else self._clock.now()


def _pieces(source: BinaryIO) -> Iterator[bytes]:
    while piece := source.read(_PIECE_BYTES):
        yield piece


def _make_folders(folder: Path) -> None:
    """Create ``folder`` and its parents so that they survive a power cut."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def _unavailable(error: OSError) -> UnavailableError:
    return UnavailableError("files", type(error).__name__)
