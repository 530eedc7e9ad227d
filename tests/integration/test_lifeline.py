"""The lifeline of one attempt: how often it writes, and what becomes of progress in between."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import memory_world
from tests.world import World
from tickwell.application.lifeline import AttemptLifeline
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job
from tickwell.domain.progress import Progress


class Signs:
    """A job store that keeps what it was told, and fails ``failures`` times."""

    def __init__(self, inner: Any, failures: int) -> None:
        self.inner, self.failures = inner, failures
        self.told: list[float | None] = []

    def sign(self, job: Job, **fields: Any) -> Any:
        progress: Progress | None = fields["progress"]
        self.told.append(None if progress is None else progress.percent)
        self.failures -= 1
        if self.failures >= 0:
            raise UnavailableError("store", "for a moment")
        return self.inner.sign(job, **fields)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = memory_world(tmp_path)
    yield made
    made.close()


def lifeline(world: World, *, failures: int = 0, **fields: Any) -> tuple[AttemptLifeline, Signs]:
    world.create(**fields)
    (claimed,) = world.die()
    signs = Signs(world.core.jobs, failures)
    jobs: Any = signs
    return AttemptLifeline(claimed, jobs, world.clock), signs


def at(world: World, percent: float) -> Progress:
    return Progress(percent=percent, message=None, at=world.clock.now())


def shown(world: World, line: AttemptLifeline) -> float | None:
    slot = world.job(line.job).slot
    assert slot is not None
    return None if slot.progress is None else slot.progress.percent


def test_an_attempt_writes_once_a_second_and_then_the_newest(world: World) -> None:
    line, signs = lifeline(world)

    async def talk() -> None:
        for percent in range(5):
            await line.sign(at(world, percent))
        assert signs.told == [0]
        world.clock.advance(1)
        await line.sign()
        await line.sign()

    asyncio.run(talk())
    assert signs.told == [0, 4]
    assert shown(world, line) == 4


def test_progress_that_waits_is_written_by_the_watch(world: World) -> None:
    line, signs = lifeline(world)

    async def talk() -> None:
        await line.sign(at(world, 10))
        await line.sign(at(world, 100))
        assert not line.needs_sign(world.clock.now())
        world.clock.advance(1)
        assert line.needs_sign(world.clock.now())
        await line.renew()

    asyncio.run(talk())
    assert signs.told == [10, 100]
    assert not line.needs_sign(world.clock.advance(3600))


def test_a_sign_that_the_store_loses_does_not_disturb_the_attempt_and_its_progress_is_told_later(world: World) -> None:
    line, signs = lifeline(world, failures=2)

    async def talk() -> None:
        await line.sign(at(world, 10))
        world.clock.advance(1)
        await line.sign()
        assert shown(world, line) is None
        world.clock.advance(1)
        await line.sign()

    asyncio.run(talk())
    assert signs.told == [10, 10, 10]
    assert shown(world, line) == 10


def test_a_third_of_the_stall_limit_without_a_sign_is_time_for_one(world: World) -> None:
    line, _ = lifeline(world, stall_seconds=30)
    assert not line.needs_sign(world.clock.advance(9.9))
    assert line.needs_sign(world.clock.advance(0.1))
    asyncio.run(line.sign())
    assert not line.needs_sign(world.clock.advance(9.9))
    assert line.needs_sign(world.clock.advance(0.1))


def test_a_sign_that_was_lost_is_no_sign(world: World) -> None:
    line, _ = lifeline(world, failures=1, stall_seconds=30)
    world.clock.advance(10)
    asyncio.run(line.renew())
    assert line.needs_sign(world.clock.now())
