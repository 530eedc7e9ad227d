"""Batches and bulk changes where stores are slow, uncertain or behind, on both engines."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import services_of
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application import bulk
from tickwell.application.create_job import After, NewJob
from tickwell.application.create_jobs import CreateJobs
from tickwell.application.manage_job import JobAction
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.job_filter import JobFilter


def test_what_the_store_does_not_take_is_told_for_each_job(build: Build) -> None:
    world = build()
    jobs = _Flaky(world.core.jobs)
    many = CreateJobs(create_job=services_of(world, jobs=jobs).create_job)
    outcomes = many(ADA, [NewJob(name=f"job {number}") for number in range(5)])
    assert [isinstance(outcome, UnavailableError) for outcome in outcomes] == [False, True, False, True, False]
    world.work()
    assert len(world.core.jobs.list_jobs(ADA.tenant_id, limit=10, cursor=None).items) == 3


def test_what_a_slow_store_leaves_no_time_for_is_not_begun(build: Build) -> None:
    world = build()
    many = CreateJobs(create_job=services_of(world, jobs=_Slow(world)).create_job)
    outcomes = many(ADA, [NewJob(name=f"job {number}") for number in range(400)])
    assert [isinstance(outcome, UnavailableError) for outcome in outcomes] == [False] * 200 + [True] * 200


class _Flaky:
    """A job store that is not certain about every other job, which it does not write."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create_many(self, jobs: Sequence[Job]) -> list[bool]:
        self._inner.create_many(jobs[::2])
        return [number % 2 == 0 for number in range(len(jobs))]


class _Slow:
    """A job store that takes seven seconds to create jobs."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.core.jobs, name)

    def create_many(self, jobs: Sequence[Job]) -> Sequence[bool]:
        self._world.clock.advance(7)
        return self._world.core.jobs.create_many(jobs)


def test_a_request_reads_a_bounded_number_of_rows_and_its_cursor_goes_on(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "MOST_ROWS", 20)
    monkeypatch.setattr(bulk, "_PAGE", 10)
    world = build()
    world.create_many(ADA, [NewJob(name=f"job {number}", tags=(str(number % 2),)) for number in range(50)])
    changed, cursor, requests = 0, None, 0
    while requests == 0 or cursor is not None:
        report = world.bulk_jobs(ADA, JobAction.CANCEL, JobFilter(tag="1"), dry_run=False, cursor=cursor)
        assert report.read <= 20
        changed, cursor, requests = changed + report.changed, report.next_cursor, requests + 1
    assert changed == 25
    assert 3 <= requests <= 4


def test_a_request_ends_in_time_and_its_cursor_goes_on(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "_PAGE", 5)
    world = build()
    world.create_many(ADA, [NewJob(name=f"job {number}") for number in range(20)])
    jobs = _SlowToRead(world)
    change = services_of(world, jobs=jobs).change_job
    slow = bulk.BulkJobs(jobs=jobs, change_job=change, clock=world.clock, side_by_side=1)
    report = slow(ADA, JobAction.CANCEL, JobFilter(), dry_run=False, cursor=None)
    assert (report.changed, report.next_cursor is None) == (10, False)
    rest = world.bulk_jobs(ADA, JobAction.CANCEL, JobFilter(), dry_run=False, cursor=report.next_cursor)
    assert (rest.changed, rest.next_cursor) == (10, None)


class _SlowToRead:
    """A job store that takes 1.1 seconds to read a job."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.core.jobs, name)

    def get(self, tenant_id: str, job_id: str) -> Job:
        self._world.clock.advance(1.1)
        return self._world.core.jobs.get(tenant_id, job_id)


def test_a_listing_is_left_where_only_older_jobs_follow(build: Build) -> None:
    world = build()
    for _ in range(60):
        world.create(schedule=After(delay_seconds=86400))
    world.clock.advance(timedelta(hours=1))
    new = world.create()
    chosen = JobFilter(created_after=world.clock.now())
    report = world.bulk_jobs(ADA, JobAction.DELETE, chosen, dry_run=False, cursor=None)
    assert (report.matched, report.next_cursor) == (1, None)
    assert report.read < 60
    assert world.job(new).status.value == "deleted"


def test_a_job_that_changed_meanwhile_is_judged_as_it_is(build: Build) -> None:
    """The listing says that it waits; when its turn comes it is running."""
    world = build()
    job = world.create()
    listed = _Stale(world, job)
    stale = bulk.BulkJobs(jobs=listed, change_job=world.change, clock=world.clock, side_by_side=1)
    world.work()
    report = stale(ADA, JobAction.DELETE, JobFilter(state="waiting"), dry_run=False, cursor=None)
    assert (report.matched, report.changed, report.skipped) == (1, 0, 1)
    assert dict(report.reasons) == {"cannot delete a job that is no longer what the filter chose": 1}
    assert world.job(job).status.value == "completed"


class _Stale:
    """A job store whose listing shows a job as it was."""

    def __init__(self, world: World, job: Job) -> None:
        self._page = world.core.jobs.list_jobs(job.tenant_id, limit=10, cursor=None)
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.core.jobs, name)

    def list_jobs(self, *_: Any, **__: Any) -> Any:
        return self._page


def test_what_a_service_failed_for_is_counted_as_failed(build: Build) -> None:
    world = build()
    job = world.create()
    broken = bulk.BulkJobs(
        jobs=world.core.jobs,
        change_job=services_of(world, jobs=_Unreadable(world)).change_job,
        clock=world.clock,
    )
    report = broken(ADA, JobAction.CANCEL, JobFilter(), dry_run=False, cursor=None)
    assert (report.matched, report.failed, dict(report.reasons)) == (1, 1, {"a service was not available": 1})
    assert world.job(job).status.value == "active"


class _Unreadable:
    """A job store that reads no job."""

    def __init__(self, world: World) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world.core.jobs, name)

    def get(self, tenant_id: str, job_id: str) -> Job:
        raise UnavailableError("store", f"{tenant_id} {job_id}")
