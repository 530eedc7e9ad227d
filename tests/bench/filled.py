"""SQLite files in which very many jobs are, without the hours that it takes to create and run them one by one.

The product itself creates four jobs through its use cases: one that has run, two that wait in lanes, one that is due
later. Their rows are the models: all others are copies of them, made by one statement for each table, in which
only ids, names and instants are different. So whatever columns the schema has, they hold what the product writes;
indexes are filled as rows come, and the tenant's jobs are counted anew at the end. What is spread (names, instants,
turns in the lane) is so by multiplication with a large odd number: every file of a size is the same. From then on the
product reads and writes it.
"""

import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.contract.store_engines import EmbeddedStores, embedded_stores
from tests.doubles import NOON, FakeClock
from tests.new_world import new_world
from tests.world import ADA, World
from tickwell.adapters.embedded.counts import EmbeddedTenantCounts
from tickwell.adapters.embedded.database import Database
from tickwell.application.create_job import At, Immediately, NewJob
from tickwell.domain.due import DUE_SHARDS, DuePosition, Watermark
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.quota import QuotaName
from tickwell.domain.schedule import OneTime

HISTORY = timedelta(days=20)
"""The jobs were created in so long a time before noon."""

FIRST_DUE, LAST_DUE = timedelta(hours=12), timedelta(days=30)
"""After noon: when the first and the last of those that are due later are."""

IN_ORDER, SCATTERED = Lane.MEDIUM, Lane.LOW
"""Jobs stand in the one lane as they were created, in the other in any order, as jobs do that were due later."""

NOW = Immediately()

_NOON_MS = to_epoch_ms(NOON)
_DRAW = "(k * 2654435761 % 4294967291)"
_CREATED = f"({_NOON_MS} - (:jobs - k) * {int(HISTORY.total_seconds() * 1000)} / :jobs)"
_LATER = (
    f"({_NOON_MS + int(FIRST_DUE.total_seconds() * 1000)} +"
    f" {_DRAW} % {int((LAST_DUE - FIRST_DUE).total_seconds() * 1000)})"
)
_HEX = f"printf('%012x', {_CREATED})"
_ID = f"substr({_HEX}, 1, 8) || '-' || substr({_HEX}, 9) || printf('-7%03x-a%03x-%012x', k & 4095, k >> 12 & 4095, k)"
_COPIES = f"""
    WITH RECURSIVE series (k) AS (VALUES (0) UNION ALL SELECT k + 1 FROM series WHERE k < :jobs - 1)
    INSERT INTO copies SELECT k, kind, {_ID}, {_CREATED}, CASE kind WHEN 'later' THEN {_LATER} ELSE {_CREATED} END
    FROM (
        SELECT k, CASE WHEN k % 2 = 0 THEN 'run' WHEN k % 4 = 3 THEN 'later' WHEN k % 8 = 1 THEN 'in order'
            ELSE 'scattered' END AS kind
        FROM series
    )
"""
_ISO = "strftime('%Y-%m-%dT%H:%M:%fZ', due / 1000.0, 'unixepoch')"


def _replaced(column: str) -> str:
    """A text of the model with what belongs to the copy."""
    return f"replace(replace({column}, model_id, new_id), model_due, due)"


_NAME = f"json_quote('job ' || ({_DRAW} % 1000003))"
_TURN = "100 + CASE kind WHEN 'in order' THEN k / 8 ELSE k / 8 * 2654435761 % :lane END"
_KEPT = f"created + (m.expires_ms - {_NOON_MS})"
_TABLES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "jobs": (
        "m.job_id = model_id",
        {
            "job_id": "new_id",
            "definition": f"replace({_replaced('definition')}, '\"model\"', {_NAME})",
            "created_ms": "created",
            "updated_ms": f"created + CASE kind WHEN 'run' THEN {_DRAW} % 60000 ELSE 0 END",
            "next_run_ms": "CASE kind WHEN 'run' THEN NULL ELSE due END",
            "last_executed_ms": "CASE kind WHEN 'run' THEN created END",
            "expires_ms": f"CASE kind WHEN 'run' THEN {_KEPT} END",
        },
    ),
    "executions": (
        "m.job_id = model_id",
        {
            "job_id": "new_id",
            "due_ms": "due",
            "expires_ms": _KEPT,
            "summary": _replaced("summary"),
            "logs": _replaced("logs"),
        },
    ),
    "due_items": (
        "m.rest LIKE '%#' || model_id || '#%'",
        {
            "shard": f"crc32(new_id) % {DUE_SHARDS}",
            "look_ms": "due",
            "rest": _replaced("rest"),
            "document": _replaced("document"),
        },
    ),
    "queue_messages": (
        "m.body LIKE '%' || model_id || '%'",
        {
            "body": f"replace({_replaced('body')}, '{NOON:%Y-%m-%dT%H:%M:%SZ}', {_ISO})",
            "visible_at": "due",
            "turn": _TURN,
        },
    ),
}
"""For each table: which of its rows is a copy's model, and what is different in the copy."""
_NUMBERED = ("number", "id")
_CACHE_KB = 400_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Filled:
    """A system on a file with ``jobs`` jobs that have run and as many that wait."""

    jobs: int
    made: EmbeddedStores
    world: World

    @property
    def database(self) -> Database:
        """The file."""
        return self.made.database


@contextmanager
def opened(folder: Path, jobs: int) -> Iterator[Filled]:
    """The system on a file in ``folder``, which is filled if it is new."""
    path = folder / f"{jobs}.db"
    if not path.exists():
        with _on(folder, path) as (made, world):
            models = _models(world, made)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            _copy(connection, models, 2 * jobs)
        with _on(folder, path) as (made, world):
            EmbeddedTenantCounts(made.database, world.clock).recount(ADA.tenant_id)
    with _on(folder, path) as (made, world):
        with made.database.read() as cursor:
            (checked_ms,) = cursor.execute("SELECT MAX(checked_ms) FROM watermarks").fetchone()
        world.clock.set(from_epoch_ms(checked_ms) + timedelta(minutes=1))  # where it was left
        yield Filled(jobs=jobs, made=made, world=world)


@contextmanager
def _on(folder: Path, path: Path) -> Iterator[tuple[EmbeddedStores, World]]:
    made = embedded_stores(str(path), FakeClock())
    try:
        yield made, new_world(folder, made.stores, lanes_of=made.database)
    finally:
        made.database.close()


def _models(world: World, made: EmbeddedStores) -> dict[str, Job]:
    """Jobs by what becomes of them; the safety sync has come as far as now."""
    made.stores.quotas.change(ADA.tenant_id, {QuotaName.JOBS: None})
    here = Watermark(swept_to=DuePosition(look_at=NOON), checked_to=DuePosition(look_at=NOON))
    for shard in range(DUE_SHARDS):
        made.stores.due_items.acquire(shard, token="first", now=NOON, lease_until=NOON, first=here)
        made.stores.due_items.save(shard, token="first", watermark=here)
    models = {"run": _created(world)}
    world.work()
    models["in order"] = _created(world)
    models["scattered"] = _created(world, priority=SCATTERED.value)
    models["later"] = _created(world, schedule=At(at=NOON + LAST_DUE))
    return models


def _created(world: World, *, schedule: Immediately | At = NOW, priority: str = "medium") -> Job:
    request = NewJob(name="model", task="echo", payload={"message": "hello"}, schedule=schedule, priority=priority)
    return world.create_job(ADA, request).job


def _copy(connection: sqlite3.Connection, models: Mapping[str, Job], jobs: int) -> None:
    """Fill all tables; ``jobs`` counts both those that have run and those that wait. A crash leaves a broken file."""
    connection.create_function("crc32", 1, lambda text: zlib.crc32(text.encode()), deterministic=True)
    for pragma in ("journal_mode = OFF", "synchronous = OFF", "temp_store = MEMORY", f"cache_size = -{_CACHE_KB}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("CREATE TEMP TABLE models (kind TEXT, model_id TEXT, model_due TEXT)")
    rows = [(kind, job.job_id, str(_due_ms(job))) for kind, job in models.items()]
    connection.executemany("INSERT INTO models VALUES (?, ?, ?)", rows)
    connection.execute("CREATE TEMP TABLE copies (k INTEGER PRIMARY KEY, kind TEXT, new_id TEXT, created, due)")
    connection.execute(_COPIES, {"jobs": jobs})
    for table, (belongs, changed) in _TABLES.items():
        columns = [name for name in _columns(connection, table) if name not in _NUMBERED]
        chosen = ", ".join(changed.get(name, f"m.{name}") for name in columns)
        order = changed.get("turn", "k")
        connection.execute(f"CREATE TEMP TABLE model_rows AS SELECT * FROM {table}")
        connection.execute("BEGIN")
        connection.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {chosen} FROM copies"
            f" CROSS JOIN models USING (kind) CROSS JOIN model_rows AS m ON {belongs} ORDER BY {order}",
            {"lane": jobs // 8},
        )
        connection.execute("COMMIT")
        connection.execute("DROP TABLE model_rows")
    connection.execute("PRAGMA journal_mode = WAL")


def _due_ms(job: Job) -> int:
    assert isinstance(job.schedule, OneTime)
    return to_epoch_ms(job.schedule.at)


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    """What can be inserted: generated columns cannot."""
    found = connection.execute("SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", (table,))
    return [name for (name,) in found]


def write_back_by_hand(database: Database) -> None:
    """Do not write the log back by itself from now on."""
    database._writer.execute("PRAGMA wal_autocheckpoint = 0")


def write_back(database: Database) -> None:
    """Write the log back into the file, as SQLite does by itself now and then."""
    database._writer.execute("PRAGMA wal_checkpoint(PASSIVE)")
