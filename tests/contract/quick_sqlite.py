"""SQLite in memory without ado: a new database is a copy of one that was migrated once.

A test makes two or three of them, and making the schema takes ten times as long as copying it. Databases in files are
migrated each by itself.
"""

import sqlite3
import threading
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


def _connected(database: Database) -> sqlite3.Connection:
    """For ``Database._connect``."""
    connection = _connect(database)
    if database._in_memory:
        with _lock:
            _MODEL.backup(connection)
    return connection


def install() -> None:
    """Have the copies made from now on."""
    setattr(Database, "_connect", _connected)  # noqa: B010 - mypy lets no method be assigned
