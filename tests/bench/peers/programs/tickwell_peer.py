"""Tickwell on SQLite, with all of a server but its HTTP: sweeps, outcomes, heartbeats. It keeps every record."""

import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import marks

from tickwell.application.create_job import NewJob
from tickwell.application.create_jobs import MOST_JOBS
from tickwell.application.task import Task, TaskContext
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.bootstrap.local import local
from tickwell.domain.account import Principal, Role
from tickwell.local.background import Background
from tickwell.settings.local import LocalSettings
from tickwell.tasks.registry import built_in_tasks

TIMEOUT_SECONDS = 1 if marks.SURVIVES else None
PRINCIPAL = Principal(tenant_id="bench", user_id="bench", role=Role.OWNER)
SETTINGS = LocalSettings(
    data_dir=Path(marks.FOLDER) / "tickwell",
    quota_jobs=None,
    worker_concurrency=500,
    safety_sync_interval_seconds=2 if marks.SURVIVES else 60,
)


async def _run(payload: Any, _context: TaskContext) -> None:
    marks.noop(payload)


NOOP: Task[Any] = Task(
    name="noop", summary="Does nothing.", parse=lambda payload: payload, payload_schema=dict, run=_run
)


def _opened() -> EmbeddedSystem:
    return local(SETTINGS, built_in_tasks([NOOP]))


def _jobs(numbers: range) -> list[NewJob]:
    return [NewJob(name="noop", task="noop", payload=number, timeout_seconds=TIMEOUT_SECONDS) for number in numbers]


def submit_one() -> None:
    with closing(_opened()) as system, marks.timed():
        for (job,) in map(_jobs, marks.steps(1)):
            system.services.create_job(PRINCIPAL, job)


def submit_many() -> None:
    with closing(_opened()) as system, marks.timed():
        for step in marks.steps(MOST_JOBS):
            system.services.create_jobs(PRINCIPAL, _jobs(step))


def work() -> None:
    background = Background(
        _opened(),
        concurrency=SETTINGS.worker_concurrency,
        sync_interval_seconds=SETTINGS.safety_sync_interval_seconds,
        grace_seconds=SETTINGS.shutdown_grace_seconds,
    )
    background.start()
    threading.Event().wait()


if __name__ == "__main__":
    marks.program(submit_one=submit_one, submit_many=submit_many, work=work)
