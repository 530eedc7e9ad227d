"""Whatever happens to a job, each occurrence of its schedule is told once, with one outcome."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.editing import execute_now
from tests.occurring import backfill, occurrences
from tests.world import ADA, World, task
from tickwell.application.task import TaskContext
from tickwell.domain.cron import CronExpression
from tickwell.domain.job import Job
from tickwell.domain.occurrence_entry import due_between
from tickwell.domain.retry import Misfire, Overlap, RetryPolicy, RetryStrategy

MINUTE = timedelta(minutes=1)
OFTEN = CronExpression.parse("*/10 * * * *")
SLOWLY = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=700)


def _live(world: World, _job: Job) -> None:
    world.live(70 * MINUTE, step=MINUTE)


def _outage(world: World, _job: Job) -> None:
    world.clock.advance(95 * MINUTE)
    world.live(3 * MINUTE, step=MINUTE)


def _pause(world: World, job: Job) -> None:
    world.change.pause(ADA, job.job_id)
    world.live(43 * MINUTE, step=MINUTE)
    world.change.resume(ADA, job.job_id)


def _die(world: World, _job: Job) -> None:
    world.clock.advance(10 * MINUTE)
    world.die()


def _extra(world: World, job: Job) -> None:
    execute_now(world, job)
    world.work()


def _make_up(world: World, job: Job) -> None:
    backfill(world, job, job.created_at)
    world.work()


EVENTS: list[Callable[[World, Job], None]] = [_live, _outage, _pause, _die, _extra, _make_up]


COMBINATIONS = [
    (overlap, misfire)
    for overlap in Overlap
    for misfire in (Misfire.RUN_ONCE, Misfire.RUN_ALL, Misfire.SKIP)
    if (overlap, misfire) != (Overlap.CANCEL_OTHER, Misfire.RUN_ALL)
]
"""All that go together."""


@pytest.mark.parametrize(("overlap", "misfire"), COMBINATIONS)
def test_each_occurrence_is_told_once(tmp_path: Path, overlap: Overlap, misfire: Misfire) -> None:
    chance = random.Random(f"{overlap} {misfire}")

    likely_failures = [0.4]

    def sometimes(_payload: Any, _context: TaskContext) -> None:
        if chance.random() < likely_failures[-1]:
            raise RuntimeError("broken")

    world = memory_world(tmp_path, tasks=[task("probe", sometimes)])
    world.clock.advance(30)
    job = world.create(task="probe", schedule=OFTEN, overlap=overlap, misfire=misfire, max_retries=1, retry=SLOWLY)
    for event in chance.choices(EVENTS, k=8):
        event(world, job)
        now = world.clock.now()
        told = occurrences(world, job, since=job.created_at, until=now)
        assert [one.due_at for one in told] == list(due_between(job.schedule, job.created_at, now))
        assert occurrences(world, job, since=job.created_at, until=now, limit=7) == told
    likely_failures.append(0.0)
    world.live(60 * MINUTE, step=MINUTE)
    told = occurrences(world, job, since=job.created_at, until=world.clock.now() - 45 * MINUTE)
    assert {one.outcome.value for one in told} <= {"executed", "skipped", "cancelled"}
    world.close()
