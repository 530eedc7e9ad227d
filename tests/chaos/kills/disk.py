"""What is on the disk when all processes are dead, looked at in a copy: the next start must find it as it was left."""

import shutil
import sqlite3
import struct
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tickwell.adapters.embedded.database import Database

_DATABASES = ("tickwell.db", "limits.db")
_SECTOR = 512
_LOG_HEADER, _INDEX_HEADER = 32, 136

Outcome = tuple[str, str, int, int]
"""Tenant, job, due instant, attempt."""


@dataclass(kw_only=True)
class Disk:
    """Looks at the databases of ``data`` after each kill; ``recorded``: all outcomes that were ever found there."""

    data: Path
    copies: Path
    chance: Random
    looks: int = 0
    torn: int = 0
    faults: list[str] = field(default_factory=list)
    recorded: dict[Outcome, str] = field(default_factory=dict)

    def look(self) -> None:
        """Sound as it is, and with a write-ahead log that a power cut tore; and nothing recorded is gone."""
        self.looks += 1
        broken = [
            fault
            for name in _DATABASES
            for fault in integrity_faults(self._copy(name), f"{name} after kill {self.looks}")
        ]
        if broken:
            self.faults += broken
            return
        for outcome, summary in outcomes(self.copies / "tickwell.db").items():
            if self.recorded.setdefault(outcome, summary) != summary:
                self.faults.append(f"{outcome} was recorded as {self.recorded[outcome]}, and is {summary} now")
        self._tear()

    def _tear(self) -> None:
        """A log whose end never reached the disk, and whose last sector is rubbish.

        Only behind what a checkpoint may have copied: that had reached the disk before.
        """
        path = self._copy("tickwell.db")
        log, index = Path(f"{path}-wal"), self.data / "tickwell.db-shm"
        if not log.exists() or not index.exists():
            return
        first, last = _bounds(log.read_bytes()[:_LOG_HEADER], index.read_bytes()[:_INDEX_HEADER])
        if first >= last:
            return
        kept = self.chance.randrange(first, last)
        with log.open("r+b") as file:
            file.truncate(kept)
            rubbish_at = max(first, kept - _SECTOR)
            file.seek(rubbish_at)
            file.write(self.chance.randbytes(kept - rubbish_at))
        self.torn += 1
        where = f"tickwell.db after kill {self.looks} with its log torn at byte {kept} of {first} to {last}"
        try:
            Database(path).close()
        except Exception as error:  # noqa: BLE001 - whatever keeps it closed is what is looked for
            self.faults.append(f"{where} does not open: {error!r}")
        self.faults += integrity_faults(path, where)

    def _copy(self, name: str) -> Path:
        self.copies.mkdir(exist_ok=True)
        for suffix in ("", "-wal", "-shm"):
            (self.copies / f"{name}{suffix}").unlink(missing_ok=True)
        for suffix in ("", "-wal"):
            source = self.data / f"{name}{suffix}"
            if source.exists():
                shutil.copyfile(source, self.copies / source.name)
        return self.copies / name


def _bounds(log: bytes, index: bytes) -> tuple[int, int]:
    """Where in the log what no checkpoint has touched begins, and where it ends (https://sqlite.org/walformat.html)."""
    if len(log) < _LOG_HEADER or len(index) < _INDEX_HEADER:
        return 0, 0
    (page_bytes,) = struct.unpack_from(">I", log, 8)
    (frames,) = struct.unpack_from("=I", index, 16)
    (copied,) = struct.unpack_from("=I", index, 128)
    frame_bytes = page_bytes + 24
    return _LOG_HEADER + copied * frame_bytes, _LOG_HEADER + frames * frame_bytes


def integrity_faults(path: Path, where: str) -> list[str]:
    """What SQLite finds wrong; nothing where there is no database yet."""
    if not path.exists():
        return []
    with closing(sqlite3.connect(path)) as connection:
        try:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        except sqlite3.DatabaseError as error:
            found = [str(error)]
    return [] if found == ["ok"] else [f"{where}: {fault}" for fault in found]


def outcomes(path: Path) -> dict[Outcome, str]:
    """What is recorded of attempts; nothing where the first start did not come so far."""
    if not _has_tables(path):
        return {}
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT tenant_id, job_id, due_ms, attempt, summary FROM executions")
        return {(tenant, job, due_ms, attempt): summary for tenant, job, due_ms, attempt, summary in rows}


def _has_tables(path: Path) -> bool:
    if not path.exists():
        return False
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'executions'").fetchone() is not None
