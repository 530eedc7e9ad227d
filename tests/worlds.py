"""Worlds on either engine's stores, as fixtures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.contract.store_engines import Stores, embedded_stores
from tests.doubles import FakeClock
from tests.new_world import new_world
from tests.world import World, task
from tickwell.application.task import Task

Build = Callable[..., World]


@pytest.fixture(params=["embedded", "aws"])
def build(request: pytest.FixtureRequest, tmp_path: Path) -> Build:
    """Makes a world on either engine's stores, with a task ``probe`` that does what it is given."""
    stores: Stores
    if request.param == "aws":
        stores = request.getfixturevalue("dynamodb").stores
    else:
        made = embedded_stores(":memory:", FakeClock())
        stores = made.stores
        request.addfinalizer(made.database.close)  # noqa: PT021 - only one of the engines has something to close

    def new(probe: Any = None, *, tasks: Sequence[Task[Any]] = (), **options: Any) -> World:
        probes = [] if probe is None else [task("probe", probe)]
        world = new_world(tmp_path, stores, tasks=[*probes, *tasks], **options)
        request.addfinalizer(world.close)
        return world

    return new


@pytest.fixture
def world(build: Build) -> World:
    return build()
