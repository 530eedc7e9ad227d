"""A network in a test's hands: a scripted server on loopback, names that resolve as told, noted connections."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpcore2
import pytest

from tests.ssrf_vectors import PUBLIC
from tickwell.adapters.guarded_http import GuardedHttp, Resolver, system_resolver
from tickwell.application.http_client import HttpClient, HttpRequest
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A request as it reached the server. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Respond = Callable[[Seen, asyncio.StreamWriter], Awaitable[None]]


@dataclass(kw_only=True)
class Lab:
    """The server's port and what reached it."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)
    server_names: list[str | None] = field(default_factory=list)


def answer(status: str, headers: Sequence[str] = (), body: bytes = b"") -> bytes:
    """A complete response."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


OK = answer("200 OK", body=b"hello")


def always(data: bytes) -> Respond:
    """Answer every request with ``data``."""

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen
        writer.write(data)

    return respond


def by_target(**answers: bytes) -> Respond:
    """Answer ``/name`` with the answer of that name."""

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        writer.write(answers[seen.target.strip("/")])

    return respond


async def _read(reader: asyncio.StreamReader) -> Seen:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Seen(method=method, target=target, headers=headers, body=body)


@asynccontextmanager
async def serve(respond: Respond, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Lab]:
    """Serve on a free port of loopback; one request per connection."""
    lab = Lab()
    if tls is not None:
        tls.sni_callback = lambda _sock, name, _context: lab.server_names.append(name)

    serving: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            serving.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                seen = await _read(reader)
                lab.seen.append(seen)
                await respond(seen, writer)
                await writer.drain()
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=tls)
    lab.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield lab
        finally:
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)


class Names:
    """A resolver. Each name has a list of answers; the last one is repeated. Notes what it was asked."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {name.replace("_", "."): list(given) for name, given in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """The next answer for ``host``."""
        del port
        self.asked.append(host)
        answers = self._answers.get(host.removesuffix("."))
        if answers is None:
            raise OSError(f"no such name: {host}")
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Wires(httpcore2.AsyncNetworkBackend):
    """The network: notes each connection and leads it to ``port`` on loopback; ``dead`` addresses refuse."""

    def __init__(self, port: int = 0, *, dead: Iterable[str] = ()) -> None:
        self._real = httpcore2.AnyIOBackend()
        self._port = port
        self._dead = frozenset(dead)
        self.connected: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (the signature is the library's)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the lab."""
        del port
        self.connected.append(host)
        if host in self._dead or not self._port:
            raise httpcore2.ConnectError("refused")
        return await self._real.connect_tcp("127.0.0.1", self._port, timeout, local_address, socket_options)


def lying_names() -> Names:
    return Names(
        localhost=[["127.0.0.1", "::1"]],
        private_example=[["10.0.0.1"]],
        mixed_example=[[PUBLIC, "127.0.0.1"]],
        mapped_example=[["::ffff:127.0.0.1"]],
        metadata_example=[["169.254.169.254"]],
        zone_example=[["fe80::1%eth0"]],
        nat64_example=[["64:ff9b::a9fe:a9fe"]],
        **{"127_0_0_1_nip_example": [["127.0.0.1"]], "6to4_example": [["2002:7f00:1::1"]]},
        public_example=[[PUBLIC]],
    )


NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Reading the system's certificates for each of hundreds of clients takes seconds."""


def guarded(
    rules: OutboundRules,
    *,
    resolver: Resolver = system_resolver,
    network: httpcore2.AsyncNetworkBackend | None = None,
    ssl_context: ssl.SSLContext = NO_CERTIFICATES,
) -> GuardedHttp:
    """The real client, quickly made."""
    return GuardedHttp(rules, resolver=resolver, network=network, ssl_context=ssl_context)


def request(url: str, **changes: Any) -> HttpRequest:
    """A GET request with small limits."""
    values: dict[str, Any] = {"method": "GET", "timeout_seconds": 5.0, "max_body_bytes": 1000, **changes}
    return HttpRequest(url=url, **values)


def failure(client: HttpClient, url: str, **changes: Any) -> AttemptFailedError:
    """How sending a request fails."""
    with pytest.raises(AttemptFailedError) as caught:
        asyncio.run(client.send(request(url, **changes)))
    return caught.value
