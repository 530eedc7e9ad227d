"""A world whose ports may break at any call; see ``test_crash_points``."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from tests.contract.store_engines import embedded_stores
from tests.doubles import FakeClock
from tests.world import ADA, SENDER, WATCH_SELDOM, World, new_world, task
from tickwell.application.task import TaskContext
from tickwell.application.worker_stop import WorkerStop
from tickwell.bootstrap.outbound import Outbound
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import Execution
from tickwell.domain.job import Job


class Crash(BaseException):
    """The process is gone; nothing may catch it."""


class Kind(StrEnum):
    """What happens at a call."""

    CRASH = "crash after"  # which is also before the next one
    FAIL_BEFORE = "fail before"
    FAIL_AFTER = "fail after"  # the service did it, but its answer was lost


_READS = frozenset(
    {
        "attempts_at",
        "count_by_status",
        "count_waiting",
        "depth",
        "executions_between",
        "find",
        "gate",
        "gates",
        "get",
        "get_dead_letter",
        "get_many",
        "list_dead_letters",
        "list_jobs",
        "list_queues",
        "nth_ended",
        "of_scope",
        "page",
        "skips_between",
        "parked",
        "waiting",
        "with_waiting",
    }
)


def ways_to_break(call: str) -> tuple[Kind, ...]:
    """What may happen at a call, without what is the same as something else.

    A crash after a call that changes nothing is one after the call before it, and a task that fails is a flow.
    """
    if call == "task":
        return (Kind.CRASH,)
    return (Kind.FAIL_BEFORE,) if call.rpartition(".")[2] in _READS else tuple(Kind)


@dataclass
class Wire:
    """Sees every call of a port while it is armed, and lets the one numbered ``at`` fail."""

    kind: Kind = Kind.CRASH
    at: int | None = None
    armed: bool = False
    dead: bool = False
    calls: list[str] = field(default_factory=list)

    def revive(self) -> None:
        """The next process: nothing more is broken into."""
        self.armed = self.dead = False

    def call(self, name: str, make: Callable[[], Any]) -> Any:
        if self.dead:
            raise Crash(name)  # also what stands in a ``finally`` is not done any more
        if not self.armed:
            return make()
        number = len(self.calls)
        self.calls.append(name)
        if number != self.at:
            return make()
        if self.kind is not Kind.FAIL_BEFORE:
            make()
        if self.kind is Kind.CRASH:
            self.dead = True
            raise Crash(name)
        raise UnavailableError(name, "broken on purpose")


class Watched:
    """A port whose calls go through the wire."""

    def __init__(self, wire: Wire, name: str, inner: Any) -> None:
        self._wire, self._name, self._inner = wire, name, inner

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)
        return lambda *args, **named: self._wire.call(f"{self._name}.{name}", lambda: method(*args, **named))


@dataclass
class Lab:
    """A world whose ports are watched, and a task that succeeds once it has failed ``failures`` times.

    Before that it does ``during``, and ``stop`` is what ends its worker.
    """

    world: World
    wire: Wire
    failures: int = 0
    output: Any = "done"
    during: "Callable[[Lab, TaskContext], Awaitable[None]] | None" = None
    stop: WorkerStop = field(default_factory=WorkerStop)
    started: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)

    def run(self, _payload: Any, context: Any) -> Any:
        """The task. What must not happen to it is kept in ``faults``: raised, it would be an attempt that failed."""
        identity = context.execution_id
        recorded = {execution.execution_id for execution in self.recorded(context.tenant_id, context.job_id)}
        if identity in recorded or identity in self.started:
            self.faults.append(f"attempt {identity} started again")
        if context.now() < context.due_at:
            self.faults.append(f"attempt {identity} started early")
        self.started.append(identity)
        return self.wire.call("task", self._end) if self.during is None else self._live(context, self.during)

    async def _live(self, context: Any, during: "Callable[[Lab, TaskContext], Awaitable[None]]") -> Any:
        await during(self, context)
        return self.wire.call("task", self._end)

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
        """Every job that the store knows, whether its creator was told or not."""
        listed = self.world.core.jobs.list_jobs(ADA.tenant_id, limit=100, cursor=None).items
        known = {job.key: job for job in [*listed, *map(self.world.job, self.jobs)]}
        for job in listed:
            history = self.world.core.history
            page = history.list_executions(job.tenant_id, job.job_id, limit=100, cursor=None, with_children=True)
            children = {execution.job_key for execution in page.items} - known.keys()
            known |= {key: self.world.core.jobs.get(key.tenant_id, key.job_id) for key in children}
        return list(known.values())

    def _end(self) -> Any:
        if self.failures:
            self.failures -= 1
            raise ValueError("not yet")
        return self.output


def new_lab(folder: Path, wire: Wire) -> tuple[Lab, Callable[[], None]]:
    """A lab, and what closes it."""
    made = embedded_stores(":memory:", FakeClock())
    lab_of: list[Lab] = []

    def run(payload: Any, context: Any) -> Any:
        return lab_of[0].run(payload, context)

    stores = replace(
        made.stores,
        jobs=Watched(wire, "jobs", made.stores.jobs),
        history=Watched(wire, "history", made.stores.history),
        due_items=Watched(wire, "due items", made.stores.due_items),
        queues=Watched(wire, "queues", made.stores.queues),
        submissions=Watched(wire, "submissions", made.stores.submissions),
        caller_keys=Watched(wire, "caller keys", made.stores.caller_keys),
        stop_switch=Watched(wire, "stop switch", made.stores.stop_switch),
    )
    world = new_world(folder, stores, tasks=[task("probe", run)])
    for lane, queue in world.lanes.items():
        world.lanes[lane] = Watched(wire, f"lane {lane}", queue)
    blobs: Any = Watched(wire, "blobs", world.blobs)
    world = replace(world, core=replace(world.core, blobs=blobs))
    outbound = Outbound(mailer=world.outbox, sender_address=SENDER, allow_private_hosts=())
    execute = world.core.execute(registry=world.registry, blobs=blobs, outbound=outbound, watch_seconds=WATCH_SELDOM)
    lab_of.append(Lab(world=replace(world, blobs=blobs, execute=execute), wire=wire))

    def close() -> None:
        world.close()
        made.database.close()

    return lab_of[0], close
