"""How the embedded engine claims and settles a batch: one commit each (rules 2 and 3)."""

import asyncio
from typing import Any

import pytest

from tests.sqlite_system import Commit
from tests.world import ADA
from tickwell.adapters.embedded.jobs import EmbeddedJobStore
from tickwell.application.create_job import CreatedJob, NewJob
from tickwell.application.execute_batch import BatchReport
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane

JOBS = 120


def accepted(system: EmbeddedSystem, **fields: Any) -> list[str]:
    wanted = [NewJob(name=f"job {n}", task="echo", payload={"n": n}, **fields) for n in range(JOBS)]
    made = system.services.create_jobs(ADA, wanted)
    return [outcome.job.job_id for outcome in made if isinstance(outcome, CreatedJob)]


def work(system: EmbeddedSystem) -> BatchReport:
    queue = system.lanes[Lane.MEDIUM]
    deliveries = queue.receive(JOBS, wait_seconds=0)
    assert len(deliveries) == JOBS
    report = asyncio.run(system.execute(queue, deliveries))
    queue.delete([delivery for delivery in deliveries if delivery.message_id not in report.again])
    return report


def test_a_batch_waits_twice_for_the_disk(system: EmbeddedSystem, commits: list[Commit]) -> None:
    accepted(system)
    commits.clear()
    assert len(work(system).settled) == JOBS
    assert sum(each.is_durable for each in commits) == 2, "the claims, and all that follows from the attempts"


def test_what_could_not_be_finished_is_not_recorded_either_and_both_are_made_up(
    system: EmbeddedSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    jobs = accepted(system)
    found: list[int] = []
    finish_many = EmbeddedJobStore.finish_many

    def fail_once(store: EmbeddedJobStore, *args: Any, **named: Any) -> Any:
        done = finish_many(store, *args, **named)
        if not found:
            found.append(len(jobs))
            raise UnavailableError("sqlite", "broken on purpose")
        with store._database._connect() as connection:  # what has been committed, as others see it
            found.append(connection.execute("SELECT COUNT(*) FROM executions").fetchone()[0])
        return done

    monkeypatch.setattr(EmbeddedJobStore, "finish_many", fail_once)
    report = work(system)
    assert found == [JOBS, 0]
    assert len(report.settled) == JOBS
    assert all(each.finished for each in report.settled)
    for job_id in (jobs[0], jobs[-1]):
        assert system.services.get_job(ADA, job_id).job.status is JobStatus.COMPLETED
