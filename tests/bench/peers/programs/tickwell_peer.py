"""Tickwell on SQLite, with all of a server but its HTTP: sweeps, outcomes, heartbeats. It keeps every record."""

import threading
from pathlib import Path
from typing import Any

import marks

from tests.bench.embedded_host import PRINCIPAL, opened
from tickwell.application.create_job import NewJob
from tickwell.application.create_jobs import MOST_JOBS
from tickwell.application.task import Task, TaskContext

FOLDER = Path(marks.FOLDER) / "tickwell"
TIMEOUT_SECONDS = 1 if marks.SURVIVES else None


async def _run(payload: Any, _context: TaskContext) -> None:
    marks.noop(payload)


NOOP: Task[Any] = Task(
    name="noop", summary="Does nothing.", parse=lambda payload: payload, payload_schema=dict, run=_run
)


def _jobs(numbers: range) -> list[NewJob]:
    return [NewJob(name="noop", task="noop", payload=number, timeout_seconds=TIMEOUT_SECONDS) for number in numbers]


def submit_one() -> None:
    with opened(FOLDER, [NOOP]) as host, marks.timed():
        for (job,) in map(_jobs, (range(number, number + 1) for number in range(marks.JOBS))):
            host.services.create_job(PRINCIPAL, job)


def submit_many() -> None:
    with opened(FOLDER, [NOOP]) as host, marks.timed():
        for first in range(0, marks.JOBS, MOST_JOBS):
            host.services.create_jobs(PRINCIPAL, _jobs(range(first, min(first + MOST_JOBS, marks.JOBS))))


def work() -> None:
    with opened(FOLDER, [NOOP], safety_sync_interval_seconds=2 if marks.SURVIVES else 60) as host:
        host.background().start()
        threading.Event().wait()


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=submit_many, work=work)
