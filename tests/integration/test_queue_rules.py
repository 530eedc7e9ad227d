"""What may be said about named queues, and how full they are."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.queue_probe import Probe, submit
from tests.world import ADA
from tests.worlds import Build
from tickwell.application.create_job import After
from tickwell.domain.errors import ConflictError, InvalidInputError, NotFoundError, QueueInUseError
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.queue import Queue, RateLimit


def test_a_job_says_what_goes_before_its_queue_and_that_before_its_task(build: Build) -> None:
    world = build(Probe())
    world.queue(priority="high", timeout_seconds=5, max_retries=1, stall_seconds=30)
    job = world.create(task="probe", queue="images", timeout_seconds=7)
    assert (job.lane, job.policy.timeout_seconds, job.policy.max_retries) == (Lane.HIGH, 7, 1)
    assert job.policy.stall_seconds == 30
    assert world.create(task="probe", queue="images", priority="low").lane is Lane.LOW


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"queue": "unknown"}, "queue"), ({"queue": "default-high", "priority": "low"}, "priority")],
)
def test_queues_that_do_not_fit_are_refused(build: Build, fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        build().create(**fields)
    assert caught.value.field == field


def test_a_default_queue_may_be_named(build: Build) -> None:
    world = build()
    assert (world.create(queue="default-high").lane, world.create(queue="default-high").queue) == (Lane.HIGH, None)
    assert world.create(queue="default", priority="low").lane is Lane.LOW


def test_a_queue_with_unfinished_jobs_is_not_deleted(build: Build) -> None:
    world = build(Probe())
    world.queue()
    submit(world, 2, schedule=After(delay_seconds=60))
    with pytest.raises(QueueInUseError) as caught:
        world.queues.delete(ADA, "images")
    assert caught.value.jobs == 2
    world.live(timedelta(seconds=90))
    world.queues.delete(ADA, "images")
    with pytest.raises(NotFoundError):
        world.queues.get(ADA, "images")


def test_default_queues_cannot_be_created_or_deleted(build: Build) -> None:
    world = build()
    with pytest.raises(ConflictError):
        world.queue("default-low")
    with pytest.raises(ConflictError):
        world.queues.delete(ADA, "default-low")


def test_queues_of_other_tenants_do_not_exist(build: Build) -> None:
    world = build()
    world.queue()
    with pytest.raises(NotFoundError):
        world.queues.get(replace(ADA, tenant_id="tenant-eve"), "images")


def test_how_full_a_queue_is(build: Build) -> None:
    world = build(Probe())
    world.queue(concurrency=1, rate_limit=RateLimit(limit=1, per_seconds=60))
    world.queues.change(ADA, "images", Queue.paused)
    submit(world, 3)
    world.work()
    state = world.queues.get(ADA, "images")
    assert (state.waiting, state.running, state.health, state.jobs) == (3, 0, "normal", {JobStatus.ACTIVE: 3})
    assert replace(state, waiting=100).health == "warning"
    assert replace(state, waiting=1000).health == "critical"
    assert [found.queue.name for found in world.queues.list_queues(ADA)] == [
        "default-heavy",
        "default-high",
        "default-low",
        "default-medium",
        "images",
    ]
