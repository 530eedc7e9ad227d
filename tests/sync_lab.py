"""What the tests of the safety sync break, and how they let time pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from tests.contract.makers import job, recurring
from tests.contract.store_engines import Stores
from tests.doubles import FakeClock
from tests.world import World
from tickwell.application.arming import first_attempt
from tickwell.application.ports import Depth
from tickwell.application.safety_sync import SyncReport
from tickwell.domain.due import DueItem, due_item
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage

MINUTE = timedelta(minutes=1)


class Over:
    """A port that is itself but for what a subclass changes."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Blind(Over):
    """A lane that cannot tell how old its messages are, as those of SQS."""

    def depth(self, *, most: int | None = None) -> Depth:
        depth: Depth = self.inner.depth(most=most)
        return replace(depth, oldest_at=None)


class Crowded(Over):
    """A blind lane in which 500 messages wait all the time, whatever else happens in it."""

    def depth(self, *, most: int | None = None) -> Depth:
        del most
        return Depth(waiting=500, delayed=0, in_flight=10)


class Keeping(Over):
    """Due items that are kept when their attempts have ended, as those in DynamoDB are."""

    def forget(self, messages: Sequence[JobMessage]) -> None:
        """Nothing is deleted."""


class Skewed:
    """Another machine's clock."""

    def __init__(self, clock: FakeClock, ahead: timedelta) -> None:
        self.clock, self.ahead = clock, ahead

    def now(self) -> datetime:
        return self.clock.now() + self.ahead


@dataclass
class DeadTimer:
    """A far timer that fires into nowhere, or, where ``fired`` is looked at, into a queue that nobody reads."""

    fired: list[JobMessage] = field(default_factory=list)

    def arm(self, items: Sequence[DueItem]) -> None:
        self.fired += [item.message for item in items]

    def takes(self, _message: JobMessage) -> bool:
        return True

    def disarm(self, _message: JobMessage) -> None:
        """Nothing is to be done."""

    def ping(self) -> None:
        """It answers all right."""


def on_timer(world: World, timer: DeadTimer) -> World:
    """``world`` with a far timer of its own; its safety sync only repairs."""
    return replace(world, core=replace(world.core, arming=replace(world.core.arming, far_timer=timer)))


def blinded(world: World, how: type[Over] = Blind) -> World:
    """``world`` whose lanes tell no more than those of SQS; its due items tell as much as those in DynamoDB."""
    for lane, queue in list(world.lanes.items()):
        world.lanes[lane] = how(queue)
    arming = replace(world.core.arming, due_items=Keeping(world.core.arming.due_items))
    execute = replace(world.execute, settle=replace(world.execute.settle, arming=arming))
    return replace(world, core=replace(world.core, arming=arming), execute=execute)


def synced(world: World, *, sweeps: bool = True, **changes: Any) -> SyncReport:
    """One run of the safety sync; ``changes`` are other ports of it."""
    sync = replace(world.core.safety_sync(sweeps=sweeps), **changes)
    return sync(deadline=world.clock.now() + 4 * MINUTE)


def pass_time(
    world: World, span: timedelta, *, sweeps: bool = True, each: timedelta = MINUTE, at_work: bool = True
) -> SyncReport:
    """Let ``span`` pass, with a run of the safety sync and, if they are ``at_work``, the workers after each step."""
    total = SyncReport()
    end = world.clock.now() + span
    while world.clock.now() < end:
        world.clock.advance(each)
        report = synced(world, sweeps=sweeps)
        for name in SyncReport.__dataclass_fields__:
            setattr(total, name, getattr(total, name) + getattr(report, name))
        if at_work:
            world.work()
    return total


def statuses(world: World, job: Job) -> list[str]:
    """How its attempts ended, first one first."""
    return [execution.status.value for execution in world.executions(job)]


def in_lanes(world: World) -> int:
    """How many messages there are that could be delivered."""
    return sum(queue.depth().waiting for queue in world.lanes.values())


def delays(world: World, jobs: Sequence[Job], due: Callable[[Job], datetime | None]) -> list[timedelta]:
    """How late each of ``jobs`` succeeded at last."""
    ended = [(world.executions(job)[-1], due(job)) for job in jobs]
    return [execution.started_at - at for execution, at in ended if at is not None]


def wait_in(stores: Stores, count: int) -> None:
    """So many jobs that wait for something beyond tomorrow, of several kinds, and their due items."""
    at: datetime = stores.clock.now() + timedelta(days=2)
    jobs = [job(stores, next_run_at=at + timedelta(seconds=number)) for number in range(count)]
    paused = job(stores, schedule=recurring(stores).schedule, status=JobStatus.PAUSED, next_run_at=None)
    for begin in range(0, count, 500):
        some = jobs[begin : begin + 500]
        stores.due_items.put(
            [
                due_item(first_attempt(one, one.next_run_at or at), now=stores.clock.now(), direct_horizon=15 * MINUTE)
                for one in some
            ]
        )
        stores.jobs.create_many(some)
    stores.jobs.create(paused)
