"""Nothing secret in the logs: a full flow whose secrets are marked, with failures of every kind, then a look at them.

The server is a real process: what it and its workers print is all that they log.
"""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.api_hosts import Client, memory_world, new_api, services_of
from tests.notification_lab import Hook, serve_hook
from tests.secrecy_lab import JOBS, MARK, Flow, settings_for
from tests.server_process import eventually, running
from tickwell.application.ports import JobStore
from tickwell.domain.errors import UnavailableError


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


def test_what_the_server_and_its_workers_print_holds_no_secret(tmp_path: Path, hook: Hook) -> None:
    with running(tmp_path, settings_for(9)) as server:
        flow = Flow(server=server, hook=hook)
        jobs = flow.give_all_away(tmp_path)
        done = [job for number, job in enumerate(jobs) if number != 2]  # the mail waits for its server
        eventually(lambda: all(flow.is_over(job) for job in done))
        eventually(lambda: "notifications" in "".join(server.output))
        server.terminate()
        printed = "".join(server.output)
    assert printed.count("attempt settled") >= len(done)
    assert "request failed" in printed
    for secret in (MARK, *flow.secrets):
        for spelled in (secret, quote(secret, safe="")):
            assert spelled not in printed, next(line for line in printed.splitlines() if spelled in line)


class BrokenJobs:
    """A store that takes no jobs."""

    def __init__(self, inner: JobStore) -> None:
        self._inner = inner

    def create(self, *_given: Any, **_named: Any) -> None:
        raise UnavailableError("store", "throttled") from TimeoutError("no answer in 5 s")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@pytest.mark.parametrize("kind", ["lambda", "asgi"])
def test_a_failing_request_is_logged_without_what_was_sent(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world = memory_world(tmp_path)
    broken: Any = BrokenJobs(world.core.jobs)
    api = new_api(kind, world, services=services_of(world, jobs=broken))
    user: Client = api.user()
    with caplog.at_level(logging.DEBUG):
        body = {"name": f"{MARK}-name", "payload": f"{MARK}-payload", "delay_seconds": 3600}
        answer = user("POST", JOBS, body, headers={"X-Marked": MARK})
    assert answer.status == 503
    assert "request failed" in caplog.text
    logged = caplog.text + "".join(str(vars(record)) for record in caplog.records)
    for secret in (MARK, user.token or ""):
        assert secret not in logged
    world.close()
