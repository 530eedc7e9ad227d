"""What AWS would bill, case by case, beside other designs and services: ``make bench ONLY=meter``.

Units are counted below the SDK of the real functions on moto (``tests/meter``): they do not hang on the machine.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from tests.bench.benches import Run
from tests.bench.results import Cell, Goal, Result, Table
from tests.meter import cases, designs, sharing
from tests.meter.bill import Bill
from tests.meter.cases import FULL, MANY, SPARSE, Crowd
from tests.meter.growth import grown
from tests.meter.prices import (
    CALL_MS,
    CELERY_SERVER_MONTH,
    INVOCATION_MS,
    MILLION,
    PEERS,
    READ_ON,
    Charge,
)
from tests.quiet import quiet

T = TypeVar("T")

HOURS_A_MONTH = 730
SIZES = (1_000, 100_000, 1_000_000)
SHARED_JOBS = 500
MOST_GROWTH = 1.2
MOST_PROCESSES = 4
GOALS: Mapping[str, float] = {"immediate": 6.0, "immediate, in bulk": 4.5, "recurring, each hour (sweep)": 4.5}

_NEVER_ALONE = "recurring, each minute"
"""Among jobs that come so often none stays away from the others for as long as ``SPARSE`` asks, and there is no end."""

_CASES: Mapping[str, tuple[Callable[[Crowd], Bill], Crowd]] = {
    "immediate": (cases.immediate, FULL),
    "immediate, in bulk": (cases.in_bulk, MANY),
    "delayed by a minute": (cases.delayed, FULL),
    "in an hour, by Scheduler": (cases.far_by_scheduler, FULL),
    "in an hour, by the sweep": (cases.far_by_sweep, FULL),
    "recurring, each hour (sweep)": (cases.occurrence_by_sweep, MANY),
    _NEVER_ALONE: (cases.occurrence_each_minute, MANY),
    "a final failure": (cases.final_failure, FULL),
    "a retry": (cases.retry, FULL),
    "telling of a failure, by mail": (cases.told, FULL),
    "cancel": (cases.cancelled, FULL),
}

_READS: Mapping[str, str] = {
    "list page (50 of 1,000)": "/api/v1/jobs?limit=50",
    "job detail": "/api/v1/jobs/{job}",
    "statistics": "/api/v1/dashboard/stats",
}


def meter(run: Run) -> Result:
    """All cases, the designs and services beside them, and how writes spread over partition keys."""
    jobs, waiting = (100, 1000) if run.quick else (SHARED_JOBS, MILLION)
    with _beside_each_other(run.folder) as counted:
        one_by_one = counted(partial(sharing.one_by_one, jobs))
        in_bulk = counted(partial(sharing.in_bulk, jobs))
        idle = counted(partial(cases.idle_hour, waiting))
        full, sparse = _metered(counted, quick=run.quick)
        shares = {"one by one": one_by_one.result(), "in bulk": in_bulk.result()}
        hour = idle.result()
    return Result(
        tables=[_cases_table(full, sparse), _beside_table(full, sparse), _idle_table(hour), _shares_table(shares)],
        goals=[
            *(
                Goal(name=f"USD per million: {name}", figure=_million(full[name]), at_most=at)
                for name, at in GOALS.items()
            ),
            *(
                Goal(name=f"largest share of a partition key, {name}", figure=bill.largest_share(), at_most=0.1)
                for name, bill in shares.items()
            ),
        ],
    )


def growth(run: Run) -> Result:
    """The same work beside few and beside very many jobs."""
    sizes = SIZES[:2] if run.quick else SIZES
    with _quietly(run.folder):
        bills = {size: grown(size) for size in sizes}
    rows: list[list[Cell]] = []
    ratios = []
    for name in bills[sizes[0]]:
        few, many = bills[sizes[0]][name], bills[sizes[-1]][name]
        ratios.append(many.dollars / few.dollars)
        row: list[Cell] = [name]
        for size in sizes:
            row += [bills[size][name][Charge.WRITE_UNITS], bills[size][name][Charge.READ_UNITS]]
        rows.append([*row, ratios[-1]])
    columns = [
        "work",
        *(f"{kind} units, {size:,}" for size in sizes for kind in ("write", "read")),
        "USD, last : first",
    ]
    note = "So many jobs wait, and as many have ended. Ids are random: what shards share varies by a unit or two."
    return Result(
        tables=[Table(title="AWS: units by the number of jobs in the table", columns=columns, rows=rows, notes=[note])],
        goals=[Goal(name="growth on AWS, worst of all work", figure=max(ratios), at_most=MOST_GROWTH)],
    )


def _metered(counted: "_Counted", *, quick: bool) -> tuple[dict[str, Bill], dict[str, Bill]]:
    """Each case in full batches and alone; reads are the same in both."""
    chosen = dict(list(_CASES.items())[:2]) if quick else _CASES
    chosen = {**chosen, **{name: _CASES[name] for name in GOALS}}
    full = {name: counted(partial(case, crowd)) for name, (case, crowd) in chosen.items()}
    sparse = {name: counted(partial(case, SPARSE)) for name, (case, _) in chosen.items() if name != _NEVER_ALONE}
    reads = counted(partial(cases.reads, _READS))
    in_full = {name: bill.result() for name, bill in full.items()}
    return {**in_full, **reads.result()}, {name: bill.result() for name, bill in sparse.items()}


def _cases_table(full: Mapping[str, Bill], sparse: Mapping[str, Bill]) -> Table:
    kinds = {"write units": Charge.WRITE_UNITS, "read units": Charge.READ_UNITS, "SQS": Charge.SQS}
    kinds |= {"Lambda": Charge.LAMBDA, "HTTP": Charge.HTTP}
    rows: list[list[Cell]] = []
    for name, bill in full.items():
        row: list[Cell] = [name, _million(bill), *(round(bill[charge], 3) for charge in kinds.values())]
        alone = sparse.get(name)
        rows.append([*row, *([None] * 3 if alone is None else _alone(alone))])
    return Table(
        title=f"AWS: USD for a million, and units for one (prices of us-east-1, {READ_ON})",
        columns=["case", "USD", *kinds, "USD, sparse", "write units, sparse", "SQS, sparse"],
        rows=rows,
        notes=[
            "Full: batches of ten. Sparse: each job is alone in each of its batches.",
            f"Lambda's time is assumed: {INVOCATION_MS:.0f} ms an invocation, {CALL_MS:.0f} ms a call, at 512 MB.",
            "Not in it: logs, storage, what the task itself takes, free tiers.",
        ],
    )


def _alone(bill: Bill) -> list[Cell]:
    return [_million(bill), bill[Charge.WRITE_UNITS], bill[Charge.SQS]]


def _beside_table(full: Mapping[str, Bill], sparse: Mapping[str, Bill]) -> Table:
    rows: list[list[Cell]] = [
        ["Tickwell, in bulk, full batches", _million(full["immediate, in bulk"])],
        ["Tickwell, single requests, full batches", _million(full["immediate"])],
        ["Tickwell, single requests, sparse", _million(sparse["immediate"])],
        ["the floor: the same durable state, full batches", _million(designs.floor())],
        ["a naive design (batches of one)", _million(designs.naive())],
        *_priced(PEERS),
    ]
    notes = [
        f"Celery needs a server besides, from {CELERY_SERVER_MONTH:.2f} USD a month, and takes no HTTP requests.",
        "Scheduler alone keeps no record, does not retry what fails in the task, and is good to a minute.",
        "Both are cheaper there, and do less. QStash and Step Functions do not run the code.",
    ]
    return Table(title="USD for a million immediate jobs", columns=["", "USD"], rows=rows, notes=notes)


def _priced(peers: Mapping[str, float]) -> list[list[Cell]]:
    return [[name, price] for name, price in peers.items()]


def _idle_table(hour: Bill) -> Table:
    rows: list[list[Cell]] = [[charge.value, units, dollars * HOURS_A_MONTH] for charge, units, dollars in hour.lines()]
    rows.append(["together", None, hour.dollars * HOURS_A_MONTH])
    return Table(
        title="AWS: an idle hour while a million jobs wait",
        columns=["", "units in the hour", "USD a month"],
        rows=rows,
        notes=["What waits costs nothing but its storage: about 0.25 USD a month for each GB of items."],
    )


def _shares_table(shares: Mapping[str, Bill]) -> Table:
    rows: list[list[Cell]] = []
    for name, bill in shares.items():
        (key, units), *_ = bill.writes_by_key.most_common(1)
        kind = key.split("#")[2] if key.startswith("T#") else key[0]
        rows.append([name, bill.writes_by_key.total(), f"{kind} ({units})", bill.largest_share()])
    note = f"{SHARED_JOBS:,} jobs: with more of them the shards only become more even."
    return Table(
        title="AWS: one tenant's write units by partition key",
        columns=["jobs", "write units", "busiest key", "its share"],
        rows=rows,
        notes=[note],
    )


def _million(bill: Bill) -> float:
    return bill.dollars * MILLION


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counted:
    """Counts in other processes: units are the same beside whatever else runs, and time is not measured."""

    pool: ProcessPoolExecutor
    folder: Path

    def __call__(self, work: Callable[[], T]) -> Future[T]:
        return self.pool.submit(_in_silence, self.folder, work)


@contextmanager
def _beside_each_other(folder: Path) -> Iterator[_Counted]:
    """As many processes as there are cores, but for a few."""
    processes = min(os.cpu_count() or 1, MOST_PROCESSES)
    with ProcessPoolExecutor(max_workers=processes, mp_context=get_context("spawn")) as pool:
        yield _Counted(pool=pool, folder=folder)


def _in_silence(folder: Path, work: Callable[[], T]) -> T:
    with _quietly(folder):
        return work()


@contextmanager
def _quietly(folder: Path) -> Iterator[None]:
    """What the functions log goes into a file."""
    with quiet(), (folder / f"functions-{os.getpid()}.log").open("a") as log, redirect_stdout(log):
        yield
