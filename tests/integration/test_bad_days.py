"""Races, failing services and bad neighbours: what a job may not suffer from."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.doubles import FakeClock
from tests.world import ADA, World, task
from tickwell.application.create_job import After
from tickwell.application.ports import Claim, ClaimResult, Outgoing
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job, JobKey
from tickwell.domain.message import JobMessage
from tickwell.domain.retry import OnLost, RetryPolicy, RetryStrategy

MINUTE = timedelta(minutes=1)
EVERY_TEN_MINUTES = CronExpression.parse("*/10 * * * *")

Make = Callable[..., World]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes a world with a task ``probe`` that does what it is given."""
    made: list[World] = []

    def new(probe: Any = None) -> World:
        world = memory_world(tmp_path, tasks=[] if probe is None else [task("probe", probe)])
        made.append(world)
        return world

    yield new
    for world in made:
        world.close()


class Over:
    """A port that is itself but for what a subclass changes."""

    def __init__(self, inner: Any, failures: int = 0) -> None:
        self.inner, self.failures = inner, failures

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def fails(self) -> bool:
        self.failures -= 1
        return self.failures >= 0


class ThrottledClaims(Over):
    """The last claim of a call is throttled, and with it the call, while the others take effect."""

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        if self.fails():
            self.inner.claim_many(claims[:-1])
            raise UnavailableError("store", "one partition is throttled")
        results: Sequence[ClaimResult] = self.inner.claim_many(claims)
        return results


def with_jobs(world: World, jobs: Any) -> World:
    """``world`` whose workers claim on another job store."""
    claim_attempts = replace(world.execute.claim_attempts, jobs=jobs)
    return replace(world, execute=replace(world.execute, claim_attempts=claim_attempts))


def statuses(world: World, job: Job) -> list[str]:
    return [execution.status.value for execution in world.executions(job)]


def test_an_occurrence_does_not_run_again_when_the_job_is_resumed_on_a_clock_that_lags(make: Make) -> None:
    runs: list[str] = []
    world = make(lambda _, context: runs.append(context.execution_id))
    job = world.create(task="probe", schedule=EVERY_TEN_MINUTES, timeout_seconds=60)
    world.clock.advance(600)
    world.work()
    world.clock.advance(-0.2)
    world.change.pause(ADA, job.job_id)
    world.change.resume(ADA, job.job_id)
    world.live(timedelta(minutes=45))
    assert len(runs) == len(set(runs)) == 5
    assert world.job(job).slot is None


def test_a_record_of_an_earlier_claim_does_not_keep_the_slot_busy(make: Make) -> None:
    world = make()
    job = world.create(timeout_seconds=60)
    (delivery,) = world.lanes[job.lane].receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    (claimed,) = world.core.claim_attempts()([delivery.message], now=world.clock.now()).claimed
    execution = asyncio.run(world.execute.run_attempt(claimed))
    assert isinstance(execution, Execution)
    world.core.history.record_many([replace(execution, token="that of another claim")])
    world.live(10 * MINUTE)
    assert world.job(job).slot is None
    assert statuses(world, job) == ["success"]


def test_a_skip_that_loses_its_race_is_judged_again(make: Make) -> None:
    world = make(lambda _, context: 1 if context.attempt > 1 or context.due_at.minute != 10 else 1 / 0)
    retry = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=600)
    job = world.create(task="probe", schedule=EVERY_TEN_MINUTES, retry=retry)
    queue = world.lanes[job.lane]
    world.clock.advance(600)
    world.work()
    world.clock.advance(600)
    deliveries = queue.receive(10, wait_seconds=0)
    due = [d for d in deliveries if isinstance(d.message, JobMessage) and d.message.attempt == 1]
    retried = [d for d in deliveries if d not in due]

    class Racing(Over):
        def skip(self, message: JobMessage, **fields: Any) -> bool:
            asyncio.run(world.execute(queue, retried))
            skipped: bool = self.inner.skip(message, **fields)
            return skipped

    pass_by = replace(world.execute.claim_attempts.pass_by, jobs=Racing(world.core.jobs))
    claim_attempts = replace(world.execute.claim_attempts, pass_by=pass_by)
    batch = claim_attempts([d.message for d in due if isinstance(d.message, JobMessage)], now=world.clock.now())
    assert batch.again == tuple(d.message for d in due)
    queue.delete(retried)
    queue.release(due[0], delay_seconds=0)
    world.work()
    assert [(e.due_at.minute, e.status.value) for e in world.executions(job)] == [
        (10, "failed"),
        (10, "success"),
        (20, "success"),
    ]


def test_every_missed_occurrence_has_an_outcome_although_catching_up_crashed(make: Make) -> None:
    world = make()
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    world.clock.advance(1800)

    class Dead(BaseException):
        """The process ends here."""

    class Dying(Over):
        def claim_many(self, _claims: Sequence[Claim]) -> Sequence[ClaimResult]:
            raise Dead

    (delivery,) = world.lanes[job.lane].receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    with pytest.raises(Dead):
        with_jobs(world, Dying(world.core.jobs)).execute.claim_attempts([delivery.message], now=world.clock.now())
    world.clock.advance(1000)
    world.live(timedelta(minutes=20))
    executed = {execution.due_at for execution in world.executions(job)}
    skips = world.core.history.list_skips(job.tenant_id, job.job_id, limit=100, cursor=None).items
    due, end, outcomes = job.next_run_at, world.job(job).next_run_at, []
    assert due is not None
    assert end is not None
    while due < end:
        outcomes.append((due in executed) + any(s.first_due_at <= due <= s.last_due_at for s in skips))
        due += MINUTE
    assert set(outcomes) == {1}


def test_a_message_that_came_again_finds_its_time_behind_slow_neighbours(make: Make) -> None:
    clocks: list[FakeClock] = []
    world = make(lambda *_: str(clocks[0].advance(20)))
    clocks.append(world.clock)
    victim = world.create(name="victim", on_lost=OnLost.FAIL)
    queue = world.lanes[victim.lane]
    (delivery,) = queue.receive(10, wait_seconds=0)
    queue.release(delivery, delay_seconds=5)
    for _ in range(5):
        world.clock.advance(700)
        world.create(task="probe")
        deliveries = queue.receive(10, wait_seconds=0)
        deadline = world.clock.now() + timedelta(seconds=900)
        report = asyncio.run(world.execute(queue, deliveries, deadline=deadline))
        queue.delete([d for d in deliveries if d.message_id not in report.again])
    assert statuses(world, victim) == ["success"]


def test_nothing_is_begun_that_could_not_end_before_the_process_is_stopped(make: Make) -> None:
    clocks: list[FakeClock] = []
    world = make(lambda *_: str(clocks[0].advance(20)))
    clocks.append(world.clock)
    again = world.create(task="probe", name="came twice before")
    queue = world.lanes[again.lane]
    for _ in range(2):
        (delivery,) = queue.receive(10, wait_seconds=0)
        queue.release(delivery, delay_seconds=0)
    new = world.create(task="probe", name="new")
    deliveries = queue.receive(10, wait_seconds=0)
    report = asyncio.run(world.execute(queue, deliveries, deadline=world.clock.now() + timedelta(seconds=900)))
    assert (statuses(world, again), statuses(world, new)) == (["success"], [])
    assert report.again == [d.message_id for d in deliveries if d.receive_count == 1]


def test_an_outage_of_the_store_fails_no_job_that_never_ran(make: Make) -> None:
    world = make()
    victim = world.create(on_lost=OnLost.FAIL)
    down = with_jobs(world, ThrottledClaims(world.core.jobs, failures=10_000))
    for _ in range(300):
        down.work()
        world.clock.advance(10)
    given_up = world.lane_dead_letters.receive(10, wait_seconds=0)
    assert len(given_up) == 1
    world.core.consume_dead_letters()(given_up)
    world.live(10 * MINUTE)
    assert statuses(world, victim) == ["lost", "success"]
    assert [e.failure.code for e in world.executions(victim) if e.failure] == ["NOT_STARTED"]


def test_claims_are_run_although_taking_over_another_job_fails(make: Make) -> None:
    world = make()
    old = world.create(timeout_seconds=1)
    queue = world.lanes[old.lane]
    (delivery,) = queue.receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    world.core.claim_attempts()([delivery.message], now=world.clock.now())
    world.clock.advance(30)
    jobs = [world.create(on_lost=OnLost.FAIL) for _ in range(3)]
    queue.send([Outgoing(message=delivery.message, group="g")])

    class Failing(Over):
        def record_many(self, executions: Sequence[Execution]) -> Sequence[Execution]:
            if self.fails():
                raise UnavailableError("store", "throttled")
            recorded: Sequence[Execution] = self.inner.record_many(executions)
            return recorded

    history: Any = Failing(world.core.history, failures=1)
    recover = replace(world.execute.recover, settle=replace(world.execute.settle, history=history))
    replace(world, execute=replace(world.execute, recover=recover)).work()
    assert [statuses(world, job) for job in jobs] == [["success"]] * 3


@pytest.mark.parametrize("failures", [1, 2, 3])
def test_one_throttled_claim_does_not_cost_the_others_their_attempts(make: Make, failures: int) -> None:
    world = make()
    jobs = [world.create(on_lost=OnLost.FAIL) for _ in range(3)]
    with_jobs(world, ThrottledClaims(world.core.jobs, failures=failures)).work()
    assert [statuses(world, job) for job in jobs] == [["success"]] * 3


@pytest.mark.parametrize("way", ["cancelled", "too deep", "deep beyond recursion", "not JSON"])
def test_a_task_that_ends_oddly_takes_no_neighbour_along(make: Make, way: str) -> None:
    def nested(depth: int) -> Any:
        value: Any = 1
        for _ in range(depth):
            value = [value]
        return value

    async def body(payload: Any, _context: Any) -> Any:
        if payload == "good":
            await asyncio.sleep(0.02)
            return "ok"
        if way == "cancelled":
            raise asyncio.CancelledError
        return {"too deep": nested(102), "deep beyond recursion": nested(100_000)}.get(way, {1})

    world = make(body)
    bad = world.create(task="probe", payload="bad", max_retries=0)
    good = world.create(task="probe", payload="good", on_lost=OnLost.FAIL)
    world.work()
    assert (statuses(world, bad), statuses(world, good)) == (["failed"], ["success"])


@pytest.mark.parametrize(("failures", "kept"), [(1, True), (99, False)])
def test_a_task_does_not_run_again_because_its_output_could_not_be_kept(
    make: Make, failures: int, *, kept: bool
) -> None:
    runs: list[str] = []

    def body(_payload: Any, context: Any) -> str:
        runs.append(context.execution_id)
        return "x" * 300_000

    class Slow(Over):
        def put(self, *arguments: Any, **named: Any) -> None:
            if self.fails():
                raise UnavailableError("s3", "slow down")
            self.inner.put(*arguments, **named)

    world = make(body)
    job = world.create(task="probe", timeout_seconds=60)
    run_attempt = replace(world.execute.run_attempt, blobs=Slow(world.blobs, failures))
    replace(world, execute=replace(world.execute, run_attempt=run_attempt)).work()
    world.live(15 * MINUTE)
    assert len(runs) == 1
    (execution,) = world.executions(job)
    assert (execution.status.value, execution.detail_blob is not None) == ("success", kept)


@pytest.mark.parametrize(("failures", "status"), [(4, "success"), (99, "failed")])
def test_a_bucket_that_fails_for_a_moment_costs_no_attempt(
    make: Make, monkeypatch: pytest.MonkeyPatch, failures: int, status: str
) -> None:
    monkeypatch.setattr("tickwell.application.read_payload.SETTLE_PAUSES_SECONDS", (0.0,) * 4)

    class Slow(Over):
        def get(self, name: str) -> Any:
            if self.fails():
                raise UnavailableError("s3", "slow down")
            return self.inner.get(name)

    world = make()
    job = world.create(payload="x" * 300_000, max_retries=0)
    run_attempt = replace(world.execute.run_attempt, blobs=Slow(world.blobs, failures))
    replace(world, execute=replace(world.execute, run_attempt=run_attempt)).work()
    assert statuses(world, job) == [status]


def test_a_payload_that_cannot_be_read_fails_the_attempt_and_says_nothing_of_the_account(make: Make) -> None:
    class Refused(Over):
        def get(self, _name: str) -> bytes:
            raise PermissionError("arn:aws:iam::123456789012:role/worker may not")

    world = make()
    job = world.create(payload="x" * 300_000, max_retries=0)
    run_attempt = replace(world.execute.run_attempt, blobs=Refused(world.blobs))
    replace(world, execute=replace(world.execute, run_attempt=run_attempt)).work()
    (execution,) = world.executions(job)
    assert execution.failure is not None
    assert (execution.failure.code, execution.failure.traceback) == ("PAYLOAD_UNAVAILABLE", None)
    assert "arn:" not in execution.failure.message


def test_after_an_outage_what_was_not_sent_is_sent_once(make: Make) -> None:
    world = make()
    for number in range(5):
        world.create(schedule=After(delay_seconds=1900 + number))
    world.clock.advance(3600)
    report = world.sync()
    assert report.swept + report.resent == 5
    assert sum(queue.depth().waiting for queue in world.lanes.values()) == 5


def test_a_job_that_cannot_be_read_does_not_stop_the_safety_sync_of_others(make: Make) -> None:
    world = make()
    jobs = [world.create() for _ in range(40)]
    world.lose_messages()
    world.clock.advance(31)

    class Unreadable(Over):
        def get_many(self, keys: Sequence[JobKey]) -> Any:
            if jobs[0].key in keys:
                raise ValueError("a schedule of an unknown kind")
            return self.inner.get_many(keys)

    sync = replace(world.core.safety_sync(sweeps=True), jobs=Unreadable(world.core.jobs))
    with pytest.raises(ValueError, match="unknown kind"):
        sync(deadline=world.clock.now() + 4 * MINUTE)
    assert sum(queue.depth().waiting for queue in world.lanes.values()) > 20
