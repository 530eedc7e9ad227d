"""SQLite in memory without ado: a new database is a copy of one that was migrated once.

A test makes two or three of them, and making the schema takes ten times as long as copying it. A database in a file is
migrated by itself, unless whoever wants it asks for a copy (``put_file``).
"""

import sqlite3
import threading
from pathlib import Path
from typing import Final

from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.migrations.steps import migrate

_connect: Final = Database._connect
_lock: Final = threading.Lock()


def _model() -> sqlite3.Connection:
    """What new databases look like."""
    connection = sqlite3.connect(":memory:", check_same_thread=False)
    connection.create_function("casefold", 1, str.casefold, deterministic=True)
    migrate(connection.cursor())
    connection.commit()
    return connection


_MODEL: Final = _model()
_MODEL_FILE: Final = _MODEL.serialize()


def _connected(database: Database) -> sqlite3.Connection:
    """For ``Database._connect``."""
    connection = _connect(database)
    if database._in_memory:
        with _lock:
            _MODEL.backup(connection)
    return connection


def put_file(path: str) -> None:
    """Make the file ``path`` a new database, unless there is one."""
    if path != ":memory:" and not Path(path).exists():
        Path(path).write_bytes(_MODEL_FILE)


def install() -> None:
    """Have the copies made from now on."""
    setattr(Database, "_connect", _connected)  # noqa: B010 - mypy lets no method be assigned
