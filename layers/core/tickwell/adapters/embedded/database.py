"""The SQLite file behind the embedded engine: one writer, any number of readers, nothing lost by ``kill -9``."""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType

from tickwell.adapters.embedded.fair_lock import FairLock
from tickwell.adapters.embedded.migrations.steps import migrate
from tickwell.adapters.embedded.wal import use_wal
from tickwell.domain.errors import UnavailableError

_BUSY_SECONDS = 5.0
_PATIENCE_SECONDS = 10.0
_STATEMENTS_CACHED = 256
_LOG_PAGES = 4000
"""After so many, 16 MB, the log is written back, for which whoever commits then waits: seldom, so that few do, but not
beyond the 4,062 that the first part of the log's index holds, so that reading stays as quick."""

_NO_SAVEPOINT = ""
"""Of a part that needs none."""

_TRANSIENT = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_READONLY,
    }
)


class _SqliteErrors:
    """Raises UnavailableError for what may pass by itself; everything else is a fault of ours and propagates."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing to prepare: one object serves all."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in _TRANSIENT:
            raise UnavailableError("sqlite", error.sqlite_errorname) from error


_SQLITE_ERRORS = _SqliteErrors()


class _Group:
    """Transactions that reach the disk together: one commit, one sync, one fate. ``durable``: it waits for the disk."""

    def __init__(self, *, durable: bool) -> None:
        self.durable = durable
        self.members = 0
        self.error: sqlite3.Error | None = None
        self._ended = threading.Event()

    @property
    def ended(self) -> bool:
        """Whether its fate is known."""
        return self._ended.is_set()

    def end(self, error: sqlite3.Error | None = None) -> None:
        """Committed, or lost to ``error``."""
        self.error = error
        self._ended.set()

    def wait(self) -> None:
        """Wait for its end, but not for ever: whoever was to bring it about may have been interrupted."""
        self._ended.wait(_PATIENCE_SECONDS)

    def require_open(self) -> None:
        """Raises what it was lost to, when a part of it has failed so that SQLite gave all of it up."""
        if self.error is not None:
            raise self.error


class Database:
    """A database in a file, or in memory for as long as this object lives (``":memory:"``).

    Safe for threads and, in a file, for processes. A committed transaction has reached the disk (WAL with full sync);
    those of several threads are committed together, so that they share one sync. One that is not durable does not wait
    for the disk: a power cut may undo it, if no durable one has followed, and nothing else can.
    Opening migrates the schema; raises SchemaTooNewError for the file of a newer release. A disk that is full or
    broken and a lock that another process holds for more than 5 s raise UnavailableError.
    """

    def __init__(self, path: Path | str) -> None:
        self._path = str(path)
        self._in_memory = self._path == ":memory:"
        self._lock = FairLock()
        self._group: _Group | None = None
        self._block: _Group | None = None
        self._afterwards: list[Callable[[], None]] = []
        self._closed = False
        self._idle_readers: deque[sqlite3.Connection] = deque()
        self._watcher: sqlite3.Connection | None = None
        with _SQLITE_ERRORS:
            self._writer = self._connect()
        self._syncs = True
        with ExitStack() as undo:
            undo.callback(self.close)
            with self.transaction() as cursor:
                migrate(cursor)
            undo.pop_all()

    @contextmanager
    def transaction(self, *, durable: bool = True, one_row: bool = False) -> Iterator[sqlite3.Cursor]:
        """A cursor whose writes are committed together when the block ends, or not at all when it raises.

        One block at a time; only within ``together`` may it be nested. The writes are on the disk when the block has
        ended; where it is not ``durable`` they are only sure to survive the end of the process. ``one_row``: the block
        ends with the only statement in it, which writes one row: what fails of that SQLite undoes by itself.
        """
        with self._lock, _SQLITE_ERRORS:
            if self._block is not None:  # of this thread, which has the lock
                with self._member(self._block, _NO_SAVEPOINT if one_row else "part") as cursor:
                    yield cursor
                return
            group = self._join(durable=durable)
            with self._member(group, (_NO_SAVEPOINT if one_row else "member") if group.members else None) as cursor:
                yield cursor
            group.members += 1
            leads = group.members == 1
        if not leads:
            group.wait()
        self._commit(group)

    @contextmanager
    def together(self) -> Iterator[None]:
        """What this thread writes within the block is one transaction: committed when it ends, or lost when it raises.

        A transaction inside that raises undoes its own writes only. What is read is what had been committed before.
        Others wait for it to end: it must not wait for anything itself, nor be nested.
        """
        with self.transaction():
            self._block = self._group
            afterwards = self._afterwards = []
            try:
                yield
            finally:
                self._block = None
        for act in afterwards:
            act()

    def afterwards(self, act: Callable[[], None]) -> None:
        """Do ``act`` once what this thread has written is committed: now, or when its ``together`` has ended."""
        if self._lock.is_mine and self._block is not None:
            self._afterwards.append(act)
        else:
            act()

    @contextmanager
    def _member(self, group: _Group, savepoint: str | None) -> Iterator[sqlite3.Cursor]:
        """A part of the open transaction that can be undone by itself; with None for a savepoint it is all there is."""
        with closing(self._writer.cursor()) as cursor:
            try:
                group.require_open()
                if savepoint:
                    cursor.execute(f"SAVEPOINT {savepoint}")
                yield cursor
                group.require_open()
                if savepoint:
                    cursor.execute(f"RELEASE {savepoint}")
            except BaseException as error:
                self._leave(group, error, savepoint)
                raise

    def _join(self, *, durable: bool) -> _Group:
        """The group of the transaction that is open, or of a new one, whose first member needs no savepoint.

        One that does not wait for the disk is committed before somebody joins who must.
        """
        if self._group is not None and durable and not self._group.durable:
            self._end(self._group)
        if self._group is None:
            if durable != self._syncs:
                self._sync(durable)
            self._writer.execute("BEGIN IMMEDIATE")
            self._group = _Group(durable=durable)
        return self._group

    def _sync(self, durable: bool) -> None:
        """Whether commits wait for the disk from now on.

        A second connection that does not wait would cost more: each would read anew what the other has changed, page by
        page. SQLite obeys this pragma while it prepares it, and only a script is prepared each time it is sent.
        """
        self._writer.executescript(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._syncs = durable

    def _leave(self, group: _Group, error: BaseException, savepoint: str | None) -> None:
        """Undo what the current member wrote; the others stay, unless SQLite has undone them all (a full disk)."""
        if self._writer.in_transaction:
            if savepoint:
                self._writer.execute(f"ROLLBACK TO {savepoint}")
                self._writer.execute(f"RELEASE {savepoint}")
            if savepoint is not None:
                return
            self._writer.rollback()
        group.end(error if isinstance(error, sqlite3.Error) else group.error)
        self._group = None

    def _commit(self, group: _Group) -> None:
        """See to it that ``group`` is on the disk. Its first member commits for all, once all have joined who wait."""
        with _SQLITE_ERRORS:
            if not group.ended:
                with self._lock:
                    if not group.ended:
                        self._end(group)
            group.require_open()

    def _end(self, group: _Group) -> None:
        self._group = None
        try:
            self._writer.execute("COMMIT")
            group.end()
        except sqlite3.Error as error:
            group.end(error)
            if self._writer.in_transaction:
                self._writer.rollback()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Cursor]:
        """A cursor for reading what has been committed; it does not wait for writers of a file."""
        if self._in_memory:
            with self._lock, _SQLITE_ERRORS, closing(self._writer.cursor()) as cursor:
                yield cursor
            return
        with self._reader() as reader, _SQLITE_ERRORS, closing(reader.cursor()) as cursor:
            yield cursor

    def data_version(self) -> int:
        """Another number whenever somebody has committed since, in whatever process; for one caller at a time."""
        with _SQLITE_ERRORS:
            if self._in_memory:
                return self._writer.total_changes
            if self._watcher is None:
                self._watcher = self._connect()
            return int(self._watcher.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close all connections; the object is of no use afterwards."""
        with self._lock:
            self._closed = True
            self._writer.close()
        if self._watcher is not None:
            self._watcher.close()
        while self._idle_readers:
            self._idle_readers.pop().close()

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        """A connection of the caller's own: an idle one, or a new one when all are busy."""
        try:
            reader = self._idle_readers.pop()
        except IndexError:
            with _SQLITE_ERRORS:
                reader = self._connect()
                reader.execute("PRAGMA query_only = ON")
        try:
            yield reader
        finally:
            self._idle_readers.append(reader)
            if self._closed:
                self.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=_STATEMENTS_CACHED,
        )
        use_wal(connection, patience_seconds=_BUSY_SECONDS)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        connection.execute("PRAGMA temp_store = MEMORY")
        connection.create_function("casefold", 1, str.casefold, deterministic=True)
        return connection


def bindable(text: str) -> str:
    """``text`` as SQLite takes it: lone surrogates, which callers may send and nothing stored has, spelled out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
