"""The safety sync beside a lane that moves on while it looks: what has just been begun, or taken, was not lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.api_hosts import memory_world
from tests.sync_lab import MINUTE, Over, in_lanes, pass_time, statuses, synced
from tests.world import World
from tickwell.application.execute_batch import JobQueue
from tickwell.application.losses import ON_SUSPICION
from tickwell.application.ports import Depth
from tickwell.domain.job import Job
from tickwell.domain.lane import Lane


class MovesOn(Over):
    """A lane whose worker takes and runs what waits just before anybody looks how full it is; younger ones follow."""

    def __init__(self, inner: JobQueue, world: World) -> None:
        super().__init__(inner)
        self.world = world

    def depth(self, *, most: int | None = None) -> Depth:
        self.world.work()
        self.world.create()
        depth: Depth = self.inner.depth(most=most)
        return depth


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = memory_world(tmp_path)
    yield world
    world.close()


def lane_of(world: World, jobs: list[Job]) -> JobQueue:
    (lane,) = {job.lane for job in jobs}
    return world.lanes[lane]


def test_what_was_begun_since_its_job_was_read_is_not_sent_again(world: World) -> None:
    jobs = [world.create() for _ in range(40)]
    world.clock.advance(MINUTE)
    lanes = {lane: MovesOn(queue, world) for lane, queue in world.lanes.items()}
    arming = replace(world.core.arming, lanes=lanes)
    assert synced(replace(world, core=replace(world.core, arming=arming))).resent == 0
    assert [statuses(world, job) for job in jobs] == [["success"]] * 40


def test_what_was_taken_and_not_begun_yet_is_no_loss_although_only_younger_ones_wait(world: World) -> None:
    jobs = [world.create() for _ in range(60)]
    queue = lane_of(world, jobs)
    for _ in range(6):
        queue.receive(10, wait_seconds=0)
    world.clock.advance(MINUTE)
    world.create()
    assert synced(world).resent == ON_SUSPICION
    assert in_lanes(world) == 1 + ON_SUSPICION


def test_each_lane_has_its_own_bound_of_what_is_sent_again_on_suspicion(world: World) -> None:
    for lane in (Lane.HIGH, Lane.MEDIUM):
        lane_of(world, [world.create(priority=lane.value) for _ in range(40)]).receive(40, wait_seconds=0)
    world.clock.advance(MINUTE)
    assert synced(world).resent == 2 * ON_SUSPICION


def test_what_nobody_holds_while_only_younger_ones_wait_is_sent_again_in_parts(world: World) -> None:
    """It may have left a waiting list, or been sent again, and so be younger in its lane than its job."""
    jobs = [world.create() for _ in range(60)]
    world.lose_messages()
    world.clock.advance(MINUTE)
    world.create()
    assert synced(world).resent == ON_SUSPICION
    pass_time(world, 40 * MINUTE)
    assert [statuses(world, job) for job in jobs] == [["success"]] * 60
