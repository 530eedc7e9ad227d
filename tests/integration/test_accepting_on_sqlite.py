"""How the embedded engine accepts jobs: due item, job and message in one commit (rule 1)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import tickwell
from tests.sqlite_system import Commit
from tests.world import ADA
from tickwell.adapters.embedded.counts import EmbeddedTenantCounts
from tickwell.application.create_job import CreatedJob, CreateJob, Every, NewJob
from tickwell.application.create_jobs import CreateJobs
from tickwell.application.ports import Outgoing
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.usage import Activity


def requests(number: int) -> list[NewJob]:
    return [NewJob(name=f"job {n}", payload={"message": "x"}) for n in range(number)]


def terms(job: Job) -> tuple[object, ...]:
    return job.lane, job.queue, job.policy


def counted(system: EmbeddedSystem) -> int:
    """How many jobs there are by the counts, and by the usage."""
    create_job = system.services.create_job
    counts = EmbeddedTenantCounts(create_job.jobs._database, create_job.clock)  # type: ignore[attr-defined]
    today = create_job.clock.now().date()
    by_day = counts.usage(ADA.tenant_id, since=today - timedelta(days=1), until=today + timedelta(days=1))
    used = [usage.activities[Activity.CREATED_SOON] for queues in by_day.values() for usage in queues.values()]
    assert sum(used) == sum(counts.read(ADA.tenant_id).jobs.values())
    return sum(used)


def sent(system: EmbeddedSystem) -> int:
    depth = system.lanes[Lane.MEDIUM].depth()
    return depth.waiting + depth.delayed


def test_a_job_needs_one_commit(system: EmbeddedSystem, commits: list[Commit]) -> None:
    commits.clear()
    accepted = system.services.create_job(ADA, NewJob(name="a job"))
    assert accepted.launched
    assert [each.members for each in commits] == [1]
    assert len(system.lanes[Lane.MEDIUM].receive(10, wait_seconds=0)) == 1


def test_many_jobs_need_few_commits(system: EmbeddedSystem, commits: list[Commit]) -> None:
    commits.clear()
    outcomes = system.services.create_jobs(ADA, requests(600))
    assert all(isinstance(outcome, CreatedJob) and outcome.launched for outcome in outcomes)
    assert [each.members for each in commits] == [1, 1]
    assert sent(system) == 600


def test_each_job_of_a_request_is_what_it_would_be_alone(system: EmbeddedSystem) -> None:
    fields: list[dict[str, Any]] = [
        {},
        {"priority": 1},
        {"priority": "low"},
        {"timeout_seconds": 5},
        {"timeout_seconds": 5, "max_retries": 0},
        {"schedule": Every(seconds=60)},
        {"schedule": Every(seconds=60), "pause_after_failures": 3},
        {},
    ]
    asked = [NewJob(name="a job", **each) for each in fields]
    for together, request in zip(system.services.create_jobs(ADA, asked), asked, strict=True):
        alone = system.services.create_job(ADA, request)
        assert isinstance(together, CreatedJob)
        assert terms(together.job) == terms(alone.job)


def test_a_request_that_comes_again_makes_nothing_twice(system: EmbeddedSystem) -> None:
    create_jobs = system.services.create_jobs
    clock, ids = create_jobs.create_job.clock, create_jobs.create_job.ids
    at = clock.now()
    with ids.derived("a seed", at):
        create_jobs(ADA, requests(2))
    with ids.derived("a seed", at):
        outcomes = create_jobs(ADA, requests(5))
    jobs = [outcome.job.job_id for outcome in outcomes if isinstance(outcome, CreatedJob)]
    assert len(set(jobs)) == 5
    assert sent(system) == counted(system) == 5
    with ids.derived("a seed", at):
        again = create_jobs.create_job(ADA, NewJob(name="job 0", payload={"message": "x"}))
    assert (again.job.job_id, again.launched) == (jobs[0], False)
    assert counted(system) == 5


def test_one_place_inserts_jobs_so_that_all_are_counted() -> None:
    (package,) = tickwell.__path__
    sources = [path for path in Path(package).rglob("*.py") if "INTO jobs" in path.read_text()]
    users = [
        path for path in Path(package).rglob("*.py") if re.search(r"job_rows import .*\binsertion\b", path.read_text())
    ]
    assert [path.name for path in (*sources, *users)] == ["job_rows.py", "jobs.py"]


def test_a_lane_that_fails_leaves_the_job_to_the_safety_sync(system: EmbeddedSystem) -> None:
    one = system.services.create_job
    arming = replace(one.arming, lanes=dict.fromkeys(Lane, _BrokenLane(one.arming.lanes[Lane.MEDIUM])))
    create_job: CreateJob = replace(one, arming=arming)
    accepted = create_job(ADA, NewJob(name="a job"))
    assert not accepted.launched
    (other,) = CreateJobs(create_job=create_job)(ADA, requests(1))
    assert isinstance(other, CreatedJob)
    assert not other.launched
    for job in (accepted.job, other.job):
        assert one.jobs.get(ADA.tenant_id, job.job_id) == job
    assert sent(system) == 0


class _BrokenLane:
    """A lane that takes a message and fails then."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def send(self, outgoing: Sequence[Outgoing[JobMessage]]) -> None:
        with self._inner._database.transaction() as cursor:
            cursor.execute(
                "INSERT INTO queue_messages (queue, group_id, body, visible_at) VALUES (?, 'group', 'body', 0)",
                (f"lane-{Lane.MEDIUM}",),
            )
            assert outgoing
            raise UnavailableError("sqlite", "SQLITE_FULL")
