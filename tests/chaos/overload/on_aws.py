"""The trial ``overload-aws``: what waits costs nothing on DynamoDB.

The same few things are done while some jobs wait and again while several times as many do: for tomorrow, in a full
lane, and for the limit of a queue. None of it may take more calls, or read more items.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from moto import mock_aws

from tests.chaos.figures import Figures
from tests.chaos.trials import Run
from tests.contract.dynamodb_probe import counted, rows_read
from tests.contract.makers import job
from tests.contract.store_engines import (
    DynamoStores,
    create_table,
    dynamo_stores,
    new_dynamodb_client,
)
from tests.doubles import SeededIds
from tests.new_world import new_world
from tests.sync_lab import MINUTE, synced, wait_in
from tests.world import ADA, World
from tickwell.application.arming import first_attempt
from tickwell.application.list_jobs import ListJobs
from tickwell.application.ports import Outgoing, QueueKey
from tickwell.application.worker_stop import WorkerStop
from tickwell.domain.account import Principal, Role
from tickwell.domain.lane import Lane

BYSTANDER = Principal(tenant_id="tenant-bystander", user_id="user-bystander", role=Role.OWNER)
QUEUE = "images"

FEW = 200
"""Enough for a page of each of the 16 shards that a tenant's jobs are spread over."""

MANY = 1500
MANY_IN_SHORT = 600
_BY_CHANCE = 1.25
"""How many jobs of a page stand in each shard is chance, and with it how many are read for nothing."""

_AT_ONCE = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one thing took: calls and items read, by operation."""

    calls: Mapping[str, int]
    rows: Mapping[str, int]

    def is_dearer_than(self, other: "Cost") -> bool:
        """Whether it takes more, by more than chance can explain."""
        pairs = [(self.calls, other.calls), (self.rows, other.rows)]
        return any(sum(mine.values()) > _BY_CHANCE * sum(its.values()) for mine, its in pairs)

    def __str__(self) -> str:
        return f"calls {dict(self.calls)}, items read {dict(self.rows)}"


def overload_aws(run: Run) -> Figures:
    """Compare the costs."""
    many = MANY_IN_SHORT if run.short else MANY
    with_few, with_many = (_costs(run.folder / str(waiting), waiting, run.seed + 1) for waiting in (FEW, many))
    dearer = [name for name, cost in with_many.items() if cost.is_dearer_than(with_few[name])]
    faults = [
        f"{name}: with {FEW} of each kind waiting {with_few[name]}; with {many}: {with_many[name]}" for name in dearer
    ]
    return Figures(
        counts={
            "waiting of each of 3 kinds": many,
            "things done": len(with_many),
            "calls": sum(sum(cost.calls.values()) for cost in with_many.values()),
            "items read": sum(sum(cost.rows.values()) for cost in with_many.values()),
        },
        zeros={"dearer with more waiting": len(dearer)},
        faults=faults,
    )


def _costs(folder: Path, waiting: int, seed: int) -> dict[str, Cost]:
    """What each thing takes while so many jobs of each kind wait."""
    with mock_aws(), ThreadPoolExecutor(max_workers=1) as executor:
        client = new_dynamodb_client()
        create_table(client)
        dynamodb = dynamo_stores(client, executor)
        world = new_world(folder, dynamodb.stores)
        queue = world.queue(QUEUE, concurrency=1)
        _let_wait(world, dynamodb, waiting, seed)
        costs: dict[str, Cost] = {}
        for name, do in _things(world, QueueKey(tenant_id=queue.tenant_id, name=queue.name)).items():
            with _measured(dynamodb, costs, name):
                do()
        world.close()
    return costs


def _let_wait(world: World, dynamodb: DynamoStores, count: int, seed: int) -> None:
    """So many for the day after tomorrow, in the hot tenant's lane, and for the limit of his queue."""
    stores = replace(dynamodb.stores, ids=SeededIds(world.clock, seed=seed))
    wait_in(stores, count)
    now = stores.clock.now()
    for begin in range(0, count, _AT_ONCE):
        number = min(_AT_ONCE, count - begin)
        hot = [job(stores, tenant_id=ADA.tenant_id, next_run_at=now) for _ in range(number)]
        limited = [replace(one, job_id=stores.ids.new(), queue=QUEUE) for one in hot]
        stores.jobs.create_many([*hot, *limited])
        world.lanes[Lane.MEDIUM].send(
            [Outgoing(message=first_attempt(one, now), group=one.tenant_id) for one in hot],
        )
        stores.queues.park([first_attempt(one, now) for one in limited])


def _things(world: World, queue: QueueKey) -> dict[str, Callable[[], object]]:
    """What is done, in this order."""
    pages = ListJobs(listing=world.core.listing, directory=world.core.directory, clock=world.clock)

    def sync() -> None:
        lost = world.create(BYSTANDER, priority="low")
        while deliveries := world.lanes[Lane.LOW].receive(10, wait_seconds=0):
            world.lanes[Lane.LOW].delete(deliveries)
        world.clock.advance(MINUTE)
        if synced(world).resent != 1:
            raise AssertionError(f"{lost.job_id} was not found")

    def begin() -> None:
        mine = world.create(BYSTANDER)
        _one_batch(world)
        if world.job(mine).last_executed_at is None:
            raise AssertionError("a flood went before a single job of another tenant")

    return {
        "create and run a job past a full lane": begin,
        "a page of the hot tenant's jobs": lambda: pages(ADA, limit=20),
        "a page of another's": lambda: pages(BYSTANDER, limit=20),
        "counts": lambda: world.measuring.counts.read(ADA.tenant_id),
        "let the next of a queue go": lambda: world.core.admit_attempts().let_go(queue, most=1),
        "run another batch of the full lane": lambda: _one_batch(world),
        "a safety sync that finds a loss": sync,
        "an idle safety sync": lambda: (world.clock.advance(timedelta(seconds=30)), synced(world)),
    }


def _one_batch(world: World) -> None:
    """What a worker of the full lane does with one batch."""
    lane = world.lanes[Lane.MEDIUM]
    deliveries = lane.receive(10, wait_seconds=0)
    report = asyncio.run(world.execute(lane, deliveries, stop=WorkerStop()))
    lane.delete([delivery for delivery in deliveries if delivery.message_id not in report.again])


@contextmanager
def _measured(dynamodb: DynamoStores, costs: dict[str, Cost], name: str) -> Iterator[None]:
    with counted(dynamodb) as calls, rows_read(dynamodb) as rows:
        yield
    costs[name] = Cost(calls=calls, rows=Counter({operation: count for operation, count in rows.items() if count}))
