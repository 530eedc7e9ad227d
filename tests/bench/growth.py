"""The same work beside few jobs and beside very many must cost the same: ``python -m tests.bench --only growth``.

Each of three SQLite files has so many jobs that wait (half of them in lanes, half due within the next 30 days) and as
many that have run; ``filled.py`` says how they came there. The same work is done on each of them in turns: so whatever
slows the machine down slows all. Counted is the CPU time of this process, user and system: files differ in nothing else
but their size, and the disk's own time would only say which disk it is.

Where jobs are claimed in another order than that of their creation, or created for scattered instants, the rows of each
are on pages of their own: that is the hard case.
"""

import asyncio
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from tests.bench.benches import Run
from tests.bench.filled import IN_ORDER, NOW, SCATTERED, Filled, opened, write_back, write_back_by_hand
from tests.bench.results import Goal, Result, Table
from tests.contract.makers import execution
from tests.world import ADA
from tickwell.application.create_job import At, CreatedJob, Immediately, NewJob
from tickwell.application.list_jobs import ListJobs
from tickwell.application.statistics import ReadStatistics
from tickwell.domain.job import Job
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery, JobSort
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage

SIZES, QUICK = (1000, 100_000, 1_000_000), (500, 1000, 4000)
ROUNDS, QUICK_ROUNDS = 9, 2
GOAL = 1.2
WRITE_BACK = "write the log back, for each job created or run"
_JOBS_PER_ROUND = 200
_BATCH = 10
_MANY = 50
_SWEEP_EVERY = timedelta(minutes=10)
_SWEPT_IN = timedelta(minutes=20)
_PAGE = 20
_SCATTER_SECONDS = 25 * 86_400


@dataclass(kw_only=True, slots=True)
class Work:
    """The work that is measured, on one file. Raises AssertionError where it does anything but what it should."""

    filled: Filled
    runner: asyncio.Runner
    drawn: int = 1
    running: list[Job] = field(default_factory=list)
    taken: dict[str, list[float]] = field(default_factory=dict)

    def round(self) -> None:
        """Everything once."""
        for name, units, part in self.parts():
            if name.startswith("sweep"):
                self.let_fall_due()
            begun = time.process_time()
            part()
            self.taken.setdefault(name, []).append((time.process_time() - begun) / units * 1e6)
            self.end_what_runs()
        begun = time.process_time()
        write_back(self.filled.database)
        self.taken.setdefault(WRITE_BACK, []).append((time.process_time() - begun) / _JOBS_PER_ROUND * 1e6)

    def parts(self) -> Sequence[tuple[str, int, Callable[[], None]]]:
        """What is done, how many of it at once, and how."""
        active = JobFilter(status="active")
        return (
            ("create a job, due at once", _BATCH, self.create),
            ("create 50 together, due at once, each", _MANY, self.create_together),
            ("create 50 together, due at scattered instants, each", _MANY, self.create_scattered),
            ("claim ten in order, each", _BATCH, lambda: self.claim(IN_ORDER)),
            ("claim ten scattered ones, each", _BATCH, lambda: self.claim(SCATTERED)),
            ("claim, run, record, finish ten in order, each", _BATCH, lambda: self.execute(IN_ORDER)),
            ("claim, run, record, finish ten scattered ones, each", _BATCH, lambda: self.execute(SCATTERED)),
            ("list the first page", 1, lambda: self.page(JobQuery())),
            ("list the first page of active ones", 1, lambda: self.page(JobQuery(chosen=active))),
            ("list the first page by next run", 1, lambda: self.page(JobQuery(sort_by=JobSort.NEXT_RUN))),
            ("list the first page by name", 1, lambda: self.page(JobQuery(sort_by=JobSort.NAME))),
            ("sweep: 50 fall due", 1, self.sweep),
            ("statistics", 1, self.statistics),
            ("a queue with its counts", 1, self.queue),
            ("depth of a lane", 1, self.depth),
        )

    def create(self) -> None:
        """Jobs that are due at once, one by one."""
        for number in range(_BATCH):
            self.filled.world.create(name=f"new {number}", task="echo", payload={"message": "hello"})

    def create_together(self) -> None:
        """Jobs that are due at once, in one request."""
        self._create([NOW] * _MANY)

    def create_scattered(self) -> None:
        """Jobs that are due at scattered instants, in one request."""
        now = self.filled.world.clock.now()
        self._create([At(at=now + timedelta(days=1, seconds=self._draw(_SCATTER_SECONDS))) for _ in range(_MANY)])

    def let_fall_due(self) -> None:
        """Jobs that come within the sweep's reach, and the time until the sweep."""
        now = self.filled.world.clock.now()
        self._create([At(at=now + _SWEPT_IN)] * _MANY)
        self.filled.world.clock.advance(_SWEEP_EVERY)

    def _create(self, schedules: Sequence[At | Immediately]) -> None:
        requests = [
            NewJob(name=f"new {self._draw(1_000_000)}", task="echo", payload={"message": "hello"}, schedule=schedule)
            for schedule in schedules
        ]
        assert all(isinstance(outcome, CreatedJob) for outcome in self.filled.world.create_many(ADA, requests))

    def claim(self, lane: Lane) -> None:
        """What a worker does first."""
        world = self.filled.world
        deliveries = world.lanes[lane].receive(_BATCH, wait_seconds=0)
        messages = [each.message for each in deliveries if isinstance(each.message, JobMessage)]
        self.running += world.core.claim_attempts()(messages, now=world.clock.now()).claimed
        assert len(self.running) == _BATCH

    def end_what_runs(self) -> None:
        """What was only claimed is over, so that no more jobs run than a worker has places."""
        now = self.filled.world.clock.now()
        expires_at = now + timedelta(days=30)
        ended = [execution(job, started_at=now, finished_at=now, expires_at=expires_at) for job in self.running]
        assert all(self.filled.world.core.jobs.finish_many(ended, now=now))
        self.running.clear()

    def execute(self, name: Lane) -> None:
        """All that a worker does."""
        world = self.filled.world
        lane = world.lanes[name]
        deliveries = lane.receive(_BATCH, wait_seconds=0)
        report = self.runner.run(world.execute(lane, deliveries))
        lane.delete(deliveries)
        assert len(report.settled) == _BATCH

    def page(self, query: JobQuery) -> None:
        """The first page, with the total."""
        core = self.filled.world.core
        use_case = ListJobs(listing=core.listing, directory=core.directory, clock=core.clock)
        found = use_case(ADA, query, limit=_PAGE)
        assert len(found.items) == _PAGE
        assert (found.total or 0) >= self.filled.jobs

    def sweep(self) -> None:
        """One run of the safety sync."""
        report = self.filled.world.sync()
        assert report.swept == _MANY, (self.filled.jobs, report)

    def statistics(self) -> None:
        """All that the overview shows."""
        core, stores = self.filled.world.core, self.filled.made.stores
        listing = ListJobs(listing=core.listing, directory=core.directory, clock=core.clock)
        use_case = ReadStatistics(
            counts=stores.counts, workers=stores.workers, jobs=stores.jobs, list_jobs=listing, clock=core.clock
        )
        assert sum(use_case.dashboard(ADA).counts.jobs.values()) > 2 * self.filled.jobs
        use_case.work(ADA)

    def queue(self) -> None:
        """A queue as its page shows it."""
        jobs = self.filled.world.queues.get(ADA, "default-medium").jobs
        assert sum((jobs or {}).values()) > self.filled.jobs

    def depth(self) -> None:
        """What health and the safety sync ask."""
        assert self.filled.world.lanes[IN_ORDER].depth().waiting > self.filled.jobs // 8

    def _draw(self, below: int) -> int:
        self.drawn = self.drawn * 6364136223846793005 % (1 << 64) | 1
        return (self.drawn >> 20) % below


def measured(folder: Path, sizes: Sequence[int], rounds: int) -> dict[int, dict[str, float]]:
    """The median of what each part takes in us of CPU, by size.

    SQLite writes its log back when that has a thousand pages; here it does so at the end of each round, so that it does
    not fall into whatever is measured by then.
    """
    with ExitStack() as stack, asyncio.Runner() as runner:
        works = [Work(filled=stack.enter_context(opened(folder, size)), runner=runner) for size in sizes]
        for work in works:
            write_back_by_hand(work.filled.database)
        for work in works:  # what is done for the first time costs more
            work.round()
            work.taken.clear()
        for _ in range(rounds):
            for work in works:
                work.round()
        return {
            work.filled.jobs: {name: statistics.median(taken) for name, taken in work.taken.items()} for work in works
        }


def growth(run: Run) -> Result:
    """For ``make bench``."""
    sizes, rounds = (QUICK, QUICK_ROUNDS) if run.quick else (SIZES, ROUNDS)
    found = measured(run.folder, sizes, rounds)
    peaks = [_peak_mb(run.folder, size) for size in sizes]
    first, *_, last = found.values()
    times = Table(
        title="The same work beside so many waiting jobs and as many that have run, on SQLite (us of CPU)",
        columns=("work", *(f"{size:,}" for size in sizes), "last / first"),
        rows=[(name, *(taken[name] for taken in found.values()), last[name] / first[name]) for name in first],
        notes=(f"in turns on all files, {rounds} times; medians",),
    )
    memory = Table(
        title="Memory at most of a process that does all of it twice, with Python and all libraries (MB)",
        columns=("", *(f"{size:,}" for size in sizes), "last / first"),
        rows=[("peak", *peaks, peaks[-1] / peaks[0])],
    )
    goals = [
        Goal(name=f"growth: {name}", figure=last[name] / first[name], at_most=GOAL)
        for name in first
        if name != WRITE_BACK
    ]
    return Result(tables=(times, memory), goals=goals)


def _peak_mb(folder: Path, size: int) -> float:
    """Of a process of its own."""
    command = [sys.executable, "-m", "tests.bench.growth", str(folder), str(size)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    """Print the memory that the work takes on the file of a folder that has so many jobs: for ``growth`` itself."""
    measured(Path(sys.argv[1]), [int(sys.argv[2])], 1)
    sys.stdout.write(f"{_own_peak_mb():.1f}\n")


def _own_peak_mb() -> float:
    """What Linux says of this program alone; the other source begins with the memory of the process that started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.open() if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
