"""Counts in a SQLite file of their own, which does not wait for the disk; see ``RateLimiter`` for what they promise."""

import sqlite3
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from tickwell.adapters.embedded.wal import use_wal
from tickwell.application.ports import Clock
from tickwell.domain.errors import UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.rate import Allowance, RateKey, allowance, window_end

_BUSY_SECONDS = 1.0
_HITS_BETWEEN_SWEEPS = 1000
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS counts (
        tenant_id TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL, ends_ms INTEGER NOT NULL, used INTEGER NOT NULL,
        PRIMARY KEY (tenant_id, who, what, ends_ms)
    ) WITHOUT ROWID
"""
_HIT = """
    INSERT INTO counts (tenant_id, who, what, ends_ms, used) VALUES (:tenant, :who, :what, :ends, 1)
    ON CONFLICT DO UPDATE SET used = used + 1 WHERE used < :limit RETURNING used
"""
_LOOK = "SELECT used FROM counts WHERE tenant_id = :tenant AND who = :who AND what = :what AND ends_ms = :ends"
_SWEEP = "DELETE FROM counts WHERE ends_ms <= ?"

R = TypeVar("R")


class EmbeddedRateLimiter:
    """The embedded ``RateLimiter``, in a file or in memory (``":memory:"``). Safe for threads and for processes.

    A crash of the machine may lose counts, or the file: one that cannot be read is begun anew.
    """

    def __init__(self, path: Path | str, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._hits = 0
        try:
            self._connection = _open(path)
        except sqlite3.OperationalError as error:
            raise _unavailable(error) from error
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._connection = _open(path)

    def hit(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """See the port."""
        now_ms, ends_ms = self._window(per)
        used = self._do(lambda connection: _used(connection, _HIT, key, ends_ms, limit))
        self._sweep(now_ms)
        return allowance(limit, limit if used is None else used, ends_ms, allowed=used is not None)

    def look(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """See the port."""
        _, ends_ms = self._window(per)
        used = self._do(lambda connection: _used(connection, _LOOK, key, ends_ms, limit)) or 0
        return allowance(limit, used, ends_ms, allowed=used < limit)

    def close(self) -> None:
        """The object is of no use afterwards."""
        with self._lock:
            self._connection.close()

    def _window(self, per: timedelta) -> tuple[int, int]:
        now = self._clock.now()
        return to_epoch_ms(now), to_epoch_ms(window_end(now, per))

    def _sweep(self, now_ms: int) -> None:
        self._hits += 1
        if self._hits % _HITS_BETWEEN_SWEEPS == 0:
            self._do(lambda connection: connection.execute(_SWEEP, (now_ms,)).rowcount)

    def _do(self, work: Callable[[sqlite3.Connection], R]) -> R:
        try:
            with self._lock:
                return work(self._connection)
        except sqlite3.DatabaseError as error:
            raise _unavailable(error) from error


def _used(connection: sqlite3.Connection, statement: str, key: RateKey, ends_ms: int, limit: int) -> int | None:
    values = {"tenant": key.tenant_id or "", "who": key.who, "what": key.what, "ends": ends_ms, "limit": limit}
    rows = connection.execute(statement, values).fetchall()
    return int(rows[0][0]) if rows else None


def _open(path: Path | str) -> sqlite3.Connection:
    connection = sqlite3.connect(str(path), timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        use_wal(connection, patience_seconds=_BUSY_SECONDS)
        connection.execute("PRAGMA synchronous = OFF")
        if connection.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("the file is damaged")
        connection.execute(_SCHEMA)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _unavailable(error: sqlite3.DatabaseError) -> UnavailableError:
    return UnavailableError("sqlite", getattr(error, "sqlite_errorname", None) or "SQLITE_ERROR")
