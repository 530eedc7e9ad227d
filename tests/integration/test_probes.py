"""Probes: what notices a dead worker sooner than the safety sync, and only once."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.ports import JobStore, Outgoing
from tickwell.application.task import TaskContext
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import Cancelled, OnLost
from tickwell.domain.slot import Slot


@pytest.mark.parametrize("stall_seconds", [5, 30, 299])
def test_a_dead_worker_is_noticed_by_a_probe_long_before_the_sync(build: Build, stall_seconds: int) -> None:
    world = build()
    job = world.create(stall_seconds=stall_seconds, timeout_seconds=870)
    assert world.die()
    world.clock.advance(stall_seconds + 19)
    assert world.work() == []
    world.clock.advance(1)
    world.work()
    assert [(e.status, e.losses) for e in world.executions(job)] == [("lost", 1), ("success", 1)]
    assert world.job(job).status is JobStatus.COMPLETED


def test_two_workers_that_die_fail_the_occurrence_without_the_sync(build: Build) -> None:
    world = build()
    job = world.create(stall_seconds=10)
    for _ in range(2):
        assert world.die()
        world.clock.advance(30)
        _only_probes(world)
    assert [(e.status, e.losses) for e in world.executions(job)] == [("lost", 1), ("lost", 2)]
    assert world.job(job).status is JobStatus.FAILED
    assert len(world.read.dead_letters(ADA, limit=10, cursor=None).items) == 1


def test_a_job_that_was_cancelled_while_its_worker_died_leaves_no_dead_letter(build: Build) -> None:
    world = build()
    job = world.create(stall_seconds=10, on_lost=OnLost.FAIL)
    (running,) = world.die()
    now = world.clock.now()
    assert world.core.jobs.replace(running.cancel(now, expires_at=now + timedelta(days=1)), read=running)
    world.clock.advance(30)
    world.work()
    assert [(e.status, e.decision) for e in world.executions(job)] == [("lost", Cancelled())]
    assert (world.job(job).status, world.job(job).slot) == (JobStatus.CANCELLED, None)
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()


def _only_probes(world: World) -> None:
    """Let workers deal with what is deliverable now, and not with what follows from it."""
    for queue in world.lanes.values():
        if deliveries := queue.receive(10, wait_seconds=0):
            asyncio.run(world.execute(queue, deliveries))
            queue.delete(deliveries)


def test_a_probe_follows_the_lease_as_long_as_there_are_signs(build: Build) -> None:
    world = build()
    job = world.create(stall_seconds=10)
    (running,) = world.die()
    for _ in range(4):
        world.clock.advance(20)
        world.core.jobs.sign(running, now=world.clock.now(), progress=None)
        other = world.create()
        world.clock.advance(10)
        (report,) = world.work()
        assert (report.probes, report.stale, len(report.settled)) == (1, 0, 1)
        assert world.job(other).status is JobStatus.COMPLETED
        assert world.job(job).held_token == running.held_token
    world.clock.advance(19)
    assert world.work() == []
    world.clock.advance(1)
    world.work()
    assert [e.status for e in world.executions(job)] == ["lost", "success"]


def _send_again(world: World, *, apart: bool) -> None:
    """The lane delivers the probe that is deliverable twice: in one batch, or the second time after a while."""
    queue = world.lanes[Lane.MEDIUM]
    (delivery,) = queue.receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    twice = Outgoing(message=delivery.message, delay_seconds=4 if apart else 0, group=ADA.tenant_id)
    queue.send([Outgoing(message=delivery.message, group=ADA.tenant_id), twice])
    queue.delete([delivery])


@pytest.mark.parametrize("apart", [False, True], ids=["together", "apart"])
def test_a_probe_that_comes_twice_is_followed_once(build: Build, apart: bool) -> None:
    world = build()
    job = world.create(stall_seconds=10)
    (running,) = world.die()
    for _ in range(4):
        world.clock.advance(20)
        world.core.jobs.sign(running, now=world.clock.now(), progress=None)
        world.clock.advance(10)
        _send_again(world, apart=apart)
        quiet = world.work()
        world.clock.advance(4)
        world.core.jobs.sign(running, now=world.clock.now(), progress=None)
        assert sum(report.probes for report in (*quiet, *world.work())) == 2
        depth = world.lanes[Lane.MEDIUM].depth()
        assert (depth.waiting, depth.delayed) == (0, 1)
    world.clock.advance(60)
    world.work()
    assert [e.status for e in world.executions(job)] == ["lost", "success"]


@pytest.mark.parametrize("lost", ["sending", "noting"])
def test_a_probe_that_could_not_be_followed_comes_again(build: Build, lost: str) -> None:
    world = build()
    job = world.create(stall_seconds=10)
    (running,) = world.die()
    world.clock.advance(20)
    world.core.jobs.sign(running, now=world.clock.now(), progress=None)
    world.clock.advance(10)
    claiming = world.execute.claim_attempts
    broken: Any = _Unavailable()
    if lost == "sending":
        claiming = replace(claiming, arming=replace(claiming.arming, lanes={Lane.MEDIUM: broken}))
    else:
        jobs: Any = _WithoutNotes(claiming.jobs)
        claiming = replace(claiming, jobs=jobs)
    (report,) = replace(world, execute=replace(world.execute, claim_attempts=claiming)).work()
    assert (report.probes, len(report.again)) == ((0, 1) if lost == "sending" else (1, 0))
    world.clock.advance(60)
    world.work()
    assert [e.status for e in world.executions(job)] == ["lost", "success"]


class _Unavailable:
    """A lane that takes nothing."""

    def send(self, _messages: object) -> None:
        raise UnavailableError("lane", "broken on purpose")


class _WithoutNotes:
    """A job store that cannot note probes."""

    def __init__(self, inner: JobStore) -> None:
        self._inner = inner

    def note_probe(self, _job: Job, *, at: object) -> None:  # noqa: ARG002 - as the port names it
        raise UnavailableError("store", "broken on purpose")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_probe_never_claims(build: Build) -> None:
    async def fail(_payload: Any, context: TaskContext) -> str:
        if context.attempt == 1:
            raise ValueError("not yet")
        return "done"

    world = build(fail)
    job = world.create(task="probe", stall_seconds=10)
    (report,) = world.work()
    assert len(report.settled) == 1
    waiting = world.job(job).slot
    assert waiting == Slot(due_at=job.created_at, attempt=2)
    world.clock.advance(30)
    (report,) = world.work()
    assert (report.probes, report.stale, report.settled) == (1, 0, [])
    assert world.job(job).slot == waiting


@pytest.mark.parametrize("stall_seconds", [None, 300])
def test_who_dies_with_a_long_lease_is_left_to_the_sync(build: Build, stall_seconds: int | None) -> None:
    world = build()
    world.create(stall_seconds=stall_seconds, timeout_seconds=870)
    assert world.die()
    assert world.lanes[Lane.MEDIUM].depth().delayed == 0
