"""What only the SQLite file can show: crashes, schemas, full disks, several processes, the outcome feed, expiry."""

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest

from tests.contract.makers import TENANT, TOMORROW, claim, created, dead_letter, execution, job, message, skip
from tests.contract.older_file import put_older_file
from tests.contract.store_engines import EmbeddedStores, Stores, embedded_stores
from tests.doubles import NOON, FakeClock
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.adapters.embedded.migrations.steps import SchemaTooNewError, steps
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.application.ports import Claimed
from tickwell.domain.due import DUE_ITEM_LIFE, due_item
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import JobStatus
from tickwell.domain.outcome_event import event_of_dead_letter

WRITER = """
import sys
from tests.contract.makers import created
from tests.contract.store_engines import embedded_stores
from tests.doubles import FakeClock, SeededIds
stores = embedded_stores(sys.argv[1], FakeClock()).stores
while True:
    print(created(stores).job_id, flush=True)
"""

MIGRATING = """
import os, signal, sqlite3, sys
from tickwell.adapters.embedded.database import Database

connect = sqlite3.connect

def die_at_it(statement):
    if sys.argv[2] in statement:
        os.kill(os.getpid(), signal.SIGKILL)

def watched(*args, **named):
    connection = connect(*args, **named)
    connection.set_trace_callback(die_at_it)
    return connection

sqlite3.connect = watched
Database(sys.argv[1])
"""


def test_everything_that_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = str(tmp_path / "tickwell.db")
    acknowledged: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as writer:
        assert writer.stdout is not None
        for line in writer.stdout:
            acknowledged.append(line.strip())
            if len(acknowledged) == 200:
                writer.kill()
                break
    after = embedded_stores(path, FakeClock())
    found = [after.stores.jobs.get(TENANT, job_id).job_id for job_id in acknowledged]
    assert found == acknowledged
    with after.database.read() as cursor:
        assert cursor.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    after.database.close()


def test_the_steps_are_numbered_and_taken_once_in_order(tmp_path: Path) -> None:
    numbers = list(steps())
    written = [file for file in files("tickwell.adapters.embedded.migrations").iterdir() if file.name.endswith(".sql")]
    assert numbers == sorted(numbers)
    assert len(numbers) == len(written), "each step has a number of its own"
    for _ in range(2):
        database = Database(tmp_path / "tickwell.db")
        with database.read() as cursor:
            assert cursor.execute("PRAGMA user_version").fetchone() == (numbers[-1],)
        database.close()


def test_a_file_of_a_newer_release_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "tickwell.db"
    Database(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9999")
    connection.close()
    with pytest.raises(SchemaTooNewError, match="use a newer release") as refused:
        Database(path)
    assert (refused.value.found, refused.value.known) == (9999, max(steps()))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (9999,)
    connection.close()


@pytest.mark.parametrize("statement", ["ALTER TABLE", "INDEX emails_by_status", "PRAGMA user_version = ", "COMMIT"])
def test_a_release_that_is_killed_while_it_migrates_leaves_the_older_schema_and_its_jobs(
    tmp_path: Path, statement: str
) -> None:
    path, later = tmp_path / "tickwell.db", tmp_path / "later.db"
    model = embedded_stores(str(later), FakeClock())
    jobs = [created(model.stores).job_id for _ in range(3)]
    model.database.close()
    put_older_file(path, 2, jobs_of=later)

    root = Path(__file__).parents[2]
    ended = subprocess.run([sys.executable, "-c", MIGRATING, str(path), statement], cwd=root, check=False)
    assert ended.returncode == -signal.SIGKILL
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)

    after = embedded_stores(str(path), FakeClock())
    assert [after.stores.jobs.get(TENANT, job_id).job_id for job_id in jobs] == jobs
    with after.database.read() as cursor:
        assert cursor.execute("PRAGMA user_version").fetchone() == (max(steps()),)
    after.database.close()


def test_a_new_file_may_be_opened_by_many_at_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(max_workers=6) as threads:
        opened = list(threads.map(lambda _: Database(tmp_path / "tickwell.db"), range(6)))
    for database in opened:
        database.close()


def test_a_file_reaches_the_disk_with_every_commit(sqlite: EmbeddedStores) -> None:
    with sqlite.database.transaction() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone() == (2,)
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_two_processes_share_a_file(sqlite: EmbeddedStores, tmp_path: Path) -> None:
    other = embedded_stores(str(tmp_path / "tickwell.db"), FakeClock())
    made = [created(sqlite.stores) for _ in range(20)]

    def work(stores: Stores, token: str) -> int:
        results = [stores.jobs.claim_many([claim(one, token)])[0] for one in made]
        return sum(isinstance(result, Claimed) for result in results)

    with ThreadPoolExecutor(max_workers=2) as threads:
        one, two = threads.submit(work, sqlite.stores, "one"), threads.submit(work, other.stores, "two")
    assert one.result() + two.result() == len(made)
    other.database.close()


def test_readers_do_not_wait_for_a_writer(sqlite: EmbeddedStores) -> None:
    made = created(sqlite.stores)
    with sqlite.database.transaction() as cursor, ThreadPoolExecutor(max_workers=1) as threads:
        cursor.execute("UPDATE jobs SET version = 2")
        assert threads.submit(sqlite.stores.jobs.get, TENANT, made.job_id).result(timeout=5) == made


def test_a_block_that_fails_writes_nothing(sqlite: EmbeddedStores) -> None:
    made = created(sqlite.stores)
    with pytest.raises(sqlite3.IntegrityError), sqlite.database.transaction() as cursor:
        cursor.executemany("UPDATE jobs SET version = ?", [(2,), (None,)])
    assert sqlite.stores.jobs.get(TENANT, made.job_id) == made


def test_a_full_disk_is_unavailable_and_half_a_batch_is_not_written(sqlite: EmbeddedStores) -> None:
    _pragma(sqlite.database, "max_page_count = 60")
    many = [execution(job(sqlite.stores), output="x" * 5000) for _ in range(200)]
    with pytest.raises(UnavailableError) as raised:
        sqlite.stores.history.record_many(many)
    assert (raised.value.service, raised.value.reason) == ("sqlite", "SQLITE_FULL")
    assert isinstance(raised.value.__cause__, sqlite3.OperationalError)
    assert sqlite.stores.history.list_executions(TENANT, many[0].job_id, limit=1, cursor=None).items == ()
    _pragma(sqlite.database, "max_page_count = 1000000")
    assert list(sqlite.stores.history.record_many(many)) == many


def test_a_lock_that_is_held_for_too_long_is_unavailable(sqlite: EmbeddedStores, tmp_path: Path) -> None:
    _pragma(sqlite.database, "busy_timeout = 50")
    holder = Database(tmp_path / "tickwell.db")
    with holder.transaction(), pytest.raises(UnavailableError, match="SQLITE_BUSY"):
        created(sqlite.stores)
    created(sqlite.stores)
    holder.close()


def test_a_statement_that_is_wrong_is_a_fault_and_propagates(sqlite: EmbeddedStores) -> None:
    with pytest.raises(sqlite3.OperationalError), sqlite.database.read() as cursor:
        cursor.execute("SELECT * FROM no_such_table")


def test_the_feed_gives_each_inserted_dead_letter_until_it_is_acknowledged(tmp_path: Path) -> None:
    path = str(tmp_path / "tickwell.db")
    before = embedded_stores(path, FakeClock())
    letters = [dead_letter(job(before.stores)) for _ in range(3)]
    before.stores.history.put_dead_letters(letters[:2])
    before.stores.history.put_dead_letters(letters)
    before.database.close()
    after = embedded_stores(path, FakeClock())
    feed = EmbeddedOutcomeFeed(after.database)
    assert [event for _, event in feed.read(10)] == [event_of_dead_letter(each) for each in letters]
    assert [event for _, event in feed.read(2)] == [event_of_dead_letter(each) for each in letters[:2]]
    feed.acknowledge([feed.read(1)[0][0], 12_345])
    feed.acknowledge([])
    assert [event for _, event in feed.read(10)] == [event_of_dead_letter(each) for each in letters[1:]]
    after.database.close()


def test_the_feed_forgets_nothing_because_it_is_old(sqlite: EmbeddedStores) -> None:
    letter = dead_letter(job(sqlite.stores))
    sqlite.stores.history.put_dead_letters([letter])
    sqlite.stores.clock.advance(timedelta(days=40))
    EmbeddedExpiry(sqlite.database, sqlite.stores.clock).sweep()
    assert [event for _, event in EmbeddedOutcomeFeed(sqlite.database).read(1)] == [event_of_dead_letter(letter)]


def test_a_dead_letter_and_its_outcome_are_written_together_or_not_at_all(sqlite: EmbeddedStores) -> None:
    with sqlite.database.transaction() as cursor:
        cursor.execute("CREATE TRIGGER broken BEFORE INSERT ON outcomes BEGIN SELECT RAISE(ABORT, 'broken'); END")
    with pytest.raises(sqlite3.IntegrityError, match="broken"):
        sqlite.stores.history.put_dead_letters([dead_letter(job(sqlite.stores))])
    assert sqlite.stores.history.list_dead_letters(TENANT, limit=1, cursor=None).items == ()


def test_the_sweep_deletes_what_has_expired_and_nothing_else(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    for expires_at in (NOON, TOMORROW):
        made = created(stores, status=JobStatus.COMPLETED, expires_at=expires_at)
        stores.history.record_many([execution(made, expires_at=expires_at)])
        stores.history.put_skip(skip(made, expires_at=expires_at))
        stores.history.put_dead_letters([dead_letter(made, expires_at=expires_at)])
        look_at = expires_at - DUE_ITEM_LIFE
        hint = message(made, run_at=look_at)
        stores.due_items.put([due_item(hint, now=look_at, direct_horizon=timedelta(0))])
    kept = created(stores)
    expiry = EmbeddedExpiry(sqlite.database, stores.clock)
    assert (expiry.sweep(), expiry.sweep()) == (5, 0)
    stores.clock.set(TOMORROW)
    assert [expiry.sweep(limit=1), expiry.sweep(limit=1)] == [5, 0]
    assert stores.jobs.get(TENANT, kept.job_id) == kept


def test_a_sweep_is_limited(sqlite: EmbeddedStores) -> None:
    of = job(sqlite.stores)
    records = [execution(of, attempt=number, expires_at=NOON) for number in range(1, 8)]
    sqlite.stores.history.record_many(records)
    expiry = EmbeddedExpiry(sqlite.database, sqlite.stores.clock)
    assert [expiry.sweep(limit=3) for _ in range(4)] == [3, 3, 1, 0]


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM jobs WHERE tenant_id = 't' AND job_id < '~' ORDER BY job_id DESC LIMIT 5",
        """
        SELECT * FROM executions WHERE tenant_id = 't' AND job_id = 'j' AND (due_ms, attempt) < (1, 1)
        ORDER BY due_ms DESC, attempt DESC LIMIT 5
        """,
        """
        SELECT * FROM dead_letters WHERE tenant_id = 't' AND (rank, dead_letter_id) < ('~', '')
        ORDER BY rank DESC, dead_letter_id DESC LIMIT 5
        """,
        "SELECT * FROM due_items WHERE shard = 1 AND (look_ms, rest) > (1, '') ORDER BY look_ms, rest LIMIT 5",
        "DELETE FROM executions WHERE (number) IN (SELECT number FROM executions WHERE expires_ms <= 1 LIMIT 5)",
    ],
    ids=lambda statement: " ".join(statement.split()[:4]),
)
def test_reads_walk_an_index_and_sort_nothing(sqlite: EmbeddedStores, statement: str) -> None:
    with sqlite.database.read() as cursor:
        plan = " ".join(row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}"))
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def _pragma(database: Database, text: str) -> None:
    database._writer.execute(f"PRAGMA {text}").fetchall()
