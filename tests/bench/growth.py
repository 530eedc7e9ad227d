"""The same work beside few jobs and beside very many must cost the same: ``python -m tests.bench.growth``.

Each of three SQLite files has so many jobs that wait (half of them in a lane, half due within the next 30 days) and as
many that have run; ``filled.py`` says how they came there. The same work is done on each of them in turns: so whatever
slows the machine down slows all. Counted is the CPU time of this process, user and system: files differ in nothing else
but their size, and the disk's own time would only say which disk it is.

What is claimed stands in its lane in another order than that of creation, and what is created in bulk is due at
scattered instants: that is the hard case, in which each job's rows are on pages of their own.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.bench.filled import Filled, opened
from tests.contract.makers import execution
from tests.world import ADA
from tickwell.application.create_job import At, NewJob
from tickwell.application.list_jobs import ListJobs
from tickwell.application.statistics import ReadStatistics
from tickwell.domain.job import Job
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery, JobSort
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage

SIZES = (1000, 100_000, 1_000_000)
ROUNDS = 20
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
        for name, units, part in (
            ("create a job", _BATCH, self.create),
            ("create jobs in bulk, each", _MANY, self.create_in_bulk),
            ("claim (of ten), each", _BATCH, self.claim),
            ("claim, run, record, finish (of ten), each", _BATCH, self.execute),
            ("list: first page", 1, lambda: self.page(JobQuery())),
            ("list: first page of active ones", 1, lambda: self.page(JobQuery(chosen=JobFilter(status="active")))),
            ("list: first page by next run", 1, lambda: self.page(JobQuery(sort_by=JobSort.NEXT_RUN))),
            ("list: first page by name", 1, lambda: self.page(JobQuery(sort_by=JobSort.NAME))),
            ("sweep in which 50 fall due", 1, self.sweep),
            ("statistics", 1, self.statistics),
            ("a queue with its counts", 1, self.queue),
            ("depth of a lane", 1, self.depth),
        ):
            if name.startswith("sweep"):
                self.let_fall_due()
            begun = time.process_time()
            part()
            self.taken.setdefault(name, []).append((time.process_time() - begun) / units * 1e6)
            self.end_what_runs()

    def create(self) -> None:
        """Jobs that are due at once, one by one."""
        for number in range(_BATCH):
            self.filled.world.create(name=f"new {number}", task="echo", payload={"message": "hello"})

    def create_in_bulk(self) -> None:
        """Jobs that are due at scattered instants."""
        now = self.filled.world.clock.now()
        self._create_at([now + timedelta(days=1, seconds=self._draw(_SCATTER_SECONDS)) for _ in range(_MANY)])

    def let_fall_due(self) -> None:
        """Jobs that come within the sweep's reach, and the time until the sweep."""
        now = self.filled.world.clock.now()
        self._create_at([now + _SWEPT_IN] * _MANY)
        self.filled.world.clock.advance(_SWEEP_EVERY)

    def _create_at(self, instants: Sequence[datetime]) -> None:
        requests = [
            NewJob(name=f"new {self._draw(1_000_000)}", task="echo", payload={"message": "hello"}, schedule=At(at=at))
            for at in instants
        ]
        assert len(self.filled.world.create_many(ADA, requests)) == len(requests)

    def claim(self) -> None:
        """What a worker does first."""
        world = self.filled.world
        deliveries = world.lanes[Lane.MEDIUM].receive(_BATCH, wait_seconds=0)
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

    def execute(self) -> None:
        """All that a worker does."""
        world = self.filled.world
        lane = world.lanes[Lane.MEDIUM]
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
        assert sum((jobs or {}).values()) > 2 * self.filled.jobs

    def depth(self) -> None:
        """What health and the safety sync ask."""
        assert self.filled.world.lanes[Lane.MEDIUM].depth().waiting > self.filled.jobs // 4

    def _draw(self, below: int) -> int:
        self.drawn = self.drawn * 6364136223846793005 % (1 << 64) | 1
        return (self.drawn >> 20) % below


def measured(folder: Path, sizes: Sequence[int], rounds: int) -> dict[int, dict[str, float]]:
    """What each part takes in us of CPU, by size; on average, because now and then the log is written back."""
    with ExitStack() as stack, asyncio.Runner() as runner:
        works = [Work(filled=stack.enter_context(opened(folder, size)), runner=runner) for size in sizes]
        for work in works:  # what is done for the first time costs more
            work.round()
            work.taken.clear()
        for _ in range(rounds):
            for work in works:
                work.round()
        return {
            work.filled.jobs: {name: statistics.mean(taken) for name, taken in work.taken.items()} for work in works
        }


def report(found: Mapping[int, Mapping[str, float]]) -> Iterator[str]:
    """Lines that say what was measured."""
    yield f"{'us of CPU':44}" + "".join(f"{size:>12,}" for size in found) + "  last/first"
    first, *_, last = found.values()
    for name in first:
        times = "".join(f"{taken[name]:12.1f}" for taken in found.values())
        yield f"{name:44}{times}{last[name] / first[name]:12.2f}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.growth", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="jobs that wait, and as many that have run")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--folder", type=Path, help="where files are kept that serve again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(options.folder or Path(folder), options.sizes, options.rounds)
    sys.stdout.writelines(f"{line}\n" for line in report(found))


if __name__ == "__main__":
    main()
