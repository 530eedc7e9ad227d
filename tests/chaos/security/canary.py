"""Jobs and webhooks of a real server that would call the machine itself, where a canary listens."""

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from tests.background_server import answering
from tests.chaos.security.findings import LEAKED, Findings
from tests.server_process import ServerProcess, eventually, running

KIND: Final = "calls of a server"
JOBS: Final = "/api/v1/jobs"
WORD: Final = "only-the-canary-says-this"


@dataclass(kw_only=True)
class Canary:
    """A server that must not be reached, and one (``lure``) that may, which sends everybody on to it."""

    port: int = 0
    lure: str = ""
    sung: list[str] = field(default_factory=list)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        """Say ``WORD``."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(WORD)))
        self.end_headers()
        self.wfile.write(WORD.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet."""


@contextmanager
def canary() -> Iterator[Canary]:
    """Listens on all addresses of loopback; the lure on 127.0.0.1 of another port."""
    made = Canary()

    class Sings(_Handler):
        def answer(self) -> None:
            made.sung.append(f"{self.headers.get('Host')} {self.path}")
            super().answer()

    class Lures(_Handler):
        def answer(self) -> None:
            places = {"2": "127.0.0.2", "name": "localhost.", "zero": "0.0.0.0", "six": "[::1]", "short": "127.2"}
            self.send_response(307)
            self.send_header("Location", f"http://{places[self.path.strip('/')]}:{made.port}/lured")
            self.send_header("Content-Length", "0")
            self.end_headers()

    servers = [ThreadingHTTPServer(("", 0), Sings), ThreadingHTTPServer(("127.0.0.1", 0), Lures)]
    made.port, made.lure = servers[0].server_port, f"http://127.0.0.1:{servers[1].server_port}"
    with answering(servers[0]), answering(servers[1]):
        yield made


def attack_from_a_server(findings: Findings, folder: Path) -> None:
    """As deployed: nothing private is allowed; then again where only the lure is."""
    with canary() as bird:
        _hear(findings, bird)
        with running(folder / "closed") as server:
            hosts = ["127.0.0.1", "localhost", "127.0.0.2", "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "127.1"]
            hosts += ["2130706433", "0x7f000001", "0177.0.0.1", "LOCALHOST.", "user@127.0.0.1", *_own_names()]
            _call(findings, server, [f"http://{host}:{bird.port}/straight" for host in hosts])
            _watch_webhooks(findings, server, [f"http://{host}:{bird.port}/hook" for host in hosts])
        allowed = {"TICKWELL_ALLOW_PRIVATE_HOSTS": bird.lure.removeprefix("http://").partition(":")[0]}
        with running(folder / "open", allowed) as server:
            lured = [f"{bird.lure}/{place}" for place in ("2", "name", "zero", "six", "short")]
            straight = [f"http://{host}:{bird.port}/" for host in ("127.0.0.2", "0.0.0.0", "[::1]")]
            _call(findings, server, [*lured, *straight])
        reached = [each for each in bird.sung if "lured" not in each or not each.startswith("localhost")]
        findings.require(KIND, f"the canary was reached: {reached}", held=not reached)


def _hear(findings: Findings, bird: Canary) -> None:
    """It must be able to sing, or its silence means nothing."""
    with closing(http.client.HTTPConnection("127.0.0.1", bird.port, timeout=10)) as connection:
        connection.request("GET", "/control")
        findings.require(KIND, "the canary is mute", held=connection.getresponse().read().decode() == WORD)
    findings.require(KIND, "the canary is deaf", held=len(bird.sung) == 1)
    bird.sung.clear()


def _own_names() -> list[str]:
    """What this machine is called, and where that leads."""
    name = socket.gethostname()
    with suppress(OSError):
        return [name, socket.gethostbyname(name)]
    return [name]


def _call(findings: Findings, server: ServerProcess, urls: list[str]) -> None:
    """A job for each URL: refused at once, or failed without having been there."""
    server.register()
    jobs = {}
    for url in urls:
        body = {"name": "a job", "task": "http_request", "max_retries": 0, "payload": {"url": url}}
        status, answer = server.call("POST", JOBS, body)
        if status == 201:
            jobs[url] = answer["data"]["id"]
        else:
            findings.require(KIND, f"{url}: {status}", held=status == 422)
    for url, job in jobs.items():
        execution = eventually(partial(_ended, server, job), seconds=60)
        findings.require(KIND, f"{url}: {execution['status']}", held=execution["status"] == "failed")
        findings.holds_no_secret(KIND, url, str(execution), {"the canary's word": WORD})


def _ended(server: ServerProcess, job_id: str) -> Any:
    found = server.data("GET", f"{JOBS}/{job_id}/executions")["executions"]
    return next((each for each in found if each["status"] != "running"), None)


def _watch_webhooks(findings: Findings, server: ServerProcess, urls: list[str]) -> None:
    """Each is refused, or told in vain that a job failed."""
    taken = 0
    for url in urls[:9]:
        status, _ = server.call("POST", "/api/v1/webhooks", {"url": url, "events": ["job.failed"]})
        findings.require(KIND, f"a webhook at {url}: {status}", held=status in {200, 201, 422})
        taken += status in {200, 201}
    body = {"name": "doomed", "task": "http_request", "max_retries": 0, "payload": {"url": "http://127.0.0.1:9/"}}
    job = server.data("POST", JOBS, body)["id"]
    execution = eventually(lambda: _ended(server, job), seconds=60)
    path = f"/api/v1/executions/{execution['id']}/logs"

    def told() -> bool:
        lines = server.data("GET", path)["logs"]
        return len([line for line in lines if line["message"].startswith("Notification")]) >= taken

    findings.require(KIND, "webhooks that nobody tried", held=bool(eventually(told, seconds=60)), what=LEAKED)
