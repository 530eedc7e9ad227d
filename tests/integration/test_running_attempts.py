"""What reaches an attempt while it runs: cancellation, another worker, its stall limit, the end of its own worker."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.create_job import Every, Immediately
from tickwell.application.ports import JobStore, Outgoing
from tickwell.application.task import TaskContext
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.errors import AttemptCancelledError, TickwellError, UnavailableError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobKey, JobStatus, Slot
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import Cancelled, OnLost, RetryAt

OFTEN = 0.01
LONG = 30.0
MINUTE = timedelta(minutes=1)

Body = Callable[[World, TaskContext], Awaitable[Any]]


class Stage:
    """A task that does in its first attempt what a test says, and knows the world that it runs in."""

    def __init__(self, body: Body) -> None:
        self.body = body
        self.world: World | None = None
        self.attempts = 0

    async def __call__(self, _payload: Any, context: TaskContext) -> Any:
        assert self.world is not None
        self.attempts += 1
        return await self.body(self.world, context) if self.attempts == 1 else "done"


def on_stage(build: Build, body: Body, *, watch_seconds: float = OFTEN) -> World:
    stage = Stage(body)
    stage.world = build(stage, watch_seconds=watch_seconds)
    return stage.world


def cancel(world: World, context: TaskContext) -> None:
    """As somebody else does, while the attempt runs."""
    job = world.core.jobs.get(context.tenant_id, context.job_id)
    now = world.clock.now()
    assert world.core.jobs.replace(job.cancel(now, expires_at=now + timedelta(days=1)), read=job)


def assert_cancelled(world: World, job: Job) -> None:
    (execution,) = world.executions(job)
    assert (execution.status, execution.decision) == (ExecutionStatus.CANCELLED, Cancelled())
    assert execution.failure is not None
    assert execution.failure.code == "CANCELLED"
    stored = world.job(job)
    assert (stored.status, stored.slot) == (JobStatus.CANCELLED, None)
    assert (stored.tally.executions, stored.tally.failed) == (1, 0)
    assert world.read.dead_letters(ADA, limit=10, cursor=None).items == ()
    world.live(20 * MINUTE)
    assert len(world.executions(job)) == 1


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
    plain = build(wait, watch_seconds=0.2)
    for _ in range(3):
        plain.create(task="probe")
    world, counted = counting(plain)
    world.work()
    assert counted.asked == []
    reads.append(counted)
    for _ in range(3):
        world.create(task="probe")
    world.work()
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


def test_an_attempt_that_its_worker_gives_back_begins_anew_at_once(build: Build) -> None:
    stop = WorkerStop()

    async def body(_world: World, _context: TaskContext) -> None:
        stop.return_all()
        await asyncio.sleep(LONG)

    world = on_stage(build, body, watch_seconds=LONG)
    job = world.create(task="probe", max_retries=0)
    world.work(stop)
    (execution,) = world.executions(job)
    assert execution.failure is not None
    assert (execution.status, execution.failure.code) == (ExecutionStatus.LOST, "WORKER_STOPPED")
    assert execution.decision == RetryAt(at=world.clock.now(), attempt=2)
    assert world.job(job).slot == Slot(due_at=job.created_at, attempt=2, returns=1)
    world.work()
    assert [(e.status, e.losses, e.returns) for e in world.executions(job)] == [("lost", 0, 1), ("success", 0, 1)]
    assert world.job(job).status is JobStatus.COMPLETED


def test_an_attempt_given_back_uses_up_neither_a_retry_nor_a_loss(build: Build) -> None:
    attempts = []

    async def body(_payload: Any, context: TaskContext) -> str:
        attempts.append(context.attempt)
        if context.attempt == 1:
            stop.return_all()
            await asyncio.sleep(LONG)
        if context.attempt < 4:
            raise ValueError("really")
        return "done"

    stop = WorkerStop()
    world = build(body)
    job = world.create(task="probe", max_retries=2)
    world.work(stop)
    world.live(10 * MINUTE)
    assert attempts == [1, 2, 3, 4]
    assert world.job(job).status is JobStatus.COMPLETED


def test_what_must_not_run_twice_is_given_up_when_its_worker_stops(build: Build) -> None:
    stop = WorkerStop()

    async def body(_world: World, _context: TaskContext) -> None:
        stop.return_all()
        await asyncio.sleep(LONG)

    world = on_stage(build, body)
    job = world.create(task="probe", on_lost=OnLost.FAIL)
    world.work(stop)
    assert world.job(job).status is JobStatus.FAILED
    (letter,) = world.read.dead_letters(ADA, limit=10, cursor=None).items
    assert (letter.error_code, letter.reason) == (
        "WORKER_STOPPED",
        "the worker was stopped, and this job must not run twice",
    )


def test_what_had_not_begun_when_the_worker_stopped_is_deliverable_at_once(build: Build) -> None:
    stop = WorkerStop()

    async def body(_world: World, _context: TaskContext) -> str:
        stop.request()
        return "done"

    world = on_stage(build, body)
    job = world.create(task="probe")
    queue = world.lanes[Lane.MEDIUM]
    world.create()
    for delivery in queue.receive(10, wait_seconds=0):
        queue.release(delivery, delay_seconds=0)
    deliveries = queue.receive(10, wait_seconds=0)
    report = asyncio.run(world.execute(queue, deliveries, stop=stop))
    assert [settled.execution.job_id for settled in report.settled] == [job.job_id]
    assert report.again == report.unbegun == [deliveries[1].message_id]
    assert queue.depth().waiting == 1


def test_a_worker_that_is_itself_cancelled_records_nothing(build: Build) -> None:
    begun = asyncio.Event()

    async def body(_payload: Any, _context: TaskContext) -> None:
        begun.set()
        await asyncio.sleep(LONG)

    world = build(body)
    job = world.create(task="probe")
    (claimed,) = world.die()

    async def cancelled() -> None:
        running = asyncio.create_task(world.execute.run_attempt(claimed))
        await begun.wait()
        running.cancel()
        await running

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    slot = world.job(job).slot
    assert slot is not None
    assert slot.is_running()
    assert world.executions(job) == []
