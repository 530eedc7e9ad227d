"""What each lane's jobs wait for on one machine that has more to do than it can: ``python -m tests.bench.priority``.

A local server gets a flood of low and medium jobs that all fall due at one instant. From then on high jobs come in
bursts. A job's wait is the time from its due instant to the start of its attempt. The tasks do nothing (``echo``): what
is measured is what Tickwell itself makes the others wait for.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.bench.benches import Run
from tests.bench.lateness import part
from tests.bench.results import Cell, Result, Table
from tests.server_process import ServerProcess, eventually, running
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.history import EmbeddedHistory
from tickwell.adapters.system import SystemClock
from tickwell.domain.execution import Execution

_BATCH = 500
_LEAD_SECONDS = 5.0
_LEAD_SECONDS_PER_JOB = 0.005
_MOST_SECONDS = 600.0

Attempts = Mapping[str, Sequence[Execution]]
"""The attempts of each priority's jobs."""


def measure(folder: Path, *, low: int, medium: int, high: int, burst: int, pause_seconds: float) -> Attempts:
    """Run a flood of ``low`` and ``medium`` jobs, and ``high`` ones that come in bursts with a pause after each."""
    with running(folder) as server:
        server.register()
        tenant_id = server.data("GET", "/api/v1/auth/me")["tenant_id"]
        due_at = datetime.now(UTC) + timedelta(seconds=_LEAD_SECONDS + _LEAD_SECONDS_PER_JOB * (low + medium))
        ids = {name: list(_flood(server, name, number, due_at)) for name, number in (("low", low), ("medium", medium))}
        left_seconds = (due_at - datetime.now(UTC)).total_seconds()
        if left_seconds < 0:
            raise RuntimeError("this machine is too slow to accept the flood before it falls due")
        time.sleep(left_seconds)
        ids["high"] = list(_stream(server, high, burst, pause_seconds))
        eventually(lambda: _is_idle(server), seconds=_MOST_SECONDS)
        server.terminate()
    with closing(Database(folder / "tickwell.db")) as database:
        history = EmbeddedHistory(database, SystemClock())
        return {
            name: [
                execution
                for job_id in job_ids
                for execution in history.list_executions(tenant_id, job_id, limit=10, cursor=None).items
            ]
            for name, job_ids in ids.items()
        }


def _job(priority: str, number: int) -> dict[str, Any]:
    return {"name": f"{priority} {number}", "task": "echo", "payload": {"message": priority}, "priority": priority}


def _flood(server: ServerProcess, priority: str, number: int, due_at: datetime) -> Iterator[str]:
    jobs = [{**_job(priority, n), "scheduled_time": due_at.isoformat()} for n in range(number)]
    for at in range(0, number, _BATCH):
        yield from _created(server, jobs[at : at + _BATCH])


def _stream(server: ServerProcess, number: int, burst: int, pause_seconds: float) -> Iterator[str]:
    for at in range(0, number, burst):
        yield from _created(server, [_job("high", n) for n in range(at, min(at + burst, number))])
        time.sleep(pause_seconds)


def _created(server: ServerProcess, jobs: Sequence[Mapping[str, Any]]) -> list[str]:
    answer = server.data("POST", "/api/v1/jobs/batch", {"jobs": jobs})
    return [result["data"]["id"] for result in answer["results"]]


def _is_idle(server: ServerProcess) -> bool:
    time.sleep(0.5)
    lanes = server.call("GET", "/api/v1/dashboard/health")[1]["services"]["queue"]["metrics"]["lanes"].values()
    return all(lane["waiting"] == lane["delayed"] == lane["active"] == 0 for lane in lanes)


def priority(run: Run) -> Result:
    """The bench of ``make bench``: how long each lane waits."""
    few = {"low": 100, "medium": 100, "high": 20}
    flood = few if run.quick else {"low": 2000, "medium": 2000, "high": 200}
    attempts = measure(run.folder, **flood, burst=10, pause_seconds=0.05)
    rows: list[list[Cell]] = [
        [name, len(waits), *(part(waits, share) for share in (0.5, 0.99, 1.0))] for name, waits in _waits(attempts)
    ]
    title = "Seconds from due to started, low and medium jobs in a flood, high ones in bursts"
    return Result(tables=[Table(title=title, columns=["lane", "jobs", "p50", "p99", "longest"], rows=rows)])


def _waits(attempts: Attempts) -> Iterator[tuple[str, list[float]]]:
    for name in ("high", "medium", "low"):
        yield name, sorted((one.started_at - one.due_at).total_seconds() for one in attempts[name])


def report(attempts: Attempts) -> Iterator[str]:
    """Lines that say what was measured."""
    yield f"{'lane':8} {'jobs':>6} {'wait p50':>10} {'wait p99':>10} {'longest':>10}"
    for name, waits in _waits(attempts):
        p50, p99 = (part(waits, share) for share in (0.5, 0.99))
        yield f"{name:8} {len(waits):6} {p50:8.2f} s {p99:8.2f} s {waits[-1]:8.2f} s"
    begun, ended = min(one.due_at for one in attempts["high"]), max(one.finished_at for one in attempts["high"])
    seconds = (ended - begun).total_seconds()
    for name, those in attempts.items():
        done = sum(begun <= one.finished_at <= ended for one in those)
        yield f"while high jobs came ({seconds:.1f} s): {done / seconds:.0f} {name} jobs a second"
    everything = [one for those in attempts.values() for one in those]
    whole = max(one.finished_at for one in everything) - min(one.started_at for one in everything)
    yield f"all {len(everything)} jobs: {whole.total_seconds():.1f} s"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.priority", description=__doc__)
    parser.add_argument("--low", type=int, default=2000)
    parser.add_argument("--medium", type=int, default=2000)
    parser.add_argument("--high", type=int, default=200)
    parser.add_argument("--burst", type=int, default=10, help="high jobs that come together")
    parser.add_argument("--pause-seconds", type=float, default=0.05, help="from one burst to the next")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        attempts = measure(Path(folder), **vars(options))
    sys.stdout.writelines(f"{line}\n" for line in report(attempts))


if __name__ == "__main__":
    main()
