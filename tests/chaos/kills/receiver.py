"""The world outside: what jobs call, and what remembers who called."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.background_server import answering
from tests.contract.mail_servers import LOOPBACK

OK, SLOW, FLAKY, NEVER, NARROW, ONCE, TOLD = "/ok", "/slow", "/flaky", "/never", "/narrow", "/once", "/told"

_TAKES_SECONDS = {SLOW: 0.15, NARROW: 0.03, ONCE: 0.05}


@dataclass(kw_only=True)
class Receiver:
    """What it has seen: idempotency keys by path, jobs it was told of, how many were at ``NARROW`` at a time."""

    url: str = ""
    keys: dict[str, Counter[str]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    most_at_once: int = 0
    _at_once: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def seen(self) -> Counter[str]:
        """All keys, and how often each came."""
        return sum(self.keys.values(), Counter[str]())

    def answer(self, path: str, key: str, body: bytes) -> int:
        """The status that it answers with."""
        with self._lock:
            if path == TOLD:
                self.told[json.loads(body)["data"]["job_id"]] += 1
                return 204
            keys = self.keys.setdefault(path, Counter())
            keys[key] += 1
            is_first = keys[key] == 1
            self._at_once += path == NARROW
            self.most_at_once = max(self.most_at_once, self._at_once)
        time.sleep(_TAKES_SECONDS.get(path, 0.0))
        with self._lock:
            self._at_once -= path == NARROW
        return 400 if path == NEVER else 503 if path == FLAKY and is_first else 200


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver on a port of this machine."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status = receiver.answer(self.path, self.headers.get("Idempotency-Key", ""), body)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Who called was killed meanwhile."""

    server = Server((LOOPBACK, 0), Handler)
    receiver.url = f"http://{LOOPBACK}:{server.server_port}"
    with answering(server):
        yield receiver
