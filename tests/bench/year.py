"""A year of a thousand daily jobs in the simulation: ``python -m tests.bench.year``.

All of it is the product's own code, through its API: the jobs are created by requests, each occurrence is armed, swept,
sent, received, claimed, run, recorded, finished and checked by the safety sync, in SQLite in memory. What was executed
is read from the database each simulated week, before it expires, and held against a count that does not know Tickwell:
it walks the days of each zone's calendar and asks the zone which instant the wall clock's time is.
"""

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import count, takewhile
from typing import Any
from zoneinfo import ZoneInfo

from tickwell.application.task import Task, TaskContext
from tickwell.testing import SimulatedTickwell

START = datetime(2027, 1, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")
_BATCH = 1000
_WEEK = timedelta(days=7)


async def _nothing(_payload: Any, _context: TaskContext) -> None:
    """What each job does."""


NOTHING: Task[Any] = Task(
    name="nothing", summary="Does nothing.", parse=lambda payload: payload, payload_schema=dict, run=_nothing
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Daily:
    """A job that runs each day at a time of a zone's wall clock."""

    hour: int
    minute: int
    zone: str

    def body(self, number: int) -> dict[str, Any]:
        """What creates it."""
        cron = f"{self.minute} {self.hour} * * *"
        return {"name": f"daily {number}", "task": "nothing", "cron_expression": cron, "timezone": self.zone}

    def instants(self, start: datetime, end: datetime) -> Iterator[datetime]:
        """When it is due after ``start`` and up to ``end``, by the calendar: once on each of its days.

        A time that a change of the clock leaves out comes right after the gap.
        """
        tz = ZoneInfo(self.zone)
        days = (start.date() - timedelta(days=1) + timedelta(days=n) for n in count())
        for day in takewhile(lambda day: day <= end.date() + timedelta(days=1), days):
            if start < (at := self._on(day, tz)) <= end:
                yield at

    def _on(self, day: date, tz: ZoneInfo) -> datetime:
        local = datetime(day.year, day.month, day.day, self.hour, self.minute, tzinfo=tz)
        at = local.astimezone(UTC)
        if at.astimezone(tz).replace(tzinfo=None) == local.replace(tzinfo=None):
            return at
        while (at - timedelta(minutes=1)).astimezone(tz).utcoffset() == at.astimezone(tz).utcoffset():
            at -= timedelta(minutes=1)
        return at


@dataclass(frozen=True, kw_only=True, slots=True)
class Lived:
    """What came of a simulated time. ``wrong``: occurrences with anything but one success."""

    occurrences: int
    wrong: Sequence[str]
    seconds: float
    cpu_seconds: float


def dailies(jobs: int, *, spread: bool) -> list[Daily]:
    """Jobs at all quarters of all hours, in zones with and without summer time; with ``spread`` at all minutes.

    The more jobs are due together, the less each of them costs: of a thousand about ten share an instant, or two.
    """
    if spread:
        return [Daily(hour=n % 24, minute=n % 60, zone=ZONES[n // 120 % len(ZONES)]) for n in range(jobs)]
    return [Daily(hour=n // 4 % 24, minute=n % 4 * 15, zone=ZONES[n % len(ZONES)]) for n in range(jobs)]


def live(jobs: int, days: int, *, spread: bool = False) -> Lived:
    """Let ``jobs`` daily jobs live for ``days``."""
    wanted = dailies(jobs, spread=spread)
    begun, begun_cpu = time.perf_counter(), time.process_time()
    with SimulatedTickwell(start=START, tasks=[NOTHING], settings={"quota_jobs": "none"}) as tickwell:
        ids = _create(tickwell, wanted)
        end = START + timedelta(days=days)
        executed: Counter[tuple[str, int]] = Counter()
        skipped = read = 0
        while tickwell.now() < end:
            tickwell.advance_to(min(tickwell.now() + _WEEK, end))
            read = _collect(tickwell, executed, after=read)
            skipped += _skips(tickwell)
        seconds, cpu_seconds = time.perf_counter() - begun, time.process_time() - begun_cpu
    due = {(job_id, _ms(at)) for job_id, job in zip(ids, wanted, strict=True) for at in job.instants(START, end)}
    wrong = [f"{key}: {executed[key]} successes" for key in due | set(executed) if executed[key] != (key in due)]
    wrong += [f"{skipped} records of occurrences left out"] if skipped else []
    return Lived(occurrences=len(due), wrong=wrong, seconds=seconds, cpu_seconds=cpu_seconds)


def _create(tickwell: SimulatedTickwell, wanted: Sequence[Daily]) -> list[str]:
    bodies = [job.body(number) for number, job in enumerate(wanted)]
    ids: list[str] = []
    for at in range(0, len(bodies), _BATCH):
        answer = tickwell.request("POST", "/api/v1/jobs/batch", {"jobs": bodies[at : at + _BATCH]})
        ids += [result["data"]["id"] for result in answer.data["results"]]
    return ids


def _collect(tickwell: SimulatedTickwell, executed: Counter[tuple[str, int]], *, after: int) -> int:
    """Count the executions that were recorded since the record of number ``after``; the newest number."""
    with tickwell._database.read() as cursor:
        rows = cursor.execute(
            "SELECT number, job_id, due_ms, summary ->> '$.status' FROM executions WHERE number > ?", (after,)
        ).fetchall()
    for _, job_id, due_ms, status in rows:
        # Anything but a success counts twice, so that it cannot pass for one.
        executed[job_id, due_ms] += 1 if status == "success" else 2
    return max((row[0] for row in rows), default=after)


def _skips(tickwell: SimulatedTickwell) -> int:
    with tickwell._database.read() as cursor:
        (skips,) = cursor.execute("SELECT COUNT(*) FROM skips").fetchone()
    return int(skips)


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def report(lived: Lived) -> Iterator[str]:
    """Lines that say what was measured."""
    each_us = lived.cpu_seconds / max(lived.occurrences, 1) * 1e6
    yield f"{lived.occurrences:,} occurrences in {lived.seconds:.1f} s ({lived.cpu_seconds:.1f} s of CPU)"
    yield f"{each_us:.0f} us of CPU for each"
    yield f"{len(lived.wrong)} of them with anything but exactly one outcome"
    yield from lived.wrong[:10]


def main() -> int:
    """Measure and print; 1 when an occurrence has not exactly one outcome."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.year", description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--spread", action="store_true", help="at all minutes instead of quarters of an hour")
    options = parser.parse_args()
    # As a server does: what is there from the start need not be looked through again and again.
    gc.collect()
    gc.freeze()
    lived = live(options.jobs, options.days, spread=options.spread)
    sys.stdout.writelines(f"{line}\n" for line in report(lived))
    return 1 if lived.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
