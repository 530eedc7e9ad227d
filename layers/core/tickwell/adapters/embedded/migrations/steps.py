"""Brings a database's schema to the one that this release knows."""

import functools
import re
import sqlite3
from importlib.resources import files

_FILE_NAME = re.compile(r"(\d{4})_\w+\.sql")
_PACKAGE = "tickwell.adapters.embedded.migrations"


class SchemaTooNewError(RuntimeError):
    """The database was written by a newer release; going on could lose what that release knows."""

    def __init__(self, found: int, known: int) -> None:
        super().__init__(
            f"the database has schema {found}, this release knows schema {known} and older: use a newer release"
        )
        self.found = found
        self.known = known


def steps() -> dict[int, str]:
    """The SQL of each step by its number, in order."""
    found: dict[int, str] = {}
    for entry in sorted(files(_PACKAGE).iterdir(), key=lambda file: file.name):
        name = _FILE_NAME.fullmatch(entry.name)
        if name:
            found[int(name[1])] = entry.read_text(encoding="utf-8")
    return found


def migrate(cursor: sqlite3.Cursor) -> None:
    """Take the missing steps inside the transaction that ``cursor`` is in. Raises SchemaTooNewError.

    The schema's number is SQLite's ``user_version``, which belongs to the transaction: a crash leaves the old schema.
    """
    known = steps()
    newest = max(known)
    (found,) = cursor.execute("PRAGMA user_version").fetchone()
    if found > newest:
        raise SchemaTooNewError(found, newest)
    for number, script in known.items():
        if number > found:
            for statement in _statements(script):
                cursor.execute(statement)
    if found < newest:
        cursor.execute(f"PRAGMA user_version = {newest:d}")


@functools.cache
def _statements(script: str) -> tuple[str, ...]:
    """The statements of ``script`` one by one: ``executescript`` would commit first."""
    statements: list[str] = []
    lines: list[str] = []
    for line in script.splitlines():
        lines.append(line)
        if sqlite3.complete_statement("\n".join(lines)):
            statements.append("\n".join(lines))
            lines.clear()
    return tuple(statements)
