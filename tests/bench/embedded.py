"""How many jobs one worker process of the embedded engine runs: ``make bench ONLY=embedded``.

The jobs do nothing (``echo``). They were accepted before; what is measured is a lane's worker as the local server runs
it, from its start to the last job's end: receive, claim, run, record, finish, delete, all on the disk.

Beside it the floor: the very statements that one such run sends to SQLite, recorded, and sent once more to the same
database by a loop that does nothing else. What lies between the two is what Tickwell itself takes.
"""

import contextlib
import functools
import shutil
import sqlite3
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.bench.awake import awake
from tests.bench.benches import Run
from tests.bench.results import Goal, Result, Table
from tickwell.application.create_job import NewJob
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.bootstrap.local import local
from tickwell.domain.account import Principal, Role
from tickwell.domain.lane import Lane
from tickwell.local.collector import spare_collector
from tickwell.local.lane_worker import LaneWorker
from tickwell.settings.local import LocalSettings

JOBS_PER_SECOND = 12_000
"""The goal."""

_CALLER = Principal(tenant_id="bench", user_id="bench", role=Role.OWNER)
_PLACES, _FEW_PLACES = 500, LocalSettings().worker_concurrency
_STEP = 500
_LOOK_SECONDS = 0.02
_PATIENCE_SECONDS = 120.0
_GRACE_SECONDS = 10.0
_FILE = "tickwell.db"
_LOOK = "SELECT 1 FROM queue_messages LIMIT 1"

Statement = tuple[int, str, Any, bool]
"""The number of the connection that it is sent through, SQL, its values (None: a script), and whether they are many."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What one run took for all of its jobs."""

    jobs: int
    wall_seconds: float
    cpu_seconds: float

    @property
    def jobs_per_second(self) -> float:
        """By the clock on the wall."""
        return self.jobs / self.wall_seconds

    @property
    def cpu_microseconds(self) -> float:
        """Of all threads, for each job."""
        return self.cpu_seconds / self.jobs * 1e6


def embedded(run: Run) -> Result:
    """Three times each, one after the other; medians."""
    jobs = 1_000 if run.quick else 20_000
    filled = run.folder / "filled"
    _fill(filled, jobs)
    statements = _recorded(filled, run.folder / "recorded", jobs)
    many: list[Took] = []
    few: list[Took] = []
    floor: list[Took] = []
    with awake():
        for number in range(1 if run.quick else 3):
            many.append(_worked(_copy(filled, run.folder / f"many-{number}"), jobs, _PLACES))
            few.append(_worked(_copy(filled, run.folder / f"few-{number}"), jobs, _FEW_PLACES))
            floor.append(_sent(_copy(filled, run.folder / f"floor-{number}"), jobs, statements))
    rows = [
        _row(f"worker with {_PLACES} places", many),
        _row(f"worker with {_FEW_PLACES} places (the default)", few),
        _row("floor: its statements alone, in SQLite", floor),
    ]
    table = Table(
        title=f"{jobs:,} jobs that do nothing, one worker process",
        columns=("", "jobs/s", "CPU µs per job", "of the floor"),
        rows=[[name, rate, cpu, rate / rows[-1][1]] for name, rate, cpu in rows],
        notes=(
            f"{len(statements) / jobs:.1f} calls of SQLite per job; receipts and deletions of messages need no sync",
        ),
    )
    return Result(tables=[table], goals=[Goal(name="jobs/s", figure=rows[0][1], at_least=JOBS_PER_SECOND)])


def _row(name: str, runs: Sequence[Took]) -> tuple[str, float, float]:
    rates = [took.jobs_per_second for took in runs]
    return name, statistics.median(rates), statistics.median(took.cpu_microseconds for took in runs)


def _fill(folder: Path, jobs: int) -> None:
    with _opened(folder) as system:
        for begin in range(0, jobs, _STEP):
            numbers = range(begin, min(begin + _STEP, jobs))
            system.services.create_jobs(
                _CALLER, [NewJob(name=f"job {n}", task="echo", payload={"n": n}) for n in numbers]
            )
    with contextlib.closing(sqlite3.connect(folder / _FILE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _copy(filled: Path, folder: Path) -> Path:
    shutil.copytree(filled, folder)
    return folder


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[EmbeddedSystem]:
    system = local(LocalSettings(data_dir=folder, quota_jobs=None))
    try:
        yield system
    finally:
        system.close()


def _worked(folder: Path, jobs: int, places: int) -> Took:
    """Let a worker run all jobs. It is done when its lane is empty: messages are deleted last."""
    with _opened(folder) as system, contextlib.closing(sqlite3.connect(folder / _FILE)) as watching:
        worker = LaneWorker(
            Lane.MEDIUM, system.lanes[Lane.MEDIUM], system.execute, concurrency=places, grace_seconds=_GRACE_SECONDS
        )
        spare_collector()
        begun, cpu_begun = time.perf_counter(), time.process_time()
        worker.start()
        while watching.execute(_LOOK).fetchone() is not None:
            time.sleep(_LOOK_SECONDS)
            if time.perf_counter() - begun > _PATIENCE_SECONDS:
                raise RuntimeError(f"{jobs} jobs have not run within {_PATIENCE_SECONDS:.0f} s")
        took = Took(jobs=jobs, wall_seconds=time.perf_counter() - begun, cpu_seconds=time.process_time() - cpu_begun)
        worker.stop()
        worker.leave(_GRACE_SECONDS)
    return took


def _recorded(filled: Path, folder: Path, jobs: int) -> list[Statement]:
    """Every statement of one run, with its values, in order."""
    log: list[Statement] = []
    numbers: dict[sqlite3.Connection, int] = {}

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, values: Any = (), /) -> "Cursor":
            log.append((numbers[self.connection], sql, values, False))
            super().execute(sql, values)
            return self

        def executemany(self, sql: str, values: Any, /) -> "Cursor":
            rows = list(values)
            log.append((numbers[self.connection], sql, rows, True))
            super().executemany(sql, rows)
            return self

        def executescript(self, sql: str, /) -> "Cursor":
            log.append((numbers[self.connection], sql, None, False))
            super().executescript(sql)
            return self

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            numbers.setdefault(self, len(numbers))
            return super().cursor(factory)

        def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
            return self.cursor().execute(sql, values)  # type: ignore[no-any-return]

        def executescript(self, sql: str, /) -> sqlite3.Cursor:
            return self.cursor().executescript(sql)  # type: ignore[no-any-return]

    with mock.patch("sqlite3.connect", functools.partial(sqlite3.connect, factory=Connection)):
        _worked(_copy(filled, folder), jobs, _PLACES)
    return [statement for statement in log if statement[1] != _LOOK]


def _sent(folder: Path, jobs: int, statements: Sequence[Statement]) -> Took:
    """Send ``statements`` once more, in this thread, through connections like those that they were sent through."""
    with contextlib.ExitStack() as opened:
        connections = {
            number: opened.enter_context(
                contextlib.closing(sqlite3.connect(folder / _FILE, isolation_level=None, cached_statements=256))
            )
            for number in {number for number, *_ in statements}
        }
        begun, cpu_begun = time.perf_counter(), time.process_time()
        for number, sql, values, are_many in statements:
            if values is None:
                connections[number].executescript(sql)
            elif are_many:
                connections[number].executemany(sql, values)
            else:
                connections[number].execute(sql, values).fetchall()
        return Took(jobs=jobs, wall_seconds=time.perf_counter() - begun, cpu_seconds=time.process_time() - cpu_begun)
