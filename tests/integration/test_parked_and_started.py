"""An attempt that stands on a waiting list may be started by another message of it: it is looked after all the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.sync_lab import Over, synced
from tests.worlds import Build, build  # noqa: F401 - a fixture
from tickwell.application.losses import ON_SUSPICION
from tickwell.application.ports import Depth
from tickwell.domain.message import JobMessage


def test_a_worker_that_dies_with_what_stands_on_a_waiting_list_loses_nothing(build: Build) -> None:  # noqa: F811
    world = build(lambda *_: "done")
    world.queue("narrow", concurrency=1)
    first, second = (world.create(task="probe", queue="narrow", timeout_seconds=60) for _ in range(2))
    deliveries = world.lanes[first.lane].receive(10, wait_seconds=0)
    messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
    world.lanes[first.lane].delete(deliveries)
    admit = world.core.admit_attempts()
    assert admit(messages, now=world.clock.now()).parked == 1
    world.clock.advance(40)
    world.sync()  # lets the due item go: a place on the waiting list does not expire
    world.clock.advance(timedelta(minutes=25))  # the permit is void, for nobody has given it back
    (parked,) = (message for message in messages if message.job_id == second.job_id)
    ready = admit([parked], now=world.clock.now()).ready
    assert world.core.claim_attempts()(ready, now=world.clock.now()).claimed  # and its worker dies
    world.live(timedelta(hours=1), step=timedelta(minutes=1))
    assert [e.status.value for e in world.executions(second)] == ["lost", "success"]
    assert [e.status.value for e in world.executions(first)] == ["success"]


def test_what_is_parked_while_the_lane_is_looked_at_is_not_sent_again(build: Build) -> None:  # noqa: F811
    world = build(lambda *_: "done")
    world.queue("narrow", concurrency=1)
    jobs = [world.create(task="probe", queue="narrow", timeout_seconds=60) for _ in range(10)]
    world.clock.advance(40)

    class Parking(Over):
        """A lane from which a worker takes all that waits, and parks it, just before it is asked how full it is."""

        def depth(self, *, most: int | None = None) -> Depth:
            deliveries = self.inner.receive(10, wait_seconds=0)
            messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
            world.core.admit_attempts()(messages, now=world.clock.now())
            self.inner.delete(deliveries)
            depth: Depth = self.inner.depth(most=most)
            return depth

    lanes: Any = {lane: Parking(queue) for lane, queue in world.lanes.items()}
    report = synced(world, arming=replace(world.core.arming, lanes=lanes))
    assert (report.checked, report.resent) == (10, 0)
    world.live(timedelta(hours=1), step=timedelta(minutes=1))
    assert [[e.status.value for e in world.executions(job)] for job in jobs] == [["success"]] * 10


def test_a_waiting_list_that_is_let_go_while_the_lane_is_looked_at_is_not_sent_again(build: Build) -> None:  # noqa: F811
    world = build(lambda *_: "done")
    world.queue("narrow", concurrency=1)
    jobs = [world.create(task="probe", queue="narrow", timeout_seconds=60) for _ in range(60)]
    admit, lane = world.core.admit_attempts(), world.lanes[jobs[0].lane]
    while deliveries := lane.receive(10, wait_seconds=0):
        messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
        admit(messages, now=world.clock.now())
        lane.delete(deliveries)
    world.clock.advance(40)
    (key,) = world.core.queues.with_waiting(limit=10, after=None)
    queue = world.core.queues.find(key)
    assert queue is not None
    world.core.queues.put(replace(queue, concurrency=None, version=queue.version + 1), read=queue)
    looks: list[int] = []

    class LetGo(Over):
        """A lane that was empty, into which the waiting list is let go while it is looked at."""

        def depth(self, *, most: int | None = None) -> Depth:
            depth: Depth = self.inner.depth(most=most)
            if not looks:
                looks.append(admit.let_go(key, most=20))
            return depth

    lanes: Any = {lane: LetGo(queue) for lane, queue in world.lanes.items()}
    report = synced(world, arming=replace(world.core.arming, lanes=lanes))
    assert (report.checked, looks) == (60, [59])
    assert report.resent <= ON_SUSPICION
    world.live(timedelta(hours=1), step=timedelta(minutes=1))
    assert [[e.status.value for e in world.executions(job)] for job in jobs] == [["success"]] * 60
