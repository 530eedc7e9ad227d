"""How a life begins: its ports are watched, and may break at any call."""

from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.chaos.crash.wire import Watched
from tests.chaos.lives.engines import Engine, Open
from tests.chaos.lives.fate import NARROW, SLOW, Fate
from tests.chaos.lives.ledger import Ledger
from tests.chaos.lives.life import Life
from tests.chaos.lives.loop import AtOnceLoop
from tests.chaos.lives.seen import SeenDueItems, SeenHistory, SeenJobs, SeenLane, SeenQueues
from tests.contract.store_engines import Stores
from tests.new_world import new_world
from tests.world import SENDER, WATCH_SELDOM, task
from tickwell.application.ports import Outgoing
from tickwell.bootstrap.outbound import Outbound
from tickwell.domain.errors import DoNotRetryError
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Kept, RateLimit, Retention

CONCURRENCY = 1
_NOT_PORTS = frozenset({"clock", "ids", "notifying"})


@contextmanager
def new_life(open_engine: Open) -> Any:
    """A life that has two queues: ``narrow`` lets one run at a time, ``slow`` one each five seconds; it keeps two."""
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setattr("asyncio.events.new_event_loop", AtOnceLoop)
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="tickwell-life-")))
        engine: Engine = stack.enter_context(open_engine())
        wire, ledger = Fate(), Ledger(clock=engine.stores.clock)
        probe = task("probe", Probe(ledger, wire))
        world = new_world(folder, _watched(engine.stores, wire, ledger), tasks=[probe])
        stack.callback(world.close)
        sent: list[Outgoing[JobMessage]] = []
        for lane, queue in world.lanes.items():
            world.lanes[lane] = Watched(wire, f"lane {lane}", SeenLane(queue, ledger, sent))
        blobs: Any = Watched(wire, "blobs", world.blobs)
        world = replace(world, core=replace(world.core, blobs=blobs), blobs=blobs)
        outbound = Outbound(mailer=world.outbox, sender_address=SENDER, allow_private_hosts=())
        execute = world.core.execute(
            registry=world.registry, blobs=blobs, outbound=outbound, watch_seconds=WATCH_SELDOM
        )
        execute = replace(execute, pause=world.execute.pause)
        world.clock.advance(60)  # the safety sync is never as far as now
        world.queue(NARROW, concurrency=CONCURRENCY)
        kept = Retention(completed=Kept(count=2), failed=Kept(seconds=1200))
        world.queue(SLOW, rate_limit=RateLimit(limit=1, per_seconds=5), retention=kept)
        yield Life(engine=engine, ledger=ledger, world=replace(world, execute=execute), wire=wire, sent=sent)


def _watched(stores: Stores, wire: Fate, ledger: Ledger) -> Stores:
    """All ports of ``stores``: above the ledger's eyes those that break."""
    seen = {
        "jobs": SeenJobs(stores.jobs, ledger),
        "history": SeenHistory(stores.history, ledger),
        "due_items": SeenDueItems(stores.due_items, ledger),
        "queues": SeenQueues(stores.queues, ledger),
    }
    names = [each.name for each in fields(stores) if each.name not in _NOT_PORTS]
    ports: dict[str, Any] = {name: Watched(wire, name, seen.get(name, getattr(stores, name))) for name in names}
    return replace(stores, **ports)


class Probe:
    """The task. Its payload says how many attempts of an occurrence fail, and whether for good, or that they go on."""

    def __init__(self, ledger: Ledger, wire: Fate) -> None:
        self.ledger, self.wire = ledger, wire

    def __call__(self, payload: Any, context: Any) -> Any:
        """What must not happen to it is a fault of the ledger: raised, it would be an attempt that failed."""
        identity, ledger = context.execution_id, self.ledger
        if identity in ledger.records or identity in ledger.ends:
            ledger.fault(f"attempt {identity} started again")
        if context.now() < context.due_at:
            ledger.fault(f"attempt {identity} started early")
        prefix = identity.rpartition("-")[0]
        failed = sum(end == "raised" and name.rpartition("-")[0] == prefix for name, end in ledger.ends.items())
        ledger.ends[identity] = "began"
        return self.wire.call("task", lambda: self._end(context, payload or {}, failed))

    def _end(self, context: Any, payload: dict[str, Any], failed: int) -> Any:
        identity = context.execution_id
        if "outside" in payload:
            self.ledger.ends[identity] = "pending"
            self.ledger.tokens[identity] = context.completion_token
            return context.pending(timeout_seconds=payload["outside"])
        if failed < payload.get("failures", 0):
            self.ledger.ends[identity] = "raised"
            if payload.get("for_good"):
                raise DoNotRetryError("for good")
            raise ValueError("not yet")
        self.ledger.ends[identity] = "returned"
        return "done"
