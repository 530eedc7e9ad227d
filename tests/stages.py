"""Tasks that know the world they run in, so that something can happen to them while they run."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from tests.world import ADA, World
from tests.worlds import Build
from tickwell.application.task import TaskContext
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.retry import Cancelled

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
