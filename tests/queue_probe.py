"""A task that notes when it starts, and looks at the queue that its jobs are in."""

from datetime import datetime, timedelta
from typing import Any

from tests.world import ADA, World
from tickwell.application.ports import QueueKey
from tickwell.domain.job import Job, JobState

SECOND = timedelta(seconds=1)
KEY = QueueKey(tenant_id=ADA.tenant_id, name="images")


class Probe:
    """A task that notes when it starts, and how many of it run at once; ``act`` is called while it runs."""

    def __init__(self) -> None:
        self.starts: list[datetime] = []
        self.act: Any = None

    def __call__(self, payload: Any, context: Any) -> Any:
        self.starts.append(context.now())
        if self.act is not None:
            self.act()
        return payload


def submit(world: World, count: int, **fields: Any) -> list[Job]:
    return [world.create(task="probe", queue="images", **fields) for _ in range(count)]


def states(world: World, jobs: list[Job]) -> list[JobState]:
    return [world.job(job).state(world.clock.now()) for job in jobs]


def waiting(world: World) -> int:
    return world.core.queues.count_waiting([KEY], most=1000)[KEY]


def permits(world: World) -> int:
    return len(world.core.queues.gate(KEY).at(world.clock.now()).permits)
