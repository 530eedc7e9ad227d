"""A server on loopback that answers as AWS does: what the SDK's real clients send to it, and what it says."""

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
from botocore.config import Config

from tests.background_server import answering

LOOPBACK = "127.0.0.1"
REGION = "eu-central-1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An answer."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def octets(self) -> bytes:
        """The body; bytes as they are, everything else as JSON."""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


def refusal(code: str, status: int = 400, **more: Any) -> Said:
    """An error as the JSON protocols tell it."""
    headers = {"x-amzn-ErrorType": code}
    return Said(status=status, body={"__type": code, "message": "arn of something", **more}, headers=headers)


@dataclass(kw_only=True, slots=True)
class Aws:
    """The server: where it is, what came, and what it says."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answer: Callable[[Asked], Said] = lambda _: Said()

    def client(self, service: str, *, read_timeout: float = 30) -> Any:
        """The SDK's client of ``service``, which asks here."""
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id="AKIATESTING",
            aws_secret_access_key="testing",
            config=Config(connect_timeout=2, read_timeout=read_timeout, retries={"total_max_attempts": 1}),
        )


@contextlib.contextmanager
def aws_on_loopback() -> Iterator[Aws]:
    """The server while the block lasts."""
    aws = Aws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(path=self.path, headers=headers, body=body)
            aws.asked.append(asked)
            said = aws.answer(asked)
            with contextlib.suppress(OSError):  # who asked may have gone
                self.send_response(said.status)
                for name, value in said.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(said.octets)))
                self.end_headers()
                self.wfile.write(said.octets)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler)
    server.daemon_threads = True
    aws.url = f"http://{LOOPBACK}:{server.server_port}"
    with answering(server):
        yield aws
