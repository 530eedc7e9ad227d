"""``scrape_website`` where it runs: in a process that is killed when a page keeps its parser busy."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.receiver import receiving
from tests.integration.http_lab import always, answer, serve
from tests.server_process import ServerProcess, eventually, running
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


def _ended(server: ServerProcess, job_id: str) -> Any:
    found = server.data("GET", f"/api/v1/jobs/{job_id}/executions")["executions"]
    return next((execution for execution in found if execution["status"] != "running"), None)


def test_jobs_read_pages_on_the_local_server(tmp_path: Path) -> None:
    wanted = {"title": "title", "prices": {"css": ".price", "all": True}}
    with receiving() as site, running(tmp_path, {"TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1"}) as server:
        server.register()
        good, bad = (
            server.data("POST", "/api/v1/jobs", {"name": "Read", "task": "scrape_website", "payload": payload})["id"]
            for payload in ({"url": f"{site.url}/page", "selectors": wanted}, {"url": site.url, "selector": "p["})
        )
        read = eventually(partial(_ended, server, good))
        assert read["output"]["data"] == {"title": "Grüße", "prices": ["1 €", "2 €"]}
        failed = eventually(partial(_ended, server, bad))
        assert (failed["status"], failed["error_code"]) == ("failed", "INVALID_SELECTOR")
        assert server.data("GET", f"/api/v1/jobs/{bad}")["status"] == "failed"
