"""How many jobs one process accepts in a second, durably: through the package and over HTTP.

Through the package the use cases are called as the API calls them, on the embedded engine with full sync. Over HTTP the
local server is a process of its own, and each connection has a client process of its own. The jobs are due in ten
minutes, so that nothing is measured but their acceptance; a last row has the server run them besides.
"""

import gc
import json
import sqlite3
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from tests.bench.awake import awake
from tests.bench.benches import Run
from tests.bench.lateness import part
from tests.bench.results import Cell, Goal, Result, Table
from tests.server_process import ServerProcess, running
from tickwell.application.create_job import After, CreatedJob, NewJob
from tickwell.application.create_jobs import MOST_JOBS
from tickwell.bootstrap.local import local
from tickwell.domain.account import Principal, Role
from tickwell.http.services import ApiServices
from tickwell.settings.local import LocalSettings

GOAL_ONE, GOAL_BULK, GOAL_HTTP, GOAL_HTTP_P99_MS = 3500, 20_000, 600, 20
THREADS = (1, 4, 16)
_REPEATS = 3
_DELAY_SECONDS = 600
_ADA = Principal(tenant_id="tenant-ada", user_id="user-ada", role=Role.OWNER)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How quickly jobs were accepted; ``cpu_us`` is this process's time for one, None where that is not known."""

    a_second: float
    cpu_us: float | None = None
    took_ms: Sequence[float] = ()


def submit(run: Run) -> Result:
    """The bench of ``make bench``."""
    jobs = 1000 if run.quick else 20_000
    with awake():
        package = list(_in_package(run.folder, jobs))
        http = list(_over_http(run.folder, 200 if run.quick else 2000))
    figures = dict((*package, *http))
    at_once = figures[_CONNECTIONS.format(4)]
    return Result(
        tables=[
            Table(
                title="Jobs accepted through the package",
                columns=["how", "jobs/s", "CPU µs per job"],
                rows=[[name, pace.a_second, pace.cpu_us] for name, pace in package],
                notes=[f"medians of {_REPEATS}; each job is on the disk (WAL, full sync) before its call returns"],
            ),
            Table(
                title="POST /jobs of one server process",
                columns=["clients", "requests/s", "p50 ms", "p99 ms", "longest ms"],
                rows=[[name, pace.a_second, *_spread(pace.took_ms)] for name, pace in http],
                notes=["one tenant with one token, which may have four of the server's threads at once (ADR 0038)"],
            ),
        ],
        goals=[
            Goal(name="submitted in bulk, jobs/s", figure=figures[_BULK].a_second, at_least=GOAL_BULK),
            Goal(
                name="submitted one by one, by as many threads as do best, jobs/s",
                figure=max(figures[_ONE_BY_ONE.format(number)].a_second for number in THREADS),
                at_least=GOAL_ONE,
            ),
            Goal(name="POST /jobs by 4 clients, requests/s", figure=at_once.a_second, at_least=GOAL_HTTP),
            Goal(name="POST /jobs by 4 clients, p99 ms", figure=part(at_once.took_ms, 0.99), at_most=GOAL_HTTP_P99_MS),
        ],
    )


_COMMIT = "the disk alone: one row, one commit"
_BULK = f"in bulk, {MOST_JOBS} in a call"
_ONE_BY_ONE = "one by one, {} threads"
_CONNECTIONS = "{} connections"


def _in_package(folder: Path, jobs: int) -> Iterator[tuple[str, Pace]]:
    system = local(LocalSettings(data_dir=folder / "package"))
    services = system.services
    gc.collect()
    gc.freeze()  # as the server does when it has started, and lets the collector look seldom
    gc.set_threshold(20_000, 20, 20)
    measures: dict[str, Callable[[], Pace]] = {
        _COMMIT: lambda: _commits(folder, jobs // 20),
        _BULK: lambda: _paced(jobs, lambda: _bulk(services, jobs)),
        **{_ONE_BY_ONE.format(number): partial(_at_once, services, number, jobs // 10) for number in THREADS},
    }
    with closing(system):
        repeats = [{name: measure() for name, measure in measures.items()} for _ in range(_REPEATS)]
    for name in measures:
        paces = [repeat[name] for repeat in repeats]
        cpu_us = statistics.median(pace.cpu_us or 0 for pace in paces)
        yield name, Pace(a_second=statistics.median(pace.a_second for pace in paces), cpu_us=cpu_us)


def _paced(jobs: int, work: Callable[[], None]) -> Pace:
    begun, cpu = time.perf_counter(), time.process_time()
    work()
    return Pace(a_second=jobs / (time.perf_counter() - begun), cpu_us=(time.process_time() - cpu) / jobs * 1e6)


def _job(number: int) -> NewJob:
    return NewJob(name=f"job {number}", payload={"message": "x"}, schedule=After(delay_seconds=_DELAY_SECONDS))


def _bulk(services: ApiServices, jobs: int) -> None:
    for at in range(0, jobs, MOST_JOBS):
        outcomes = services.create_jobs(_ADA, [_job(number) for number in range(at, at + MOST_JOBS)])
        if not all(isinstance(outcome, CreatedJob) for outcome in outcomes):
            raise RuntimeError(f"not accepted: {outcomes[0]}")


def _one_by_one(services: ApiServices, jobs: int) -> None:
    for number in range(jobs):
        services.create_job(_ADA, _job(number))


def _at_once(services: ApiServices, number: int, jobs: int) -> Pace:
    threads = [threading.Thread(target=_one_by_one, args=(services, jobs // number)) for _ in range(number)]

    def work() -> None:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return _paced(jobs // number * number, work)


def _commits(folder: Path, rows: int) -> Pace:
    """What the disk allows to whoever waits for it once for each row."""
    path = folder / "commits.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("CREATE TABLE IF NOT EXISTS probe (n INTEGER)")

        def insert() -> None:
            for _ in range(rows):
                connection.execute("INSERT INTO probe VALUES (1)")

        return _paced(rows, insert)


def _over_http(folder: Path, requests: int) -> Iterator[tuple[str, Pace]]:
    for name, connections, seconds in (
        (_CONNECTIONS.format(1), 1, _DELAY_SECONDS),
        (_CONNECTIONS.format(4), 4, _DELAY_SECONDS),
        (_CONNECTIONS.format(16), 16, _DELAY_SECONDS),
        ("4 connections, jobs run at once", 4, 0),
    ):
        with running(folder / f"http {name}") as server:
            server.register()
            yield name, _posted(server, connections, max(requests // connections, 50), seconds)


def _posted(server: ServerProcess, connections: int, requests: int, delay_seconds: int) -> Pace:
    job = {"task": "echo", "payload": {"message": "x"}, **({"delay_seconds": delay_seconds} if delay_seconds else {})}
    parts = urlsplit(server.url)
    told = {"host": parts.hostname, "port": parts.port, "token": server.token, "requests": requests, "job": job}
    with _clients(connections) as clients:
        for client in clients:
            _tell(client, json.dumps(told))
        for client in clients:
            if _line(client) != "ready\n":
                raise RuntimeError("a client did not come as far as its first request")
        begun = time.perf_counter()
        for client in clients:
            _tell(client, "go")
        took = sorted(ms for client in clients for ms in json.loads(_line(client)))
    return Pace(a_second=len(took) / (time.perf_counter() - begun), took_ms=took)


@contextmanager
def _clients(number: int) -> Iterator[list["subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "tests.bench.post_client"]
    pipe = subprocess.PIPE
    clients = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(number)]
    try:
        yield clients
    finally:
        for client in clients:
            client.kill()
            client.communicate()


def _tell(client: "subprocess.Popen[str]", line: str) -> None:
    assert client.stdin is not None
    client.stdin.write(f"{line}\n")
    client.stdin.flush()


def _line(client: "subprocess.Popen[str]") -> str:
    assert client.stdout is not None
    return client.stdout.readline()


def _spread(took_ms: Sequence[float]) -> list[Cell]:
    return [part(took_ms, 0.5), part(took_ms, 0.99), took_ms[-1]]
