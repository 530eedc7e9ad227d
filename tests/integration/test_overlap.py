"""An occurrence that comes while the one before it is not over (X3): each ends in exactly one recorded outcome."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.doubles import NOON
from tests.outcomes import arrive, outcomes, ran
from tests.stages import LONG, MINUTE, on_stage
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import Every
from tickwell.application.ports import JobStore
from tickwell.application.task import TaskContext
from tickwell.domain.arrival import BUSY, CANCELLED, EXPIRED, FULL_ALL, FULL_ONE, SUPERSEDED
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.pending import MOST_PENDING
from tickwell.domain.retry import OnLost, Overlap, RetryPolicy, RetryStrategy

EACH_MINUTE = Every(seconds=60)
THREE_MINUTES = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=200)


def fails_first(_payload: Any, context: TaskContext) -> str:
    """The first attempt at the first occurrence fails."""
    if context.attempt == 1 and context.due_at == NOON + MINUTE:
        raise ValueError("not yet")
    return "done"


def retrying(build: Build, overlap: Overlap, **fields: Any) -> tuple[World, Job]:
    """A job each minute whose first occurrence (60) waits for a retry until 260, and holds the slot so long."""
    world = build(fails_first)
    job = world.create(task="probe", schedule=EACH_MINUTE, overlap=overlap, retry=THREE_MINUTES, **fields)
    return world, job


def pass_minutes(world: World, minutes: int) -> None:
    for _ in range(3 * minutes):
        world.clock.advance(20)
        world.work()


def test_by_default_it_is_skipped(build: Build) -> None:
    world, job = retrying(build, Overlap.SKIP)
    pass_minutes(world, 5)
    busy = f"skipped: {BUSY}"
    assert outcomes(world, job) == {60: "success", 120: busy, 180: busy, 240: busy, 300: "success"}


def test_one_may_wait_and_runs_when_the_slot_is_free(build: Build) -> None:
    world, job = retrying(build, Overlap.QUEUE_ONE)
    pass_minutes(world, 4)
    assert [pending.due_at - job.created_at for pending in world.job(job).pending] == [2 * MINUTE]
    pass_minutes(world, 1)
    full = f"skipped: {FULL_ONE}"
    assert outcomes(world, job) == {60: "success", 120: "success", 180: full, 240: full, 300: "success"}
    started = {e.due_at: e.started_at for e in ran(world, job)}
    assert started[job.created_at + 2 * MINUTE] >= started[job.created_at + MINUTE]
    assert (world.job(job).slot, world.job(job).pending) == (None, ())


def test_all_may_wait_and_run_in_their_order(build: Build) -> None:
    world, job = retrying(build, Overlap.QUEUE_ALL)
    pass_minutes(world, 4)
    assert len(world.job(job).pending) == 3
    pass_minutes(world, 2)
    assert outcomes(world, job) == dict.fromkeys(range(60, 361, 60), "success")
    attempts = ran(world, job)
    assert [e.started_at for e in attempts] == sorted(e.started_at for e in attempts)
    assert world.job(job).tally.executions == len(attempts) == 7


def test_so_many_wait_and_no_more(build: Build) -> None:
    world = build(fails_first)
    late = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=(MOST_PENDING + 2) * 60)
    job = world.create(task="probe", schedule=EACH_MINUTE, overlap=Overlap.QUEUE_ALL, retry=late)
    world.clock.advance(60)
    world.work()
    for _ in range(MOST_PENDING + 1):
        world.clock.advance(60)
        arrive(world)
    assert len(world.job(job).pending) == MOST_PENDING
    (skip,) = world.core.history.list_skips(job.tenant_id, job.job_id, limit=100, cursor=None).items
    assert (skip.reason, skip.count) == (FULL_ALL, 1)
    world.clock.advance(60 + 31)
    arrive(world)
    world.sync()
    world.work()
    found = outcomes(world, job)
    last = (MOST_PENDING + 2) * 60
    assert [due for due in range(60, last, 60) if found[due] != "success"] == []
    assert found[last] == f"skipped: {FULL_ALL}"


def test_it_may_run_beside_the_other(build: Build) -> None:
    world, job = retrying(build, Overlap.ALLOW)
    pass_minutes(world, 5)
    beside = "beside, success"
    assert outcomes(world, job) == {60: "success", 120: beside, 180: beside, 240: beside, 300: "success"}
    children = [e for e in ran(world, job) if e.job_id != job.job_id]
    assert [e.started_at - job.created_at for e in children] == [2 * MINUTE, 3 * MINUTE, 4 * MINUTE]
    assert world.job(job).slot is None


def test_it_takes_the_place_of_one_that_waits_for_its_retry(build: Build) -> None:
    world, job = retrying(build, Overlap.CANCEL_OTHER)
    pass_minutes(world, 2)
    assert outcomes(world, job) == {60: "failed", 120: "success"}
    assert world.core.history.list_skips(job.tenant_id, job.job_id, limit=10, cursor=None).items == ()
    world.live(5 * MINUTE, step=MINUTE)
    assert len([e for e in ran(world, job) if e.due_at == job.created_at + MINUTE]) == 1, "the retry came after all"


def test_what_runs_is_told_to_end_and_the_newcomer_follows(build: Build) -> None:
    async def body(world: World, _context: TaskContext) -> None:
        world.clock.advance(60)
        arrive(world)
        world.clock.advance(60)
        arrive(world)
        await asyncio.sleep(LONG)

    world = on_stage(build, body)
    job = world.create(task="probe", schedule=EACH_MINUTE, overlap=Overlap.CANCEL_OTHER, max_retries=3)
    pass_minutes(world, 1)
    assert outcomes(world, job) == {60: "cancelled", 120: f"skipped: {SUPERSEDED}", 180: "success"}
    (ended, _) = ran(world, job)
    assert ended.failure is not None
    assert "newer occurrence" in ended.failure.message
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()


def test_what_fails_by_itself_when_a_newer_one_has_come_is_not_tried_again(build: Build) -> None:
    async def body(world: World, _context: TaskContext) -> None:
        world.clock.advance(60)
        arrive(world)
        raise ValueError("by itself")

    world = on_stage(build, body, watch_seconds=LONG)
    job = world.create(task="probe", schedule=EACH_MINUTE, overlap=Overlap.CANCEL_OTHER, max_retries=3)
    pass_minutes(world, 1)
    assert outcomes(world, job) == {60: "failed", 120: "success"}
    assert world.job(job).slot is None


@pytest.mark.parametrize("overlap", [Overlap.QUEUE_ONE, Overlap.CANCEL_OTHER])
def test_a_lost_worker_is_followed_by_whoever_waits(build: Build, overlap: Overlap) -> None:
    world, job = retrying(build, overlap, timeout_seconds=50, max_retries=0, on_lost=OnLost.FAIL)
    world.clock.advance(60)
    world.die()
    world.clock.advance(60)
    arrive(world)
    world.clock.advance(31)
    world.sync()
    world.work()
    assert outcomes(world, job) == {60: "lost", 120: "success"}
    letters = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert len(letters) == (0 if overlap is Overlap.CANCEL_OTHER else 1)


@pytest.mark.parametrize("overlap", [Overlap.QUEUE_ONE, Overlap.QUEUE_ALL])
def test_who_waits_is_kept_by_a_pause_and_runs_after_it(build: Build, overlap: Overlap) -> None:
    world, job = retrying(build, overlap)
    pass_minutes(world, 2)
    world.change.pause(ADA, job.job_id)
    pass_minutes(world, 4)
    assert len(ran(world, job)) == 1
    world.change.resume(ADA, job.job_id)
    world.work()
    found = outcomes(world, job)
    assert (found[60], found[120]) == ("success", "success")
    assert {due: found[due] for due in (180, 240, 300, 360)} == dict.fromkeys((180, 240, 300, 360), "skipped: paused")


def test_what_a_pause_met_while_it_ran_hands_the_slot_to_who_waits_after_the_resume(build: Build) -> None:
    async def body(world: World, _context: TaskContext) -> str:
        world.clock.advance(60)
        arrive(world)
        world.change.pause(ADA, job.job_id)
        return "done"

    world = on_stage(build, body, watch_seconds=LONG)
    job = world.create(task="probe", schedule=EACH_MINUTE, overlap=Overlap.QUEUE_ALL)
    pass_minutes(world, 1)
    standing = world.job(job)
    assert (standing.status, standing.pending) == (JobStatus.PAUSED, ())
    assert standing.slot is not None
    assert (standing.slot.due_at, standing.slot.attempt) == (job.created_at + 2 * MINUTE, 1)
    world.change.resume(ADA, job.job_id)
    world.work()
    assert outcomes(world, job) == {60: "success", 120: "success"}


@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_who_waits_is_cancelled_with_the_job(build: Build, action: str) -> None:
    world, job = retrying(build, Overlap.QUEUE_ALL)
    pass_minutes(world, 3)
    getattr(world.change, action)(ADA, job.job_id)
    assert world.job(job).pending == ()
    gone = f"cancelled: {CANCELLED}"
    assert outcomes(world, job) == {60: "failed", 120: gone, 180: gone}
    world.live(10 * MINUTE, step=MINUTE)
    assert [e.status for e in ran(world, job)] == [ExecutionStatus.FAILED]


class Meanwhile:
    """Jobs whose ``create`` is followed at once by something else."""

    def __init__(self, inner: JobStore, deed: Callable[[], object]) -> None:
        self._inner, self._deed = inner, deed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def create(self, job: Job) -> None:
        self._inner.create(job)
        self._deed()


def arrive_and(world: World, deed: Callable[[], object]) -> None:
    """As ``arrive``, while ``deed`` comes between a child and the re-arming of its parent."""
    claim_attempts = world.core.claim_attempts()
    jobs: Any = Meanwhile(world.core.jobs, deed)
    racing = replace(claim_attempts, pass_by=replace(claim_attempts.pass_by, jobs=jobs))
    for queue in world.lanes.values():
        deliveries = queue.receive(10, wait_seconds=0)
        racing([d.message for d in deliveries if isinstance(d.message, JobMessage)], now=world.clock.now())
        queue.delete(deliveries)


@pytest.mark.parametrize("action", ["pause", "cancel"])
def test_a_child_whose_parent_was_changed_meanwhile_never_runs(build: Build, action: str) -> None:
    world, job = retrying(build, Overlap.ALLOW)
    pass_minutes(world, 1)
    world.clock.advance(60)
    arrive_and(world, lambda: getattr(world.change, action)(ADA, job.job_id))
    world.live(10 * MINUTE, step=MINUTE)
    assert [e.due_at for e in ran(world, job)] == [job.created_at + MINUTE]
    assert outcomes(world, job)[120] == ("skipped: paused" if action == "pause" else f"cancelled: {CANCELLED}")


def test_a_child_that_two_workers_make_for_one_message_runs_once(build: Build) -> None:
    world, job = retrying(build, Overlap.ALLOW)
    pass_minutes(world, 1)
    world.clock.advance(60)
    (queue,) = (queue for queue in world.lanes.values() if queue.depth().waiting)
    (delivery,) = queue.receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    message = delivery.message
    claim_attempts = world.core.claim_attempts()
    jobs: Any = Meanwhile(world.core.jobs, lambda: claim_attempts([message], now=world.clock.now()))
    racing = replace(claim_attempts, pass_by=replace(claim_attempts.pass_by, jobs=jobs))
    assert racing([message], now=world.clock.now()).again == (message,)
    queue.delete([delivery])
    world.work()
    assert outcomes(world, job)[120] == "beside, success"
    assert len([e for e in ran(world, job) if e.due_at == job.created_at + 2 * MINUTE]) == 1


def test_messages_of_one_job_in_one_batch_are_dealt_with_one_after_the_other(build: Build) -> None:
    world = build(fails_first)
    job = world.create(
        task="probe",
        schedule=EACH_MINUTE,
        overlap=Overlap.QUEUE_ALL,
        on_lost=OnLost.FAIL,
        timeout_seconds=30,
        expires_after_seconds=130,
    )
    world.clock.advance(60)
    world.die()
    world.clock.advance(60)
    arrive(world)
    world.clock.advance(5)
    world.sync()
    world.clock.advance(126)
    (queue,) = (queue for queue in world.lanes.values() if queue.depth().waiting)
    deliveries = queue.receive(10, wait_seconds=0)
    messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
    assert sorted(m.queued for m in messages) == [False, True], "one waits in the slot, the other one is armed"
    batch = world.core.claim_attempts()(messages, now=world.clock.now())
    assert (batch.again, batch.skipped) == ((), 2)
    queue.delete(deliveries)
    slot = world.job(job).slot
    assert slot is not None
    assert slot.due_at == job.created_at + 3 * MINUTE
    world.work()
    assert outcomes(world, job) | {240: ""} == {60: "lost", 120: f"skipped: {EXPIRED}", 180: "success", 240: ""}
