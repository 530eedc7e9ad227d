"""The API on both hosts, each on the engine that it has in a deployment, and a user of it."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import Api, Client, memory_world, new_api
from tests.contract.queue_engines import aws  # noqa: F401
from tests.contract.store_engines import DynamoStores, dynamodb, dynamodb_client, sqlite  # noqa: F401
from tests.new_world import new_world
from tests.sqlite_system import commits, system  # noqa: F401
from tests.world import World
from tests.worlds import build, world  # noqa: F401
from tickwell.application.task import Task


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, for this test alone."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    """Tasks that the API knows besides the built-in ones; for test modules to override."""
    return ()


@pytest.fixture
def open_world(tmp_path: Path, tasks: Sequence[Task[Any]]) -> Iterator[Callable[[], World]]:
    """Makes empty systems in memory, which are closed after the test."""
    with ExitStack() as stack:

        def make() -> World:
            world = memory_world(tmp_path, tasks=tasks)
            stack.callback(world.close)
            return world

        yield make


@pytest.fixture(params=["lambda", "asgi"])
def api(
    request: pytest.FixtureRequest, tmp_path: Path, tasks: Sequence[Task[Any]], open_world: Callable[[], World]
) -> Iterator[Api]:
    if request.param == "asgi":
        yield new_api("asgi", open_world())
        return
    stores: DynamoStores = request.getfixturevalue("dynamodb")
    on_dynamodb = new_world(tmp_path, stores.stores, tasks=tasks)
    yield new_api("lambda", on_dynamodb)
    on_dynamodb.close()


@pytest.fixture
def ada(api: Api) -> Client:
    return api.user("ada@example.com")
