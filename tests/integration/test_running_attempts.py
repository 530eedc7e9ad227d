"""What reaches an attempt while it runs: cancellation, another worker, signs of life."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.stages import LONG, OFTEN, assert_cancelled, cancel, on_stage
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import Every, Immediately
from tickwell.application.ports import JobStore
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptCancelledError, TickwellError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.retry import Cancelled


@pytest.mark.parametrize("sign", ["heartbeat", "progress"])
def test_a_task_is_told_at_its_next_sign_that_its_job_was_cancelled(build: Build, sign: str) -> None:
    told = []

    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        try:
            await (context.heartbeat() if sign == "heartbeat" else context.progress(50))
        except AttemptCancelledError:
            told.append(True)
            raise

    world = on_stage(build, body, watch_seconds=LONG)
    job = world.create(task="probe", max_retries=0)
    world.work()
    assert told == [True]
    assert_cancelled(world, job)


def test_a_task_that_gives_no_sign_is_cancelled_where_it_waits(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        await asyncio.sleep(LONG)

    world = on_stage(build, body)
    job = world.create(task="probe")
    world.work()
    assert_cancelled(world, job)


def test_however_a_task_fails_when_it_is_told_it_was_cancelled(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            raise ValueError("while tidying up") from None

    world = on_stage(build, body)
    job = world.create(task="probe", max_retries=0)
    world.work()
    assert_cancelled(world, job)


def test_a_task_that_was_told_is_not_disturbed_while_it_tidies_up(build: Build) -> None:
    tidied = []

    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        try:
            await context.heartbeat()
        finally:
            await asyncio.sleep(10 * OFTEN)
            tidied.append(True)
            with pytest.raises(AttemptCancelledError):
                await context.progress(100)

    world = on_stage(build, body)
    job = world.create(task="probe")
    world.work()
    assert tidied == [True]
    assert_cancelled(world, job)


def test_a_task_that_does_not_listen_at_all_ends_at_its_time_limit(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            await asyncio.sleep(LONG)

    world = on_stage(build, body)
    job = world.create(task="probe", timeout_seconds=1, max_retries=0)
    world.work()
    (execution,) = world.executions(job)
    assert (execution.status, execution.decision) == (ExecutionStatus.TIMEOUT, Cancelled())
    assert (world.job(job).status, world.job(job).slot) == (JobStatus.CANCELLED, None)
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()


@pytest.mark.parametrize("ending", ["cancel", "delete"])
@pytest.mark.parametrize("schedule", [Immediately(), Every(seconds=60)], ids=["one-time", "recurring"])
def test_what_fails_for_good_before_it_is_told_leaves_no_dead_letter(
    build: Build, ending: str, schedule: Immediately | Every
) -> None:
    async def body(world: World, context: TaskContext) -> None:
        getattr(world.change, ending)(ADA, context.job_id)
        raise ValueError("by itself")

    world = on_stage(build, body, watch_seconds=LONG)
    job = world.create(task="probe", max_retries=0, schedule=schedule)
    world.clock.advance(60)
    neighbour = world.create(task="probe")
    world.work()
    (execution,) = world.executions(job)
    assert (execution.status, execution.decision) == (ExecutionStatus.FAILED, Cancelled())
    assert execution.failure is not None
    assert execution.failure.message == "by itself"
    stored = world.job(job)
    assert (stored.status.value, stored.slot) == ("cancelled" if ending == "cancel" else "deleted", None)
    assert (stored.tally.failed, stored.failures_in_a_row) == (1, 0)
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()
    assert world.job(neighbour).status is JobStatus.COMPLETED


def test_a_task_that_succeeds_nevertheless_has_succeeded(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> str:
        cancel(world, context)
        try:
            await asyncio.sleep(LONG)
        except asyncio.CancelledError:
            return "just in time"
        return "too late"

    world = on_stage(build, body)
    job = world.create(task="probe")
    world.work()
    (execution,) = world.executions(job)
    assert (execution.status, execution.output) == (ExecutionStatus.SUCCESS, "just in time")
    assert (world.job(job).status, world.job(job).slot) == (JobStatus.CANCELLED, None)


def test_deleting_a_job_cancels_what_runs(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        world.change.delete(ADA, context.job_id)
        await asyncio.sleep(LONG)

    world = on_stage(build, body)
    job = world.create(task="probe", max_retries=0)
    world.work()
    (execution,) = world.executions(job)
    assert execution.status is ExecutionStatus.CANCELLED
    assert (world.job(job).status, world.job(job).slot) == (JobStatus.DELETED, None)
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()


def test_the_neighbours_of_a_cancelled_attempt_end_as_they_would(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        await asyncio.sleep(LONG)

    world = on_stage(build, body)
    first, *others = [world.create(task="probe") for _ in range(4)]
    world.work()
    statuses = [execution.status for job in (first, *others) for execution in world.executions(job)]
    assert sorted(statuses) == ["cancelled", "success", "success", "success"]


class Reads:
    """A job store that counts the reads of the watch."""

    def __init__(self, inner: JobStore) -> None:
        self.inner = inner
        self.asked: list[int] = []

    def get_many(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        self.asked.append(len(keys))
        return self.inner.get_many(keys)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def counting(world: World) -> tuple[World, Reads]:
    reads = Reads(world.core.jobs)
    jobs: Any = reads
    return replace(world, execute=replace(world.execute, watch=replace(world.execute.watch, jobs=jobs))), reads


def test_short_attempts_cost_no_read_and_long_ones_share_theirs(build: Build) -> None:
    async def wait(_payload: Any, _context: TaskContext) -> None:
        while reads and not reads[0].asked:  # noqa: ASYNC110 - another thread reads
            await asyncio.sleep(OFTEN)

    reads: list[Reads] = []
    plain = build(wait, watch_seconds=LONG)
    for _ in range(3):
        plain.create(task="probe")
    world, counted = counting(plain)
    world.work()
    assert counted.asked == []
    reads.append(counted)
    soon = replace(world, execute=replace(world.execute, watch=replace(world.execute.watch, seconds=0.2)))
    for _ in range(3):
        world.create(task="probe")
    soon.work()
    assert counted.asked == [3]


def test_a_watch_that_cannot_read_goes_on(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        cancel(world, context)
        await asyncio.sleep(LONG)

    plain = on_stage(build, body)
    failures: list[Exception] = [TickwellError("unknown"), OSError("broken")]

    class Failing(Reads):
        def get_many(self, keys: Sequence[JobKey]) -> Mapping[JobKey, Job]:
            if failures:
                raise failures.pop()
            return super().get_many(keys)

    jobs: Any = Failing(plain.core.jobs)
    world = replace(plain, execute=replace(plain.execute, watch=replace(plain.execute.watch, jobs=jobs)))
    job = world.create(task="probe")
    world.work()
    assert failures == []
    assert_cancelled(world, job)


@pytest.mark.parametrize("listens", ["to signs", "to cancellation", "to nothing"])
def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(build: Build, listens: str) -> None:
    async def body(world: World, context: TaskContext) -> str:
        world.clock.advance(300 + 21)
        assert await asyncio.to_thread(lambda: world.sync().recovered) == 1
        if listens == "to signs":
            await context.heartbeat()
        elif listens == "to cancellation":
            await asyncio.sleep(LONG)
        return "of a zombie"

    world = on_stage(build, body, watch_seconds=LONG if listens == "to signs" else OFTEN)
    job = world.create(task="probe", timeout_seconds=300)
    zombie, successor = world.work()
    assert [settled.finished for settled in (*zombie.settled, *successor.settled)] == [False, True]
    assert [(e.status, e.output, e.losses) for e in world.executions(job)] == [
        ("lost", None, 1),
        ("success", "done", 1),
    ]
    assert (world.job(job).status, world.job(job).tally.executions) == (JobStatus.COMPLETED, 2)


def lease_of(world: World, job_id: str) -> Any:
    slot = world.core.jobs.get(ADA.tenant_id, job_id).slot
    assert slot is not None
    return slot.lease_until


def test_a_live_worker_renews_the_lease_of_a_task_that_says_nothing(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> str:
        for _ in range(6):
            before = lease_of(world, context.job_id)
            world.clock.advance(11)
            while lease_of(world, context.job_id) <= before:  # noqa: ASYNC110 - the store has no event
                await asyncio.sleep(OFTEN)
        await asyncio.to_thread(world.sync)
        return "alive"

    world = on_stage(build, body)
    job = world.create(task="probe", stall_seconds=30, timeout_seconds=300)
    reports = world.work()
    assert [execution.output for execution in world.executions(job)] == ["alive"]
    assert [report.probes for report in reports] == [0, 1]


def test_nothing_is_signed_without_a_stall_limit(build: Build) -> None:
    async def body(world: World, context: TaskContext) -> None:
        world.clock.advance(200)
        await asyncio.sleep(10 * OFTEN)
        assert lease_of(world, context.job_id) == leases[0]

    leases = []
    world = on_stage(build, body)
    job = world.create(task="probe", timeout_seconds=300)
    leases.append(world.clock.now() + timedelta(seconds=315))
    world.work()
    assert [execution.failure for execution in world.executions(job)] == [None]
