"""What is left of jobs whose worker dies by SIGKILL in the midst of them."""

import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.benches import Run
from tests.bench.peers.field import Runner
from tests.bench.peers.running import PeerFailedError, started, submit, wait_until
from tests.bench.peers.stores import store
from tests.bench.results import Cell, Table

JOBS, DIES_IN = 200, 100
_PATIENCE_SECONDS = 90.0
"""RQ keeps a job for 60 s longer than its own time limit before it looks whether its worker lives."""
_DEATH_SECONDS = 60.0
_AFTER_SECONDS = 3.0


def survival_table(run: Run, runners: Sequence[Runner]) -> Table:
    """All peers at once: nothing is measured here but what comes back."""
    with ThreadPoolExecutor(max_workers=max(1, len(runners))) as pool:
        rows = list(pool.map(lambda runner: _row(runner, run.folder), runners))
    return Table(
        title=f"{JOBS} jobs; the worker is killed (SIGKILL) in number {DIES_IN}, another one starts",
        columns=["queue", "lost", "run twice"],
        rows=rows,
        notes=[
            f"Lost: not done within {_PATIENCE_SECONDS:.0f} s; limits that bring jobs back are set to a few seconds.",
            "Run twice: done before the worker died, and once more because it had not told the store.",
        ],
    )


def _row(runner: Runner, folder: Path) -> list[Cell]:
    with store(folder, runner.redis) as own:
        log = own.folder / "done.log"
        asked = {"most_seconds": _DEATH_SECONDS, "jobs": JOBS, "result": own.folder / "work.json", "log": log}
        try:
            submit(runner, own, "submit-one", JOBS, log=log, most_seconds=_DEATH_SECONDS)
        except PeerFailedError as error:
            return [runner.peer.name, f"not tried: {error}", None]
        with started(runner, own, "work", **asked, die_at=DIES_IN) as process:
            wait_until(lambda: process.poll() is not None, _DEATH_SECONDS)
        with started(runner, own, "work", **asked):
            wait_until(lambda: len(done(log)) == JOBS, _PATIENCE_SECONDS)
            time.sleep(_AFTER_SECONDS)
        times = done(log)
        return [runner.peer.name, JOBS - len(times), sum(count > 1 for count in times.values())]


def done(log: Path) -> Counter[int]:
    """How often each job was done."""
    return Counter(int(line) for line in log.read_text().splitlines()) if log.exists() else Counter()
