"""``scrape_website`` where it runs: in a process that is killed when a page keeps its parser busy."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.http_lab import always, answer, serve
from tests.task_contexts import task_context
from tickwell.adapters.processes.pool import ChildSettings, ProcessPool
from tickwell.application.task_processes import taken
from tickwell.bootstrap.task_process import child_environment
from tickwell.domain.lane import Lane

BUSY = b"<title>late</title><a " + b" ".join(b"a%d=1" % number for number in range(100_000)) + b">"
"""A page of 900 KB that keeps the parser busy for many seconds: each attribute is compared with all before it."""


@pytest.fixture
def pool() -> Iterator[ProcessPool]:
    command = [sys.executable, "-m", "tickwell.bootstrap.task_process"]
    environment = child_environment({"PATH": os.environ["PATH"]}, sys.path, variables=(), cloud=False)
    settings = ChildSettings(memory_mb=512, allow_private_hosts=("127.0.0.1",))
    made = ProcessPool(command, environment, settings, size=1)
    yield made
    made.close()


async def _scraped(pool: ProcessPool, page: bytes, *, seconds: float) -> Any:
    context = task_context()
    async with (
        serve(always(answer("200 OK", ["Content-Type: text/html"], page))) as lab,
        taken(pool, context, Lane.MEDIUM, lease_seconds=300, patience_seconds=60) as process,
        asyncio.timeout(seconds),
    ):
        payload = {"url": f"http://127.0.0.1:{lab.port}/", "respect_robots": False}
        return await process.run("scrape_website", payload, context)


def test_a_page_that_keeps_its_parser_busy_ends_with_the_attempt(pool: ProcessPool) -> None:
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(_scraped(pool, BUSY, seconds=1.0))
    assert time.monotonic() - began < 30
    assert asyncio.run(_scraped(pool, b"<title>next</title>", seconds=30))["data"] == "next"
