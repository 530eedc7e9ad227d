"""A SQLite file's write-ahead log, when several processes open the file at once."""

import sqlite3
import threading

_PAUSE_SECONDS = 0.02


def use_wal(connection: sqlite3.Connection, *, patience_seconds: float) -> None:
    """Switch the file to WAL, unless somebody has; wait for whoever keeps it busy meanwhile, but not longer than that.

    Where several switch a new file, or find what one has left that died doing so, SQLite does not wait by itself:
    of several servers that start at once some would not. The connection waits as long for locks afterwards.
    Raises sqlite3.OperationalError.
    """
    connection.execute("PRAGMA busy_timeout = 0")
    pause = threading.Event()
    for tries_left in reversed(range(int(patience_seconds / _PAUSE_SECONDS))):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            break
        except sqlite3.OperationalError as error:
            if not tries_left or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                raise
            pause.wait(_PAUSE_SECONDS)
    connection.execute(f"PRAGMA busy_timeout = {int(patience_seconds * 1000)}")
