"""The archive in the blob store of either engine: gzipped JSON lines, one object for each batch, tenant and month.

``tenants/{tenant}/archive/{month}/{removed}-{executions}-{dead letters}-{digest}.jsonl.gz``: ordered by when the first
line was removed from the store (13 digits of epoch milliseconds); the counts spare opening objects to count; the digest
is of the lines, so that the same batch is the same object.
"""

import gzip
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

from tickwell.adapters.archive_documents import (
    DEAD_LETTER,
    DETAIL,
    EXECUTION,
    ArchiveLine,
    Document,
    archived_dead_letter,
    archived_execution,
    detail_name,
    identity,
)
from tickwell.adapters.cursors import decode_cursor, encode_cursor
from tickwell.adapters.documents import from_json, to_json
from tickwell.application.ports import ArchivedMonth, BlobStore, Page
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.execution import Execution
from tickwell.domain.instant import to_epoch_ms

_NAME = re.compile(r".*/(\d{13})-(\d+)-(\d+)-[0-9a-f]{16}\.jsonl\.gz")
_CONTENT_TYPE: Final = "application/gzip"
_MOST_NAMES: Final = 100_000
_NAMES_PER_PAGE: Final = 1000
_OBJECTS_PER_PAGE: Final = 20
_BEHIND_ALL: Final = 1 << 53
_NEIGHBOUR_MS: Final = 15 * 60 * 1000
"""An execution and its detail are removed within minutes of each other: so far apart their objects may lie."""

T = TypeVar("T")


class BlobArchive:
    """Writes batches, and is the ``Archive`` that reads them back."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    def write(self, lines: Sequence[ArchiveLine]) -> int:
        """Keep ``lines``; how many objects that took. The same lines again overwrite the same objects."""
        batches: dict[str, list[ArchiveLine]] = defaultdict(list)
        for line in lines:
            batches[_folder(line.tenant_id, line.month)].append(line)
        for folder, batch in batches.items():
            data = "".join(f"{to_json(line.document)}\n" for line in batch).encode()
            name = folder + _file_name(batch, hashlib.sha256(data).hexdigest()[:16])
            self._blobs.put(name, gzip.compress(data, mtime=0), content_type=_CONTENT_TYPE)
        return len(batches)

    def month(self, tenant_id: str, month: str) -> ArchivedMonth:
        """See the port. Reads names only."""
        folder = _folder(tenant_id, month)
        found = [_NAME.fullmatch(name) for name in self._names(folder, folder, _MOST_NAMES)]
        counts = [(int(match[2]), int(match[3])) for match in found if match is not None]
        return ArchivedMonth(
            month=month,
            objects=len(counts),
            executions=sum(executions for executions, _ in counts),
            dead_letters=sum(dead_letters for _, dead_letters in counts),
        )

    def executions(
        self, tenant_id: str, month: str, *, job_id: str | None, limit: int, cursor: str | None
    ) -> Page[Execution]:
        """See the port."""
        page = self._page(
            _folder(tenant_id, month),
            lambda line: line["kind"] == EXECUTION and job_id in {None, line["job"]},
            limit=limit,
            cursor=cursor,
        )
        return _mapped(page, lambda line: archived_execution(tenant_id, line))

    def dead_letters(self, tenant_id: str, month: str, *, limit: int, cursor: str | None) -> Page[DeadLetter]:
        """See the port."""
        folder = _folder(tenant_id, month)
        page = self._page(folder, lambda line: line["kind"] == DEAD_LETTER, limit=limit, cursor=cursor)
        return _mapped(page, lambda line: archived_dead_letter(tenant_id, line))

    def _page(
        self, folder: str, wanted: Callable[[Document], bool], *, limit: int, cursor: str | None
    ) -> Page[Document]:
        """Up to ``limit`` wanted lines, from at most ``_OBJECTS_PER_PAGE`` objects."""
        start, skipped = _place(folder, cursor)
        names, more = self._around(folder, start)
        walk = _Walk(blobs=self._blobs, names=names)
        found: list[Document] = []
        for index in range(walk.index_of(start), len(walk.names)):
            if walk.opened >= _OBJECTS_PER_PAGE:
                return Page(items=tuple(found), next_cursor=_cursor(walk.names[index], 0))
            for number, line in walk.lines(index):
                if number < skipped or not wanted(line):
                    continue
                if len(found) == limit:
                    return Page(items=tuple(found), next_cursor=_cursor(walk.names[index], number))
                found.append(walk.completed(index, line))
            skipped = 0
        return Page(items=tuple(found), next_cursor=_cursor(names[-1], _BEHIND_ALL) if more else None)

    def _around(self, folder: str, start: str) -> tuple[Sequence[str], bool]:
        """Names from those near ``start`` on, and whether more follow."""
        names = self._names(folder, _before(start), _NAMES_PER_PAGE)
        more = len(names) == _NAMES_PER_PAGE
        if more and names[-1] <= start:
            names = self._names(folder, start[:-1], _NAMES_PER_PAGE)
            more = len(names) == _NAMES_PER_PAGE
        return names, more

    def _names(self, folder: str, after: str, limit: int) -> list[str]:
        return [name for name in self._blobs.list(folder, after=after, limit=limit) if _NAME.fullmatch(name)]


@dataclass(kw_only=True, slots=True)
class _Walk:
    """Objects of a month in order, each opened once. A page needs their neighbours, too."""

    blobs: BlobStore
    names: Sequence[str]
    opened: int = 0
    _lines: dict[int, list[Document]] = field(default_factory=dict)

    def index_of(self, name: str) -> int:
        """The first object that is not before ``name``."""
        return next((index for index, each in enumerate(self.names) if each >= name), len(self.names))

    def lines(self, index: int) -> Iterator[tuple[int, Document]]:
        """The lines of an object by their numbers, without what the object before it has as well (a crash between)."""
        before = {identity(line) for line in self._read(index - 1)} if index > 0 else set()
        for number, line in enumerate(self._read(index)):
            if identity(line) not in before:
                yield number, line

    def completed(self, index: int, line: Document) -> Document:
        """``line`` with its long parts, if they lie in this object or in one that was written about then."""
        if "detail" not in line:
            return line
        written_ms = _removed_ms(self.names[index])
        near = (each for each in range(len(self.names)) if self._is_near(each, written_ms))
        for each in sorted(near, key=lambda other: abs(other - index))[:_OBJECTS_PER_PAGE]:
            for other in self._read(each):
                if other["kind"] == DETAIL and detail_name(other) == detail_name(line):
                    return {**line, "outcome": other["outcome"], "logs": other["logs"]}
        return line

    def _is_near(self, index: int, written_ms: int) -> bool:
        return abs(_removed_ms(self.names[index]) - written_ms) <= _NEIGHBOUR_MS

    def _read(self, index: int) -> list[Document]:
        if index not in self._lines:
            self.opened += 1
            text = gzip.decompress(self.blobs.get(self.names[index])).decode()
            self._lines[index] = [from_json(line) for line in text.split("\n") if line]
        return self._lines[index]


def _mapped(page: Page[Document], make: Callable[[Document], T]) -> Page[T]:
    return Page(items=tuple(make(line) for line in page.items), next_cursor=page.next_cursor)


def _folder(tenant_id: str, month: str) -> str:
    return f"tenants/{tenant_id}/archive/{month}/"


def _file_name(batch: Sequence[ArchiveLine], digest: str) -> str:
    kinds = [line.document["kind"] for line in batch]
    removed_ms = min(to_epoch_ms(line.removed_at) for line in batch)
    return f"{removed_ms:013d}-{kinds.count(EXECUTION)}-{kinds.count(DEAD_LETTER)}-{digest}.jsonl.gz"


def _removed_ms(name: str) -> int:
    match = _NAME.fullmatch(name)
    return 0 if match is None else int(match[1])


def _before(name: str) -> str:
    """A name that sorts before all objects near ``name``."""
    folder, _, _ = name.rpartition("/")
    return f"{folder}/{max(0, _removed_ms(name) - _NEIGHBOUR_MS):013d}"


def _cursor(name: str, number: int) -> str:
    return encode_cursor("archive", [name.rpartition("/")[2], number])


def _place(folder: str, cursor: str | None) -> tuple[str, int]:
    if cursor is None:
        return folder, 0
    name, number = decode_cursor("archive", cursor, (str, int))
    return f"{folder}{name}", int(number)
