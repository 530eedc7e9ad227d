"""The local server as users have it: a process of its own, spoken to over HTTP."""

import contextlib
import http.client
import json
import os
import queue
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.leaping_server import LEAPS, Leaps

_START_SECONDS = 120.0
_ANSWER_SECONDS = 120.0
"""Long enough for a thousand jobs in one request on a machine that has much else to do."""

_ROOT = Path(__file__).resolve().parent.parent
_URL = re.compile(r"is running at (http://\S+)")


@dataclass(slots=True)
class ServerProcess:
    """A running ``python -m tickwell.local``. ``output`` holds what it has printed so far."""

    process: subprocess.Popen[str]
    url: str
    token: str = ""
    output: list[str] = field(default_factory=list)
    reader: threading.Thread | None = None

    def call(
        self, method: str, path: str, body: Any = None, more_headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """One request; status and JSON answer."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_ANSWER_SECONDS)
        headers = {"Content-Type": "application/json", **(more_headers or {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        with contextlib.closing(connection):
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def data(self, method: str, path: str, body: Any = None) -> Any:
        """``data`` of a successful answer."""
        status, answer = self.call(method, path, body)
        assert answer.get("success") is True, (status, answer)
        return answer["data"]

    def register(self, email: str = "ada@example.com") -> None:
        """Sign up, and speak as that user from now on."""
        self.token = self.data("POST", "/api/v1/auth/register", {"email": email, "password": "Correct-Horse-9"})[
            "token"
        ]

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(60)

    def terminate(self) -> int:
        """SIGTERM; the exit code. ``output`` then holds all that it has printed."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(120)
        if self.reader is not None:
            self.reader.join(10)
        return code


def eventually(check: Callable[[], Any], *, seconds: float = 40.0) -> Any:
    """The first truthy answer of ``check``; fails when there is none in time.

    The usual time is shorter than the minute after which a safety sync would mend what was lost.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := check():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing within {seconds} s")


_UNLIMITED = {"TICKWELL_RATE_LIMIT_PER_HOUR": "0", "TICKWELL_READ_LIMIT_PER_HOUR": "0"}


def spawn(folder: Path, leaps: Leaps | None = None, /, **settings: str) -> subprocess.Popen[str]:
    """Start the server on ``folder`` and a free port, with nothing of this process's settings.

    ``leaps``: by how much its clock is ahead, that of all servers which share it.
    """
    module, clock = ("tickwell.local", {}) if leaps is None else ("tests.leaping_server", {LEAPS: str(leaps.path)})
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = {**kept, "DATA_DIR": str(folder), "PORT": "0", **_UNLIMITED, **clock, **settings}
    return subprocess.Popen(
        [sys.executable, "-m", module],
        env=environment,
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def started(process: subprocess.Popen[str]) -> ServerProcess:
    """What ``spawn`` gave, once it answers. AssertionError with what it said when it does not start."""
    urls: queue.Queue[str | None] = queue.Queue()
    server = ServerProcess(process=process, url="")

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            server.output.append(line)
            if match := _URL.search(line):
                urls.put(match.group(1))
        urls.put(None)

    server.reader = threading.Thread(target=read, daemon=True)
    server.reader.start()
    with contextlib.suppress(queue.Empty):
        server.url = urls.get(timeout=_START_SECONDS) or ""
    assert server.url, "".join(server.output)
    eventually(lambda: _answers(server))
    return server


def _answers(server: ServerProcess) -> bool:
    try:
        return server.call("GET", "/health")[0] == 200
    except OSError:
        return False


@contextlib.contextmanager
def running(
    folder: Path, settings: Mapping[str, str] | None = None, *, leaps: Leaps | None = None
) -> Iterator[ServerProcess]:
    """What ``spawn`` gives, once it has started; killed when the block ends, if it still runs."""
    process = spawn(folder, leaps, **(settings or {}))
    server: ServerProcess | None = None
    try:
        server = started(process)
        yield server
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(60)
        if server is not None and server.reader is not None:
            server.reader.join(10)  # whoever reads what another thread closes has an error that no test expects
        if process.stdout is not None:
            process.stdout.close()
