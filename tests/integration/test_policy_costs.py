"""What overlap, misfire and expiry cost on AWS: nothing for a job that uses none of them; calls, counted."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.store_engines import DynamoStores
from tests.new_world import new_world
from tests.outcomes import arrive
from tests.world import World
from tickwell.application.create_job import After, Every
from tickwell.domain.retry import Misfire, Overlap

PLAIN = {"BatchGetItem": 1, "BatchWriteItem": 1, "UpdateItem": 2, "PutItem": 1}
"""An occurrence of a recurring job: the job, the next due item, claim and finish, the record."""
ONCE = {"UpdateItem": 2, "PutItem": 1}
"""A one-time job, which was written before: claim, record, finish."""


@pytest.fixture
def on_aws(dynamodb: DynamoStores, tmp_path: Path) -> Iterator[World]:
    world = new_world(tmp_path, dynamodb.stores)
    yield world
    world.close()


def settings_apart(calls: Counter[str]) -> dict[str, int]:
    """``calls`` without those of queues' settings and stops, which a process remembers for some seconds."""
    return {name: count for name, count in calls.items() if name not in {"GetItem", "Query"}}


def worked(dynamodb: DynamoStores, world: World) -> dict[str, int]:
    """The calls that workers make for what is deliverable in a minute."""
    world.clock.advance(60)
    with counted(dynamodb) as calls:
        world.work()
    return settings_apart(calls)


@pytest.mark.parametrize(
    ("policy", "reads"),
    [
        ({}, 1),
        ({"misfire": Misfire.SKIP, "expires_after_seconds": 600}, 1),
        ({"overlap": Overlap.QUEUE_ALL}, 2),
        ({"overlap": Overlap.CANCEL_OTHER}, 2),
        ({"misfire": Misfire.RUN_ALL}, 2),
        ({"overlap": Overlap.ALLOW}, 2),
    ],
    ids=str,
)
def test_an_occurrence_costs_what_it_did(
    dynamodb: DynamoStores, on_aws: World, policy: dict[str, Any], reads: int
) -> None:
    """Who may be waited for is read at the end, and whether there is a child at the beginning."""
    on_aws.create(schedule=Every(seconds=60), **policy)
    assert worked(dynamodb, on_aws) == {**PLAIN, "BatchGetItem": reads}


@pytest.mark.parametrize("policy", [{}, {"misfire": Misfire.SKIP, "expires_after_seconds": 600}], ids=str)
def test_a_one_time_job_is_claimed_without_being_read(
    dynamodb: DynamoStores, on_aws: World, policy: dict[str, Any]
) -> None:
    on_aws.create(schedule=After(delay_seconds=60), **policy)
    assert worked(dynamodb, on_aws) == ONCE


def test_who_waits_costs_its_joining_and_a_due_item_more(dynamodb: DynamoStores, on_aws: World) -> None:
    on_aws.create(schedule=Every(seconds=60), overlap=Overlap.QUEUE_ALL, timeout_seconds=600)
    on_aws.clock.advance(60)
    on_aws.die()
    on_aws.clock.advance(60)
    with counted(dynamodb) as joining:
        arrive(on_aws)
    assert settings_apart(joining) == {"BatchGetItem": 1, "BatchWriteItem": 1, "UpdateItem": 1}
