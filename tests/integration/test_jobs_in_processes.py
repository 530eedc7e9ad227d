"""Jobs whose tasks run in processes: what is recorded of them, on both engines."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.test_task_processes import new_pool
from tests.own_tasks import own_tasks
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.adapters.processes.pool import PooledProcess, ProcessPool
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import ExecutionStatus, execution_id
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.retry import GiveUp, OnLost, RetryAt

SECRET = 'swordfish-"12'


@pytest.fixture
def pool(tmp_path: Path) -> Iterator[ProcessPool]:
    made = new_pool(tmp_path / "site")
    yield made
    made.close()


@pytest.fixture
def world(build: Build, pool: ProcessPool) -> World:
    return build(tasks=own_tasks(), processes=pool, secrets=(SECRET, "ab"))


def order(world: World, deed: str, text: str = "", *, task: str = "deed", **fields: Any) -> Job:
    return world.create(task=task, payload={"do": deed, "text": text}, **fields)


def test_a_job_whose_task_runs_in_a_process_succeeds_and_keeps_its_log(world: World) -> None:
    job = order(world, "log", "tea")
    world.work()
    [execution] = world.executions(job)
    assert execution.status is ExecutionStatus.SUCCESS
    assert execution.output["job"] == job.job_id
    assert "working" in [entry.message for entry in world.read.logs(ADA, execution.execution_id)]


def test_a_process_hands_its_work_on_and_is_free(world: World, pool: ProcessPool, tmp_path: Path) -> None:
    job = order(world, "hand_on", str(tmp_path / "token"), max_retries=0)
    world.work()
    slot = world.job(job).slot
    assert slot is not None
    assert slot.outside is not None
    assert [process.alive for process in pool._idle] == [True]
    identity = execution_id(job.job_id, slot.due_at, 1)
    world.outside.complete(identity, (tmp_path / "token").read_text(), "done elsewhere")
    [execution] = world.executions(job)
    assert (execution.status, execution.output) == (ExecutionStatus.SUCCESS, "done elsewhere")
    assert "handed on" in [entry.message for entry in world.read.logs(ADA, execution.execution_id)]


def test_a_busy_loop_is_a_timeout_and_its_neighbours_succeed(world: World) -> None:
    busy = order(world, "spin", timeout_seconds=2)
    neighbours = [world.create(task="echo", payload=1), order(world, "", "x", task="polite_deed")]
    world.work()
    [execution] = world.executions(busy)
    assert execution.status is ExecutionStatus.TIMEOUT
    assert isinstance(execution.decision, RetryAt)
    assert [world.job(job).status for job in neighbours] == [JobStatus.COMPLETED] * 2


@pytest.mark.parametrize("deed", ["exit", "segfault"])
def test_a_process_that_dies_is_a_loss_at_once_and_the_second_loss_fails_the_job(world: World, deed: str) -> None:
    job, neighbour = order(world, deed, max_retries=0), order(world, "pid")
    world.work()
    first, second = world.executions(job)
    assert (first.status, second.status) == (ExecutionStatus.LOST, ExecutionStatus.LOST)
    assert [execution.failure and execution.failure.code for execution in (first, second)] == ["PROCESS_DIED"] * 2
    assert (first.losses, second.losses) == (1, 2)
    assert isinstance(second.decision, GiveUp)
    assert world.job(job).status is JobStatus.FAILED
    assert world.job(neighbour).status is JobStatus.COMPLETED


def test_work_that_must_not_run_twice_fails_when_its_process_dies(world: World) -> None:
    job = order(world, "exit", on_lost=OnLost.FAIL)
    world.work()
    [execution] = world.executions(job)
    assert execution.status is ExecutionStatus.LOST
    assert world.job(job).status is JobStatus.FAILED


def test_secrets_are_masked_in_message_traceback_and_log(world: World) -> None:
    job = order(world, "raise", f"{SECRET} and ab")
    world.work()
    [execution, *_] = world.executions(job)
    assert execution.failure is not None
    assert execution.failure.message == "bad thing: *** and ab"
    assert "ValueError: bad thing: ***" in (execution.failure.traceback or "")
    [entry] = [entry for entry in world.read.logs(ADA, execution.execution_id) if entry.level == "error"][:1]
    assert entry.message == "about to fail with *** and ab"
    assert entry.metadata == {"secret": "*** and ab"}


def test_secrets_are_masked_for_tasks_of_the_loop_too(build: Build) -> None:
    def probe(_payload: Any, _context: Any) -> None:
        raise ValueError("x" * 1990 + SECRET)

    world = build(probe, secrets=(SECRET,))
    job = world.create(task="probe")
    world.work()
    [execution, *_] = world.executions(job)
    assert execution.failure is not None
    assert execution.failure.message == "x" * 1990 + "***"
    assert "swordfish" not in (execution.failure.traceback or "")


def test_too_large_an_output_ends_the_occurrence(world: World) -> None:
    job = order(world, "huge")
    world.work()
    [execution] = world.executions(job)
    assert execution.failure is not None
    assert execution.failure.code == "OUTPUT_TOO_LARGE"
    assert world.job(job).status is JobStatus.FAILED


def test_each_job_waits_for_its_process_as_one_of_its_lane(build: Build, tmp_path: Path) -> None:
    class Watched(ProcessPool):
        async def take(self, lane: Lane) -> PooledProcess:
            asked.append(lane)
            return await super().take(lane)

    asked: list[Lane] = []
    pool = new_pool(tmp_path / "site", kind=Watched)
    world = build(tasks=own_tasks(), processes=pool)
    for priority in ("low", "high", "medium"):
        order(world, "pid", priority=priority)
    order(world, "pid", task="heavy_deed")
    world.work()
    pool.close()
    assert asked == [Lane.HIGH, Lane.MEDIUM, Lane.LOW, Lane.HEAVY]


def test_heavy_tasks_have_a_lane_of_their_own(world: World) -> None:
    job = order(world, "pid", task="heavy_deed", priority="high")
    assert world.lanes[Lane.HEAVY].depth().waiting == 1
    world.work()
    assert job.lane is Lane.HEAVY
    assert world.executions(job)[0].output != os.getpid()


def test_no_priority_leads_to_the_heavy_lane(world: World) -> None:
    with pytest.raises(InvalidInputError) as caught:
        world.create(task="echo", priority="heavy")
    assert caught.value.field == "priority"
