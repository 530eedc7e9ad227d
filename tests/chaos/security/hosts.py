"""The API for attackers: on each engine behind the host that it has in a deployment."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from tests.access_walk import BREAKS
from tests.api_hosts import Api, memory_world, new_api
from tests.contract.store_engines import (
    THREADS,
    create_table,
    dynamo_stores,
    new_dynamodb_client,
    serve_one_call_at_a_time,
)
from tests.new_world import new_world
from tests.world import task
from tickwell.application.task import Task
from tickwell.domain.errors import AttemptFailedError


def _break(_payload: Any, _context: Any) -> Any:
    raise AttemptFailedError("BROKEN", "broke")


def breaking() -> Sequence[Task[Any]]:
    """The task that ``tests.access_walk`` wants the API to know."""
    return [task(BREAKS, _break)]


@contextmanager
def embedded_api(folder: Path) -> Iterator[Api]:
    """ASGI on SQLite."""
    folder.mkdir(parents=True, exist_ok=True)
    world = memory_world(folder, tasks=breaking())
    try:
        yield new_api("asgi", world)
    finally:
        world.close()


@contextmanager
def aws_api(folder: Path) -> Iterator[Api]:
    """API Gateway's events on DynamoDB."""
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, mock_aws(), ThreadPoolExecutor(max_workers=THREADS) as executor:
        serve_one_call_at_a_time(patch)
        client = new_dynamodb_client()
        create_table(client)
        world = new_world(folder, dynamo_stores(client, executor).stores, tasks=breaking())
        try:
            yield new_api("lambda", world)
        finally:
            world.close()


ENGINES = {"embedded": embedded_api, "aws": aws_api}
