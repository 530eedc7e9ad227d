"""A real HTTP server on the loopback interface, for jobs to call."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.background_server import answering

PAGE = "<title>Grüße</title><p class=price>1 €<p class=price>2 €"


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One request as it arrived, and when its answer began."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    arrived_at: datetime
    answered_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Receiver:
    """Where it answers and what it got.

    ``/fail`` answers 500, ``/page`` HTML, anything else 200 with a small JSON document; ``/slow/<seconds>`` does so
    after that time.
    """

    url: str
    received: list[Received] = field(default_factory=list)

    def at(self, path: str) -> list[Received]:
        """What was answered at one path, in order."""
        return [request for request in self.received if request.path == path]

    def below(self, path: str) -> list[Received]:
        """What arrived below ``path``, in the order of arrival."""
        found = [request for request in self.received if request.path.startswith(f"{path}/")]
        return sorted(found, key=lambda request: request.arrived_at)


def most_at_once(requests: Sequence[Received]) -> int:
    """How many of ``requests`` were waiting for their answers at the same time."""
    begun = [(request.arrived_at, 1) for request in requests]
    ended = [(request.answered_at, -1) for request in requests]
    now = most = 0
    for _, step in sorted(begun + ended):
        now += step
        most = max(most, now)
    return most


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    """More than ever call at once; a connection that is turned away is tried again only after a second."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Serve until the block ends."""
    received: list[Received] = []

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            arrived_at = datetime.now(UTC)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            if self.path.startswith("/slow/"):
                time.sleep(float(self.path.split("/")[2]))
            received.append(
                Received(
                    method=self.command,
                    path=self.path,
                    headers=headers,
                    body=body,
                    arrived_at=arrived_at,
                    answered_at=datetime.now(UTC),
                )
            )
            self.send_response(500 if self.path.startswith("/fail") else 200)
            is_page = self.path.startswith("/page")
            self.send_header("Content-Type", "text/html; charset=utf-8" if is_page else "application/json")
            self.end_headers()
            self.wfile.write(PAGE.encode() if is_page else b'{"hello": "from the receiver"}')

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server calls

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's own name
            """Keep the test's output quiet."""

    server = _Server(("127.0.0.1", 0), Handler)
    with answering(server):
        yield Receiver(url=f"http://127.0.0.1:{server.server_port}", received=received)
