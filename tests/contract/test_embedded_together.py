"""What a thread writes together, through several transactions, is committed once or not at all."""

import contextlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tickwell.adapters.embedded.database import Database
from tickwell.domain.errors import UnavailableError

ROWS = 200


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "tickwell.db")
    with made.transaction() as cursor:
        cursor.execute("CREATE TABLE probe (n INTEGER PRIMARY KEY, filling BLOB)")
    yield made
    made.close()


def write(database: Database, n: int, *, bytes_too: int = 0) -> None:
    with database.transaction() as cursor:
        cursor.execute("INSERT INTO probe VALUES (?, zeroblob(?))", (n, bytes_too))


def on_disk(folder: Path) -> set[int]:
    """What another process would find."""
    with contextlib.closing(sqlite3.connect(folder / "tickwell.db")) as connection:
        return {n for (n,) in connection.execute("SELECT n FROM probe")}


def test_several_transactions_are_one(database: Database, tmp_path: Path) -> None:
    statements: list[str] = []
    database._writer.set_trace_callback(statements.append)
    with database.together():
        write(database, 1)
        write(database, 2)
        assert on_disk(tmp_path) == set()
    assert on_disk(tmp_path) == {1, 2}
    assert statements.count("COMMIT") == 1


def test_an_error_takes_all_of_it_back(database: Database, tmp_path: Path) -> None:
    with contextlib.suppress(LookupError), database.together():
        write(database, 1)
        write(database, 2)
        raise LookupError
    write(database, 3)
    assert on_disk(tmp_path) == {3}


def test_a_transaction_inside_that_fails_takes_back_what_it_wrote(database: Database, tmp_path: Path) -> None:
    with database.together():
        write(database, 1)
        with contextlib.suppress(LookupError), database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (2, NULL)")
            raise LookupError
        write(database, 3)
    assert on_disk(tmp_path) == {1, 3}


def test_a_row_alone_needs_no_savepoint_and_takes_back_nothing_else_when_it_fails(
    database: Database, tmp_path: Path
) -> None:
    statements: list[str] = []
    database._writer.set_trace_callback(statements.append)
    with database.together():
        write(database, 1)
        for n in (2, 1):
            with contextlib.suppress(sqlite3.IntegrityError), database.transaction(one_row=True) as cursor:
                cursor.execute("INSERT INTO probe VALUES (?, NULL)", (n,))
        write(database, 3)
    assert on_disk(tmp_path) == {1, 2, 3}
    assert sum(statement.startswith("SAVEPOINT") for statement in statements) == 2


def test_a_row_alone_that_fails_leaves_no_transaction_open(database: Database, tmp_path: Path) -> None:
    for n in (1, 1, 2):
        with contextlib.suppress(sqlite3.IntegrityError), database.transaction(one_row=True) as cursor:
            cursor.execute("INSERT INTO probe VALUES (?, NULL)", (n,))
    assert not database._writer.in_transaction
    assert on_disk(tmp_path) == {1, 2}


def test_on_a_full_disk_nothing_of_it_is_there_although_nobody_heeded_the_error(
    database: Database, tmp_path: Path
) -> None:
    pages = database._writer.execute("PRAGMA page_count").fetchone()[0]
    database._writer.execute(f"PRAGMA max_page_count = {pages + 2}")

    def write_some() -> None:
        with database.together():
            write(database, 1)
            for n in (2, 3):
                with contextlib.suppress(UnavailableError):
                    write(database, n, bytes_too=100_000)
            with contextlib.suppress(UnavailableError):
                write(database, 4)

    with pytest.raises(UnavailableError):
        write_some()
    assert on_disk(tmp_path) == set()
    write(database, 5)
    assert on_disk(tmp_path) == {5}


def test_threads_share_commits_and_no_fate(database: Database, tmp_path: Path) -> None:
    def both(n: int) -> bool:
        with contextlib.suppress(LookupError), database.together():
            write(database, 2 * n)
            write(database, 2 * n + 1)
            if n % 3 == 0:
                raise LookupError
            return True
        return False

    with ThreadPoolExecutor(8) as pool:
        told = dict(enumerate(pool.map(both, range(ROWS))))
    assert {n for n, done in told.items() if done} == {n for n in range(ROWS) if n % 3}
    assert on_disk(tmp_path) == {row for n, done in told.items() if done for row in (2 * n, 2 * n + 1)}


def test_what_is_to_follow_waits_for_the_commit(database: Database, tmp_path: Path) -> None:
    seen: list[set[int]] = []
    database.afterwards(lambda: seen.append(on_disk(tmp_path)))
    with database.together():
        write(database, 1)
        database.afterwards(lambda: seen.append(on_disk(tmp_path)))
        write(database, 2)
    with contextlib.suppress(LookupError), database.together():
        database.afterwards(lambda: seen.append(on_disk(tmp_path)))
        raise LookupError
    assert seen == [set(), {1, 2}]
