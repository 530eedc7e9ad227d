"""The local server as a real process that is stopped, or dies, in the middle of a job."""

import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.background_server import answering
from tests.leaping_server import Leaps
from tests.server_process import ServerProcess, eventually, running

ALLOWED = {"TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1", "TICKWELL_SAFETY_SYNC_INTERVAL_SECONDS": "60"}


@dataclass
class Target:
    """Answers a request once it is ``open``; remembers the keys of those that came."""

    url: str = ""
    open: threading.Event = field(default_factory=threading.Event)
    keys: list[str | None] = field(default_factory=list)


@pytest.fixture
def target() -> Iterator[Target]:
    made = Target()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.keys.append(self.headers["Idempotency-Key"])
            made.open.wait(60)
            try:
                self.send_response(204)
                self.end_headers()
            except OSError:
                self.close_connection = True

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.url = f"http://127.0.0.1:{server.server_port}/slow"
    with answering(server):
        yield made
        made.open.set()


def start_job(server: ServerProcess, target: Target, **fields: Any) -> str:
    """A job that is waiting for its target when this returns."""
    server.register()
    body = {"name": "slow", "task": "http_request", "payload": {"url": target.url, "timeout_seconds": 60}, **fields}
    job_id: str = server.data("POST", "/api/v1/jobs", body)["id"]
    eventually(lambda: target.keys)
    return job_id


def ended(server: ServerProcess, job_id: str) -> list[tuple[str, str | None]]:
    """Status and code of the attempts that are over, oldest first."""
    found = server.data("GET", f"/api/v1/jobs/{job_id}/executions")["executions"]
    return [(one["status"], one["error_code"]) for one in reversed(found) if one["status"] != "running"]


def last_line(server: ServerProcess) -> str:
    return str(eventually(lambda: [line for line in server.output if "has stopped" in line])[0]).strip()


def test_what_ends_in_time_is_finished_before_the_server_stops(tmp_path: Path, target: Target) -> None:
    with running(tmp_path, {**ALLOWED, "TICKWELL_SHUTDOWN_GRACE_SECONDS": "20"}) as server:
        job_id, token = start_job(server, target), server.token
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: not _takes_connections(server))
        target.open.set()
        assert server.process.wait(120) == 0
        assert last_line(server) == "Tickwell has stopped: finished 1, returned 0"
    with running(tmp_path, ALLOWED) as server:
        server.token = token
        assert ended(server, job_id) == [("success", None)]
        assert len(target.keys) == 1


def test_what_takes_longer_is_returned_and_begins_anew_at_the_next_start(tmp_path: Path, target: Target) -> None:
    with running(tmp_path, {**ALLOWED, "TICKWELL_SHUTDOWN_GRACE_SECONDS": "0.5"}) as server:
        job_id, token = start_job(server, target, max_retries=0), server.token
        assert server.terminate() == 0
        assert last_line(server) == "Tickwell has stopped: finished 0, returned 1"
    target.open.set()
    with running(tmp_path, ALLOWED) as server:
        server.token = token
        eventually(lambda: server.data("GET", f"/api/v1/jobs/{job_id}")["status"] == "completed")
        assert ended(server, job_id) == [("lost", "WORKER_STOPPED"), ("success", None)]
        assert len(set(target.keys)) == 1


def test_a_second_signal_ends_the_server_at_once(tmp_path: Path, target: Target) -> None:
    with running(tmp_path, {**ALLOWED, "TICKWELL_SHUTDOWN_GRACE_SECONDS": "60"}) as server:
        start_job(server, target)
        server.process.send_signal(signal.SIGTERM)
        eventually(lambda: not _takes_connections(server))
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(30) == 128 + signal.SIGINT


def _takes_connections(server: ServerProcess) -> bool:
    try:
        server.call("GET", "/health")
    except OSError:
        return False
    return True


STALL_SECONDS = 240
"""So long a lease holds; whatever a machine needs to start another server is over before."""

LEASE_OVER = timedelta(seconds=STALL_SECONDS + 25)
"""With all margins."""


@pytest.fixture
def leaps(tmp_path: Path) -> Leaps:
    """The clock of all servers of a test."""
    return Leaps(tmp_path / "leaps")


def test_another_server_takes_over_soon_from_one_that_was_killed(tmp_path: Path, target: Target, leaps: Leaps) -> None:
    with running(tmp_path / "data", ALLOWED, leaps=leaps) as first:
        job_id = start_job(first, target, stall_seconds=STALL_SECONDS)
        with running(tmp_path / "data", ALLOWED, leaps=leaps) as second:
            second.token = first.token
            first.kill()
            target.open.set()
            assert ended(second, job_id) == []
            leaps.leap(LEASE_OVER)
            eventually(lambda: ended(second, job_id))
            eventually(lambda: second.data("GET", f"/api/v1/jobs/{job_id}")["status"] == "completed")
            assert ended(second, job_id) == [("lost", "WORKER_LOST"), ("success", None)]


def test_a_server_that_was_killed_takes_over_from_itself_at_the_next_start(
    tmp_path: Path, target: Target, leaps: Leaps
) -> None:
    with running(tmp_path / "data", ALLOWED, leaps=leaps) as server:
        job_id, token = start_job(server, target, stall_seconds=STALL_SECONDS), server.token
        server.kill()
    target.open.set()
    with running(tmp_path / "data", ALLOWED, leaps=leaps) as server:
        server.token = token
        assert ended(server, job_id) == []
        leaps.leap(LEASE_OVER)
        eventually(lambda: ended(server, job_id))
        eventually(lambda: server.data("GET", f"/api/v1/jobs/{job_id}")["status"] == "completed")
        assert ended(server, job_id) == [("lost", "WORKER_LOST"), ("success", None)]


def test_deleting_a_job_cuts_its_request_short(tmp_path: Path, target: Target) -> None:
    with running(tmp_path, ALLOWED) as server:
        job_id = start_job(server, target)
        server.data("DELETE", f"/api/v1/jobs/{job_id}")
        eventually(lambda: ended(server, job_id) == [("cancelled", "CANCELLED")])
