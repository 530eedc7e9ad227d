"""A world whose ports may break at any call; see ``test_crash_points``."""

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.chaos.crash.ground import Engine, Ground, Row, embedded, table_rows
from tests.chaos.crash.wire import Crash, Kind, Sent, Watched, WatchedLane, Wire, watched_fields
from tests.contract.store_engines import Stores
from tests.new_world import new_world
from tests.pages import every
from tests.world import ADA, World, task
from tickwell.adapters.embedded.database import Database
from tickwell.application.task import TaskContext
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job

__all__ = ["Crash", "Kind", "Lab", "Watched", "Wire", "new_lab"]

LANES = "lanes"
"""What the kind of a message begins with, among all that stands."""


@dataclass
class Lab:
    """A world whose ports are watched, and a task that succeeds once it has failed ``failures`` times.

    Before that it does ``during``, and ``stop`` is what ends its worker. ``tokens``: execution ids with the completion
    tokens that it handed on.
    """

    world: World
    wire: Wire
    ground: Ground
    folder: Path
    messages: Database
    sent: list[Sent]
    begin_again: Callable[[], World]
    failures: int = 0
    output: Any = "done"
    during: "Callable[[Lab, TaskContext], Awaitable[None]] | None" = None
    stop: WorkerStop = field(default_factory=WorkerStop)
    started: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    ahead: Counter[str] = field(default_factory=Counter)
    tokens: list[tuple[str, str]] = field(default_factory=list)

    def run(self, _payload: Any, context: Any) -> Any:
        """The task. What must not happen to it is kept in ``faults``: raised, it would be an attempt that failed."""
        identity = context.execution_id
        recorded = {execution.execution_id for execution in self.recorded(context.tenant_id, context.job_id)}
        if identity in recorded or identity in self.started:
            self.faults.append(f"attempt {identity} started again")
        if context.now() < context.due_at:
            self.faults.append(f"attempt {identity} started early")
        self.started.append(identity)
        return self._ended() if self.during is None else self._live(context, self.during)

    async def _live(self, context: Any, during: "Callable[[Lab, TaskContext], Awaitable[None]]") -> Any:
        await during(self, context)
        return self._ended()

    def _ended(self) -> Any:
        return self.wire.call("task", self._end, always=True)

    def restart(self) -> None:
        """Nothing is broken into any more; if the process died, another one takes over, and remembers nothing."""
        died = self.wire.kind is Kind.CRASH
        self.wire.revive()
        if died:
            self.world = self.begin_again()

    def unwatched(self, deed: Callable[[], Any]) -> Any:
        """What somebody else does meanwhile: it is not broken into."""
        armed, self.wire.armed = self.wire.armed, False
        try:
            return deed()
        finally:
            self.wire.armed = armed

    def recorded(self, tenant_id: str, job_id: str) -> list[Execution]:
        """The records of a job, read past the wire: looking is no part of a flow."""
        history = self.world.core.history
        page = self.unwatched(lambda: history.list_executions(tenant_id, job_id, limit=100, cursor=None))
        return list(page.items)

    def create(self, **fields: Any) -> Job:
        """Accept a job of the task; it is remembered although its acceptance fails."""
        job = self.world.create(**{"task": "probe", "timeout_seconds": 60, **fields})
        self.jobs.append(job)
        return job

    def all_jobs(self) -> list[Job]:
        """Every job that the store knows, children too, whether its creator was told or not."""
        list_jobs = self.world.core.jobs.list_jobs
        listed = every(lambda cursor: list_jobs(ADA.tenant_id, limit=100, cursor=cursor))
        known = {job.key: job for job in [*listed, *map(self.world.job, self.jobs)]}
        for job in listed:
            history = self.world.core.history
            found = history.list_executions(job.tenant_id, job.job_id, limit=100, cursor=None, with_children=True)
            children = {execution.job_key for execution in found.items} - known.keys()
            known |= {key: self.world.core.jobs.get(key.tenant_id, key.job_id) for key in children}
        return list(known.values())

    def deliver_again(self, seed: int) -> None:
        """Every message that was ever sent to a lane comes once more, at once and in any order, as it may."""
        again = list(self.sent)
        random.Random(seed).shuffle(again)
        for each in again:
            each.lane.send([replace(each.outgoing, delay_seconds=0)])

    def rows(self) -> list[Row]:
        """Everything that stands: in the stores, and in the queues."""
        queued = [Row(kind=f"{LANES}.{row.kind}", values=row.values) for row in table_rows(self.messages)]
        return [*self.ground.rows(), *(row for row in queued if row.kind == f"{LANES}.queue_messages")]

    def _end(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise ValueError("not yet")
        return self.output


def new_lab(
    folder: Path, wire: Wire, engine: Engine = embedded, *, far_timer: str = "sweep"
) -> tuple[Lab, Callable[[], None]]:
    """A lab, and what closes it."""
    ground = engine(wire)
    lab_of: list[Lab] = []
    databases: list[Database] = []
    sent: list[Sent] = []

    def run(payload: Any, context: Any) -> Any:
        return lab_of[0].run(payload, context)

    def watch(name: str, port: Any) -> Any:
        if isinstance(database := getattr(port, "_database", None), Database):
            databases.append(database)
            return WatchedLane(wire, name, port, sent) if name.startswith("lane ") else Watched(wire, name, port)
        return Watched(wire, name, port, counted=False)

    def begin(stores: Stores, **earlier: Any) -> World:
        watched = watched_fields(wire, stores)
        return new_world(folder, watched, tasks=[task("probe", run)], watch=watch, far_timer=far_timer, **earlier)

    world = begin(ground.stores)
    messages = databases[0]

    def restart() -> World:
        return begin(ground.again(), lanes_of=messages, scheduler=world.scheduler)

    lab_of.append(
        Lab(world=world, wire=wire, ground=ground, folder=folder, messages=messages, sent=sent, begin_again=restart)
    )
    wire.state = lambda: (ground.state(), messages._writer.total_changes)

    def close() -> None:
        world.close()
        ground.close()

    return lab_of[0], close
