"""Jobs whose attempts go on outside of any worker, and whoever ends them there."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.world import World
from tests.worlds import Build
from tickwell.application.task import TaskContext
from tickwell.domain.execution import Execution, Failure
from tickwell.domain.job import Job
from tickwell.domain.progress import progress

HOUR = timedelta(hours=1)
BROKEN = Failure(code="DISK_FULL", message="the disk was full")


@dataclass(slots=True)
class Elsewhere:
    """A task that hands its work on; ``given`` are the execution ids and tokens that it gave away, oldest first."""

    timeout_seconds: int = 3600
    says: str | None = None
    given: list[tuple[str, str]] = field(default_factory=list)

    async def __call__(self, _payload: Any, context: TaskContext) -> Any:
        self.given.append((context.execution_id, context.completion_token))
        if self.says is not None:
            context.log("info", self.says)
        return context.pending(timeout_seconds=self.timeout_seconds)


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who got the token of an attempt."""

    world: World
    execution_id: str
    token: str

    def heartbeat(self, percent: float | None = None) -> Any:
        """It lives."""
        at = self.world.clock.now()
        told = None if percent is None else progress(percent, "outside", at=at)
        return self.world.outside.heartbeat(self.execution_id, self.token, told)

    def complete(self, output: Any = None) -> Execution:
        """It succeeded."""
        return self.world.outside.complete(self.execution_id, self.token, output)

    def fail(self, failure: Failure = BROKEN, *, retryable: bool = True) -> Execution:
        """It failed."""
        return self.world.outside.fail(self.execution_id, self.token, failure, retryable=retryable)


def handed_on(build: Build, elsewhere: Elsewhere | None = None, **fields: Any) -> tuple[World, Job, Bearer]:
    """A world in which a job's first attempt goes on outside, and who can end it."""
    probe = elsewhere or Elsewhere()
    world = build(probe)
    job = world.create(task="probe", **fields)
    world.work()
    return world, job, Bearer(world, *probe.given[-1])
