"""Looks under the stores in SQLite: how much work a call is."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tickwell.adapters.embedded.database import Database


@dataclass(kw_only=True, slots=True)
class Steps:
    """Instructions of SQLite's virtual machine: the same for the same work on any machine."""

    taken: int = 0

    def note(self) -> int:
        """Add one."""
        self.taken += 1
        return 0


@contextmanager
def steps(database: Database) -> Iterator[Steps]:
    """The steps of what one thread reads inside the block."""
    reader = _reader(database)
    counted = Steps()
    reader.set_progress_handler(counted.note, 1)
    try:
        yield counted
    finally:
        reader.set_progress_handler(None, 1)


def _reader(database: Database) -> sqlite3.Connection:
    """The connection that the next reading gets."""
    with database.read():
        pass
    return database._idle_readers[-1] if database._idle_readers else database._writer
