"""Tickwell's embedded engine beside huey, dramatiq, arq, RQ, Celery and BullMQ: ``make bench ONLY=peers``.

Each is durable: what it acknowledged has reached the disk. All run on this machine, in turns, three times;
medians count.
"""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.awake import awake
from tests.bench.benches import Run
from tests.bench.peers.field import BULLMQ, FIELD, TICKWELL, Peer, Runner, all_installed
from tests.bench.peers.running import PeerFailedError, Took, submit, work
from tests.bench.peers.stores import store
from tests.bench.peers.survival import survival_table
from tests.bench.results import Cell, Goal, Result, Table

_REPEATS = 3
_WARM_SHARE = 10
_QUICK_SHARE = 20

GOAL_JOBS_PER_SECOND, GOAL_TIMES_PYTHON, GOAL_TIMES_BULLMQ = 12_000, 3.0, 1.0
"""What issue 7 asks of one worker process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """All repeats of a peer."""

    singly: list[Took] = field(default_factory=list)
    in_bulk: list[Took] = field(default_factory=list)
    worked: list[Took] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def peers(run: Run) -> Result:
    """The bench of ``make bench``."""
    runners, missing = all_installed(FIELD)
    measured = {runner.peer.name: Measured() for runner in runners}
    with awake():
        for _ in range(1 if run.quick else _REPEATS):
            for runner in runners:
                _repeat(runner, measured[runner.peer.name], run.folder, share=_QUICK_SHARE if run.quick else 1)
    return Result(tables=[_speed(measured, missing), survival_table(run, runners)], goals=_goals(measured))


def _repeat(runner: Runner, into: Measured, folder: Path, *, share: int) -> None:
    """Submit one by one, then in bulk, then let one worker do all of it."""
    peer = runner.peer
    singly, in_bulk = peer.singly // share, peer.in_bulk // share
    with store(folder, runner.redis) as own:
        try:
            into.singly.append(submit(runner, own, "submit-one", singly))
            jobs = into.singly[-1].jobs
            if in_bulk:
                into.in_bulk.append(submit(runner, own, "submit-many", in_bulk))
                jobs += into.in_bulk[-1].jobs
            into.worked.append(work(runner, own, jobs, warm=jobs // _WARM_SHARE))
        except PeerFailedError as error:
            into.faults.append(str(error))


def _speed(measured: dict[str, Measured], missing: dict[str, str]) -> Table:
    columns = ["queue", "store", "jobs/s", "worker CPU µs/job", "broker CPU µs/job", "together"]
    columns += ["submit one by one/s", "submit in bulk/s", "keeps"]
    rows = [_row(peer, measured[peer.name]) for peer in FIELD if peer.name in measured]
    versions = ", ".join(peer.version for peer in FIELD if peer.requirements and peer.name in measured)
    notes = [
        "One worker process, no-op jobs, all durable: SQLite with full sync, Redis with `appendfsync always`; medians.",
        f"Versions: {versions}.",
        *_ahead(rows, {2: "jobs/s", 6: "submitting one by one", 7: "submitting in bulk"}, columns.index("together")),
        *(f"{name} was not measured: {why}" for name, why in missing.items()),
        *(f"A repeat failed: {fault}" for each in measured.values() for fault in each.faults),
    ]
    return Table(title="No-op jobs on one machine, one worker process", columns=columns, rows=rows, notes=notes)


def _ahead(rows: Sequence[Sequence[Cell]], more_is_better: Mapping[int, str], cpu: int) -> list[str]:
    """Who does better than Tickwell, in what: that must not be left to be found."""
    (ours,) = [row for row in rows if row[0] == TICKWELL.name]
    told = []
    for at, name in {**more_is_better, cpu: "CPU per job"}.items():
        better = [str(row[0]) for row in rows if _is_better(row[at], ours[at], less=at == cpu)]
        told += [f"Ahead of Tickwell in {name}: {', '.join(better)}."] if better else []
    return told


def _is_better(theirs: Cell, ours: Cell, *, less: bool) -> bool:
    if not isinstance(theirs, float) or not isinstance(ours, float):
        return False
    return theirs < ours if less else theirs > ours


def _row(peer: Peer, measured: Measured) -> list[Cell]:
    worker = _median(measured.worked, lambda took: took.cpu_seconds / took.jobs * 1e6)
    broker = _median(measured.worked, lambda took: took.broker_cpu_seconds / took.jobs * 1e6)
    return [
        peer.name,
        peer.store,
        per_second(measured.worked),
        worker,
        broker if peer.wants_redis else None,
        None if worker is None or broker is None else worker + broker,
        per_second(measured.singly),
        per_second(measured.in_bulk),
        peer.keeps,
    ]


def per_second(those: Sequence[Took]) -> float | None:
    """The median of the repeats."""
    return _median(those, lambda took: took.per_second)


def _median(those: Sequence[Took], figure: Callable[[Took], float]) -> float | None:
    return statistics.median(map(figure, those)) if those else None


def _goals(measured: dict[str, Measured]) -> list[Goal]:
    speeds = {name: speed for name, each in measured.items() if (speed := per_second(each.worked)) is not None}
    ours = speeds.get(TICKWELL.name, 0.0)
    goals = [Goal(name="jobs/s with one worker process", figure=ours, at_least=GOAL_JOBS_PER_SECOND)]
    others = [peer.name for peer in FIELD if peer.is_python and peer is not TICKWELL and peer.name in speeds]
    if others:
        best = max(others, key=speeds.__getitem__)
        times = ours / speeds[best]
        goals.append(Goal(name=f"times the best Python queue ({best})", figure=times, at_least=GOAL_TIMES_PYTHON))
    if BULLMQ.name in speeds:
        goals.append(Goal(name="times BullMQ", figure=ours / speeds[BULLMQ.name], at_least=GOAL_TIMES_BULLMQ))
    return goals
