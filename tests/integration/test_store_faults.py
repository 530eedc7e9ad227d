"""Stores that are slow, or fail for a moment: what a job may not suffer from."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON, FakeClock
from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.ports import Claim, ClaimResult, DueItems, History, JobStore
from tickwell.domain.cron import CronExpression
from tickwell.domain.due import DueItem
from tickwell.domain.errors import (
    StaleDueItemError,
    UnavailableError,
)
from tickwell.domain.execution import Execution
from tickwell.domain.job import JobStatus
from tickwell.domain.message import JobMessage

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


class SlowDueItems:
    """Due items on a store that takes its time."""

    def __init__(self, inner: DueItems, clock: FakeClock, seconds: float) -> None:
        self._inner, self._clock, self._seconds = inner, clock, seconds

    def put(self, items: Sequence[DueItem]) -> None:
        self._inner.put(items)
        self._clock.advance(self._seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize(("seconds", "accepted"), [(20, True), (20.001, False)])
def test_a_job_is_not_written_long_after_its_due_item(world: World, seconds: float, accepted: bool) -> None:
    due_items: Any = SlowDueItems(world.core.arming.due_items, world.clock, seconds)
    slow = replace(world, core=replace(world.core, arming=replace(world.core.arming, due_items=due_items)))
    if accepted:
        slow.create()
    else:
        with pytest.raises(StaleDueItemError):
            slow.create()
    assert len(world.core.jobs.list_jobs(ADA.tenant_id, limit=10, cursor=None).items) == int(accepted)


def test_a_claim_that_arms_the_next_occurrence_is_not_written_long_after_its_due_item(world: World) -> None:
    job = world.create(schedule=CronExpression.parse("* * * * *"))
    world.clock.advance(60)
    due_items: Any = SlowDueItems(world.core.arming.due_items, world.clock, 21)
    slow = replace(world.core, arming=replace(world.core.arming, due_items=due_items))
    (delivery,) = world.lanes[job.lane].receive(10, wait_seconds=0)
    assert isinstance(delivery.message, JobMessage)
    with pytest.raises(StaleDueItemError):
        slow.claim_attempts()([delivery.message], now=world.clock.now())
    assert world.job(job).next_run_at == NOON + MINUTE


class FlakyHistory:
    """A history whose first few records fail."""

    def __init__(self, inner: History, failures: int) -> None:
        self._inner, self._failures = inner, failures

    def record_many(self, executions: Sequence[Execution]) -> Sequence[Execution]:
        if self._failures:
            self._failures -= 1
            raise UnavailableError("store", "throttled")
        return self._inner.record_many(executions)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_an_outcome_is_recorded_although_the_store_fails_for_a_moment(build: Build) -> None:
    runs: list[int] = []
    world = build(lambda *_: runs.append(1))
    job = world.create(task="probe")
    history: Any = FlakyHistory(world.core.history, failures=1)
    settle = replace(world.execute.settle, history=history)
    (report,) = replace(world, execute=replace(world.execute, settle=settle)).work()
    assert (runs, report.again) == ([1], [])
    assert world.job(job).status is JobStatus.COMPLETED


class FlakyClaims:
    """A job store whose first claim takes effect but whose answer is lost."""

    def __init__(self, inner: JobStore) -> None:
        self._inner, self._failed = inner, False

    def claim_many(self, claims: Sequence[Claim]) -> Sequence[ClaimResult]:
        results = self._inner.claim_many(claims)
        if not self._failed:
            self._failed = True
            raise UnavailableError("store", "the answer was lost")
        return results

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def test_a_claim_whose_answer_was_lost_is_still_ours(world: World) -> None:
    job = world.create()
    jobs: Any = FlakyClaims(world.core.jobs)
    claim_attempts = replace(world.execute.claim_attempts, jobs=jobs)
    replace(world, execute=replace(world.execute, claim_attempts=claim_attempts)).work()
    assert [e.status.value for e in world.executions(job)] == ["success"]


def test_messages_that_the_store_kept_from_running_come_again_soon(world: World) -> None:
    job = world.create()

    class Down:
        def __getattr__(self, name: str) -> Any:
            def fail(*_: Any, **__: Any) -> Any:
                raise UnavailableError("store", "down")

            return fail

    jobs: Any = Down()
    claim_attempts = replace(world.execute.claim_attempts, jobs=jobs)
    (report,) = replace(world, execute=replace(world.execute, claim_attempts=claim_attempts)).work()
    assert len(report.again) == 1
    world.clock.advance(4)
    assert world.work() == []
    world.clock.advance(1)
    world.work()
    assert [e.status.value for e in world.executions(job)] == ["success"]


class SlowToAcquire(SlowDueItems):
    """Due items whose watermarks are slow to come by."""

    def acquire(self, shard: int, **arguments: Any) -> Any:
        self._clock.advance(self._seconds)
        return self._inner.acquire(shard, **arguments)


def test_a_store_that_is_slow_for_long_neither_lets_the_safety_sync_overrun_nor_starves_a_shard(world: World) -> None:
    jobs = [world.create() for _ in range(32)]
    world.lose_messages()
    world.clock.advance(60)
    due_items: Any = SlowToAcquire(world.core.arming.due_items, world.clock, 50)
    slow = replace(world.core.safety_sync(sweeps=True), due_items=due_items)
    for _ in range(16):
        deadline = world.clock.now() + 4 * MINUTE
        report = slow(deadline=deadline)
        assert world.clock.now() <= deadline + MINUTE, "a shard that has begun is finished"
        if not report.behind:
            break
        world.work()
        world.clock.advance(7)
    world.work()
    assert {world.job(job).status for job in jobs} == {JobStatus.COMPLETED}
