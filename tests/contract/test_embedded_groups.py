"""Transactions of several threads share a commit, and nothing else."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import pytest

from tickwell.adapters.embedded.database import Database
from tickwell.domain.errors import UnavailableError

THREADS = 8
ROWS = 400


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "tickwell.db")
    with made.transaction() as cursor:
        cursor.execute("CREATE TABLE probe (n INTEGER PRIMARY KEY, filling BLOB)")
    yield made
    made.close()


def acknowledged(write: Callable[[int], None], failure: type[Exception]) -> set[int]:
    """The numbers whose ``write`` returned, when many threads write ``ROWS`` of them."""

    def attempt(n: int) -> bool:
        try:
            write(n)
        except failure:
            return False
        return True

    with ThreadPoolExecutor(THREADS) as pool:
        return {n for n, done in enumerate(pool.map(attempt, range(ROWS))) if done}


def on_disk(folder: Path) -> set[int]:
    """What another process would find."""
    connection = sqlite3.connect(folder / "tickwell.db")
    found = {n for (n,) in connection.execute("SELECT n FROM probe")}
    connection.close()
    return found


def test_threads_share_commits(database: Database, tmp_path: Path) -> None:
    statements: list[str] = []
    database._writer.set_trace_callback(statements.append)

    def write(n: int) -> None:
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (?, NULL)", (n,))

    assert acknowledged(write, UnavailableError) == on_disk(tmp_path) == set(range(ROWS))
    assert statements.count("COMMIT") < ROWS


def test_all_who_wait_are_committed_at_once(database: Database, tmp_path: Path) -> None:
    statements: list[str] = []

    def write(n: int) -> None:
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (?, NULL)", (n,))

    with ThreadPoolExecutor(THREADS) as pool:
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (0, NULL)")
            database._writer.set_trace_callback(statements.append)
            others = [pool.submit(write, n) for n in range(1, THREADS + 1)]
            while len(database._lock._waiting) < THREADS:
                time.sleep(0.001)
        assert on_disk(tmp_path) == set(range(THREADS + 1))
        wait(others)
    assert statements.count("COMMIT") == 1


def test_a_block_that_fails_takes_no_other_along(database: Database, tmp_path: Path) -> None:
    def write(n: int) -> None:
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (?, NULL)", (n,))
            if n % 3 == 0:
                raise LookupError

    written = acknowledged(write, LookupError)
    assert written == on_disk(tmp_path) == {n for n in range(ROWS) if n % 3}


def test_on_a_full_disk_what_was_acknowledged_is_there_and_nothing_else(database: Database, tmp_path: Path) -> None:
    pages = database._writer.execute("PRAGMA page_count").fetchone()[0]
    database._writer.execute(f"PRAGMA max_page_count = {pages + 60}")

    def write(n: int) -> None:
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (?, zeroblob(3000))", (n,))

    written = acknowledged(write, UnavailableError)
    assert 0 < len(written) < ROWS
    assert on_disk(tmp_path) == written


def test_a_commit_that_fails_is_told_to_everyone_in_it(database: Database, tmp_path: Path) -> None:
    with database.transaction() as cursor:
        cursor.execute("CREATE TABLE parent (n INTEGER PRIMARY KEY)")
        cursor.execute("CREATE TABLE child (n REFERENCES parent DEFERRABLE INITIALLY DEFERRED)")
    database._writer.execute("PRAGMA foreign_keys = ON")

    def write(n: int) -> None:
        with database.transaction() as cursor:
            cursor.execute("INSERT INTO probe VALUES (?, NULL)", (n,))
            if n % 10 == 0:
                cursor.execute("INSERT INTO child VALUES (?)", (n,))

    written = acknowledged(write, sqlite3.IntegrityError)
    assert not {n for n in written if n % 10 == 0}
    assert on_disk(tmp_path) == written


def test_who_waits_for_the_disk_shares_no_commit_with_who_does_not(database: Database, tmp_path: Path) -> None:
    statements: list[str] = []
    database._writer.set_trace_callback(statements.append)

    def write(n: int) -> None:
        with database.transaction(durable=n % 2 == 0) as cursor:
            cursor.execute(f"INSERT INTO probe VALUES ({n}, NULL)")
            if n % 7 == 0:
                raise LookupError

    written = acknowledged(write, LookupError)
    assert written == on_disk(tmp_path) == {n for n in range(ROWS) if n % 7}
    in_haste = set(_inserted(statements, "PRAGMA synchronous = NORMAL"))
    assert in_haste
    assert all(n % 2 for n in in_haste)


@pytest.mark.parametrize("durable", [True, False])
def test_how_a_commit_is_written_is_said_before_it_begins(database: Database, durable: bool) -> None:
    for before in (True, False, True):
        with database.transaction(durable=before) as cursor:
            cursor.execute("INSERT INTO probe VALUES (NULL, NULL)")
        with database.transaction(durable=durable) as cursor:
            assert cursor.execute("PRAGMA synchronous").fetchone() == (2 if durable else 1,)


def _inserted(statements: Sequence[str], wanted: str) -> Iterator[int]:
    """The rows that were inserted while SQLite obeyed the pragma ``wanted``."""
    obeyed = ""
    for text in statements:
        if text.startswith("PRAGMA synchronous"):
            obeyed = text
        elif text.startswith("INSERT") and obeyed == wanted:
            yield int(text.split("(")[1].split(",")[0])
