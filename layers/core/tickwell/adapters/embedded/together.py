"""One statement for many rows: the rows of a batch take the place of the values of a single one.

SQLite then works through the batch in one call, in which Python's other threads go on (the module lets go of Python's
lock only for as long as a call lasts), and each row costs less than a statement of its own. The text is made of the
statement for a single row, so that the conditions of the two cannot differ.
"""

import re
import sqlite3
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TypeVar

T = TypeVar("T")

_SIZES = (50, 10, 2)
"""So many rows have one statement. Few sizes, because each is a text of its own, which SQLite has to prepare once."""

_NAMED = re.compile(r":(\w+)")


def slices(items: Sequence[T]) -> Iterator[Sequence[T]]:
    """``items`` in order, in pieces that have one statement; what is left over in the end one by one."""
    at = 0
    for size in (*_SIZES, 1):
        while len(items) - at >= size:
            yield items[at : at + size]
            at += size


@cache
def update_of(statement: str, names: tuple[str, ...], rows: int) -> str:
    """An ``UPDATE`` of one row, made into one of ``rows`` rows whose values come in the order of ``names``.

    All of its values must be named there. No row may be updated twice.
    """
    setting, condition = statement.split("WHERE", 1)
    given = f"given ({', '.join(f'given_{name}' for name in names)}) AS (VALUES {_places(len(names), rows)})"
    return _NAMED.sub(r"given_\1", f"WITH {given} {setting} FROM given WHERE {condition}")


def update_many(
    cursor: sqlite3.Cursor, statement: str, names: tuple[str, ...], rows: Sequence[tuple[object, ...]]
) -> None:
    """Carry out ``statement``, an ``UPDATE`` of one row, for each of ``rows``; see ``update_of``."""
    for some in slices(rows):
        cursor.execute(update_of(statement, names, len(some)), [value for row in some for value in row])


@cache
def insert_of(statement: str, rows: int) -> str:
    """An ``INSERT`` of one row by place, made into one of ``rows`` rows."""
    one = re.search(r"VALUES (\([?, ]+\))", statement)
    if one is None:
        raise ValueError("the statement inserts no row by place")
    return statement.replace(one[0], f"VALUES {', '.join([one[1]] * rows)}")


def _places(columns: int, rows: int) -> str:
    return ", ".join([f"({', '.join('?' * columns)})"] * rows)
