"""A job that is changed while its message is already under way: whatever the moment, the old occurrence never runs.

The moments are those of a job that was beyond the direct horizon when it was created, with either far timer.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tests.editing import edit
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.arming import first_attempt
from tickwell.application.create_job import At
from tickwell.application.edit_job import CronChange
from tickwell.application.ports import Outgoing
from tickwell.domain.cron import CronExpression
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane

MINUTE = timedelta(minutes=1)
DUE_AT = NOON + timedelta(minutes=20)
LATER = NOON + timedelta(minutes=25)
TWENTY_PAST = CronExpression.parse("20 * * * *")
OLD, NEW = "as it was", "as it is now"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What somebody does, and what runs then: (due, output)."""

    deed: Callable[[World, Job], object]
    runs: tuple[tuple[datetime, str], ...] = ()


ENDS = {
    "cancel": Change(deed=lambda world, job: world.change.cancel(ADA, job.job_id)),
    "delete": Change(deed=lambda world, job: world.change.delete(ADA, job.job_id)),
    "payload": Change(deed=lambda world, job: edit(world, job, payload=NEW), runs=((DUE_AT, NEW),)),
}
ONE_TIME = {
    **ENDS,
    "later": Change(deed=lambda world, job: edit(world, job, schedule=At(at=LATER)), runs=((LATER, OLD),)),
}
RECURRING = {
    **ENDS,
    "later": Change(
        deed=lambda world, job: edit(world, job, schedule=CronChange(text="25 * * * *")), runs=((LATER, OLD),)
    ),
    "pause": Change(deed=lambda world, job: world.change.pause(ADA, job.job_id)),
    "pause and resume": Change(
        deed=lambda world, job: (world.change.pause(ADA, job.job_id), world.change.resume(ADA, job.job_id)),
        runs=((DUE_AT, OLD),),
    ),
}
CHANGES = [("one-time", name) for name in ONE_TIME] + [("recurring", name) for name in RECURRING]

Moment = Callable[[World, Job, Callable[[], object]], None]
"""Lets time pass until the moment, has the deed done, and lets whatever is under way go on."""


def live_until(world: World, instant: datetime) -> None:
    world.live(instant - world.clock.now(), step=MINUTE)


def while_it_waits(world: World, _job: Job, deed: Callable[[], object]) -> None:
    live_until(world, NOON + MINUTE)
    deed()


def in_the_dispatch_queue(world: World, _job: Job, deed: Callable[[], object]) -> None:
    """With the sweep: when the sweep has sent it."""
    live_until(world, DUE_AT - 2 * MINUTE)
    world.clock.advance(59)
    world.scheduler.fire()
    deed()


def in_the_lane(world: World, _job: Job, deed: Callable[[], object]) -> None:
    live_until(world, DUE_AT - MINUTE)
    world.dispatch()
    deed()


def in_the_hands_of_a_worker(world: World, job: Job, deed: Callable[[], object]) -> None:
    live_until(world, DUE_AT - MINUTE)
    world.clock.set(DUE_AT)
    queue = world.lanes[job.lane]
    deliveries = queue.receive(10, wait_seconds=0)
    assert len(deliveries) == 1
    deed()
    asyncio.run(world.execute(queue, deliveries))
    queue.delete(deliveries)


def while_a_worker_waits_for_the_instant(world: World, job: Job, deed: Callable[[], object]) -> None:
    live_until(world, DUE_AT - MINUTE)
    world.lose_messages()
    world.clock.set(DUE_AT - timedelta(milliseconds=400))
    queue = world.lanes[Lane.MEDIUM]
    queue.send([Outgoing(message=first_attempt(job, DUE_AT), group=job.tenant_id)])
    deliveries = queue.receive(10, wait_seconds=0)
    assert len(deliveries) == 1

    async def pause(seconds: float) -> None:
        assert seconds == 0.4
        deed()
        world.clock.advance(seconds)

    asyncio.run(replace(world.execute, pause=pause)(queue, deliveries))
    queue.delete(deliveries)


MOMENTS: dict[str, Moment] = {
    "waiting": while_it_waits,
    "dispatched": in_the_dispatch_queue,
    "in the lane": in_the_lane,
    "received": in_the_hands_of_a_worker,
    "early": while_a_worker_waits_for_the_instant,
}


@pytest.mark.parametrize("build", ["embedded"], indirect=True)
@pytest.mark.parametrize("far_timer", ["sweep", "scheduler"])
@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize(("kind", "change"), CHANGES)
def test_the_old_occurrence_never_runs(build: Build, far_timer: str, moment: str, kind: str, change: str) -> None:
    changed_at(build(far_timer=far_timer), moment, kind, change)


@pytest.mark.parametrize("build", ["aws"], indirect=True)
@pytest.mark.parametrize(("kind", "change"), CHANGES)
def test_nor_does_it_on_the_other_engine_in_the_last_moment(build: Build, kind: str, change: str) -> None:
    """All moments are one to the store: what decides is the condition of the claim."""
    changed_at(build(far_timer="scheduler"), "early", kind, change)


def changed_at(world: World, moment: str, kind: str, change: str) -> None:
    schedule: Any = At(at=DUE_AT) if kind == "one-time" else TWENTY_PAST
    wanted = (ONE_TIME if kind == "one-time" else RECURRING)[change]
    job = world.create(schedule=schedule, payload=OLD)
    MOMENTS[moment](world, job, lambda: wanted.deed(world, job))
    for instant in (DUE_AT, LATER, LATER + 6 * MINUTE):
        live_until(world, max(instant, world.clock.now()))
    expected = list(wanted.runs)
    if change == "pause and resume" and moment == "received":
        expected = []  # a resume arms what comes after it, and its instant is here
    assert runs(world, job) == expected


def runs(world: World, job: Job) -> list[tuple[datetime, str]]:
    found = world.executions(job)
    assert all(execution.started_at >= execution.due_at for execution in found)
    return [(execution.due_at, execution.output) for execution in found]
