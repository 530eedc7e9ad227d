"""The operator stops executions, of everybody or of one tenant: nothing begins, nothing spins, nothing is lost."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import After, Every
from tickwell.application.ports import QueueKey
from tickwell.application.stop_switch import OperateStopSwitch
from tickwell.domain.errors import NotFoundError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.queue import RateLimit
from tickwell.domain.stop import Stop

EVE = replace(ADA, tenant_id="tenant-eve", user_id="user-eve")
DEFAULT = QueueKey(tenant_id=ADA.tenant_id, name="default-medium")
NOTICED = timedelta(seconds=5)


def stop(world: World, tenant_id: str | None) -> None:
    world.core.stop_switch.put(Stop(tenant_id=tenant_id, since=world.clock.now(), reason="a flood of mail"))


def resume(world: World, tenant_id: str | None) -> None:
    assert OperateStopSwitch(switch=world.core.stop_switch, clock=world.clock).resume(tenant_id) is not None


def statuses(world: World, jobs: list[Job]) -> Counter[str]:
    return Counter(world.job(job).status for job in jobs)


def parked(world: World, key: QueueKey = DEFAULT) -> int:
    return world.core.queues.count_waiting([key], most=1000)[key]


@pytest.mark.parametrize("whom", [None, ADA.tenant_id])
def test_nothing_begins_while_a_stop_is_in_force_and_everything_after_it(build: Build, whom: str | None) -> None:
    ran: list[Any] = []
    world = build(lambda payload, _: ran.append(payload))
    stop(world, whom)
    jobs = [world.create(task="probe", payload={"number": number}) for number in range(20)]
    soon = world.create(task="probe", payload={"number": 20}, schedule=After(delay_seconds=600))
    world.live(timedelta(hours=1))
    assert (ran, parked(world)) == ([], 21)
    assert all(lane.depth().waiting == 0 for lane in world.lanes.values())
    resume(world, whom)
    world.clock.advance(NOTICED)
    world.sync()
    world.work()
    assert sorted(payload["number"] for payload in ran) == list(range(21))
    assert (statuses(world, [*jobs, soon]), parked(world)) == ({JobStatus.COMPLETED: 21}, 0)


def test_the_stop_of_one_tenant_leaves_others_alone(build: Build) -> None:
    world = build(lambda _, __: None)
    stop(world, ADA.tenant_id)
    mine, other = world.create(task="probe"), world.create(EVE, task="probe")
    world.work()
    assert [world.job(job).status for job in (mine, other)] == [JobStatus.ACTIVE, JobStatus.COMPLETED]


def test_a_tenants_stop_outlives_that_of_everybody(build: Build) -> None:
    world = build(lambda _, __: None)
    stop(world, ADA.tenant_id)
    stop(world, None)
    mine, other = world.create(task="probe"), world.create(EVE, task="probe")
    world.work()
    resume(world, None)
    world.clock.advance(NOTICED)
    world.sync()
    world.work()
    assert [world.job(job).status for job in (mine, other)] == [JobStatus.ACTIVE, JobStatus.COMPLETED]


def test_a_running_worker_notices_a_stop_within_five_seconds(build: Build) -> None:
    world = build(lambda _, __: None)
    first = world.create(task="probe")
    world.work()
    stop(world, None)
    world.clock.advance(NOTICED)
    second = world.create(task="probe")
    world.work()
    assert [world.job(job).status for job in (first, second)] == [JobStatus.COMPLETED, JobStatus.ACTIVE]


def test_what_runs_goes_on_and_its_retry_waits(build: Build) -> None:
    def probe(_: Any, __: Any) -> None:
        stop(world, None)
        raise ValueError("broken")

    world = build(probe)
    job = world.create(task="probe")
    world.work()
    (failed,) = world.executions(job)
    assert failed.status is ExecutionStatus.FAILED
    world.live(timedelta(hours=1))
    assert len(world.executions(job)) == 1
    resume(world, None)
    world.live(timedelta(minutes=6))
    assert len(world.executions(job)) == 2


def test_a_recurring_job_goes_on_by_its_misfire_policy(build: Build) -> None:
    ran: list[Any] = []
    world = build(lambda _, context: ran.append(context.now()))
    world.create(task="probe", schedule=Every(seconds=600))
    stop(world, ADA.tenant_id)
    world.live(timedelta(minutes=124))
    assert (ran, parked(world)) == ([], 1)
    resume(world, ADA.tenant_id)
    world.live(timedelta(minutes=1))
    assert len(ran) == 1
    world.live(timedelta(minutes=20))
    assert len(ran) == 3


def test_a_workers_death_before_the_stop_is_mended_after_it(build: Build) -> None:
    world = build(lambda _, __: None)
    job = world.create(task="probe", timeout_seconds=60)
    assert world.die()
    stop(world, None)
    world.live(timedelta(hours=1))
    assert [execution.status for execution in world.executions(job)] == [ExecutionStatus.LOST]
    resume(world, None)
    world.live(timedelta(minutes=6))
    assert world.job(job).status is JobStatus.COMPLETED


@pytest.mark.parametrize("limits", [{"concurrency": 1}, {"rate_limit": RateLimit(limit=1, per_seconds=60)}])
def test_limited_queues_keep_their_limits_through_a_stop(build: Build, limits: dict[str, Any]) -> None:
    world = build(lambda _, __: None)
    world.queue(**limits)
    key = QueueKey(tenant_id=ADA.tenant_id, name="images")
    jobs = [world.create(task="probe", queue="images") for _ in range(3)]
    stop(world, ADA.tenant_id)
    world.live(timedelta(minutes=20))
    assert (statuses(world, jobs), parked(world, key)) == ({JobStatus.ACTIVE: 3}, 3)
    resume(world, ADA.tenant_id)
    world.live(timedelta(minutes=20))
    assert statuses(world, jobs) == {JobStatus.COMPLETED: 3}


def test_a_tenant_that_resumes_its_queue_does_not_end_the_stop(build: Build) -> None:
    world = build(lambda _, __: None)
    world.queue()
    stop(world, ADA.tenant_id)
    job = world.create(task="probe", queue="images")
    world.work()
    world.queues.change(ADA, "images", lambda queue, now: queue.paused(now))
    resumed = world.queues.change(ADA, "images", lambda queue, now: queue.resumed(now))
    world.live(timedelta(minutes=10))
    assert (resumed.paused_at, world.job(job).status) == (None, JobStatus.ACTIVE)


def test_an_unknown_tenant_cannot_be_stopped(world: World) -> None:
    switch = OperateStopSwitch(switch=world.core.stop_switch, clock=world.clock)
    with pytest.raises(NotFoundError):
        switch.stop("nobody", reason="a typing error must not look like a stop")
    assert list(switch.stops()) == []
