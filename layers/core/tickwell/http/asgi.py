"""An ASGI server as a host."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from tickwell.application.ports import Ids
from tickwell.http.blob_serving import BlobServing
from tickwell.http.errors import BodyTooSlowError
from tickwell.http.exchange import LARGEST_BODY_BYTES, HttpAnswer, HttpRequest
from tickwell.http.gate import Gate
from tickwell.http.streams import Stream, Streams
from tickwell.http.turns import Turns

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_THREADS = 16
_THREADS_EACH = 4
_BODIES_EACH = 8
_BODY_SECONDS = 60.0


class AsgiApp:
    """The ASGI application. Handlers run in threads: a slow store or password hash delays nobody else.

    Callers take turns, and one may have a quarter of the threads: whoever sends a flood of requests waits for himself.
    Nor are more than 8 of one caller's bodies in memory, a megabyte each at most: the others are not read until then.
    A body must be there within ``body_seconds``; a client that holds it back is refused and its connection closed.
    ``blobs``: serves what links lead to, where this server does that itself. ``streams``: keeps answers to followers
    open; without it they are answered once.
    """

    def __init__(
        self,
        gate: Gate,
        *,
        ids: Ids,
        body_seconds: float = _BODY_SECONDS,
        blobs: BlobServing | None = None,
        streams: Streams | None = None,
    ) -> None:
        self._gate = gate
        self._ids = ids
        self._blobs = blobs
        self._streams = streams
        self._body_seconds = body_seconds
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="http")
        self._turns = Turns(places=_THREADS, places_each=_THREADS_EACH)
        self._bodies = Turns(places=None, places_each=_BODIES_EACH)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection event; of those that ASGI knows only HTTP requests are of interest."""
        if scope["type"] != "http":
            return
        request = _request(scope, self._ids.new())
        if self._blobs is not None and self._blobs.serves(request):
            await self._serve(self._blobs, request, receive, send)
            return
        if self._streams is None or not self._streams.serves(request):
            await self._answer_once(request, receive, send)
            return
        stream = Stream(self._streams)
        try:
            await self._answer_once(replace(request, follow=stream.begin), receive, send, stream)
        finally:
            stream.leave()

    @property
    def open_streams(self) -> int:
        """How many answers are kept open."""
        return 0 if self._streams is None else len(self._streams)

    def end_streams(self) -> None:
        """End what followers are told, and begin nothing like it: the server is about to stop."""
        if self._streams is not None:
            self._streams.stop()

    async def _answer_once(
        self, request: HttpRequest, receive: Receive, send: Send, stream: Stream | None = None
    ) -> None:
        async with self._bodies.place(_caller(request)):
            answer = await self._answer(request, receive)
        if answer is None:
            return
        if stream is not None and stream.has_begun:
            await stream.run(answer, receive, send)
        else:
            await _send(send, answer, is_head=request.method == "HEAD")

    async def _serve(self, blobs: BlobServing, request: HttpRequest, receive: Receive, send: Send) -> None:
        has_begun = False

        async def note(message: MutableMapping[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await blobs(request, receive, note)
        except Exception as error:  # whatever it is: it is answered, or ends the connection in the middle of an answer
            if has_begun:
                raise
            await _send(send, self._gate.refuse(request, error), is_head=request.method == "HEAD")

    async def _answer(self, request: HttpRequest, receive: Receive) -> HttpAnswer | None:
        """None when the client has gone."""
        try:
            async with asyncio.timeout(self._body_seconds):
                body = b"" if request.announces_too_much else await _read(receive)
        except TimeoutError:
            error = BodyTooSlowError(f"the body did not arrive within {self._body_seconds:g} s")
            return self._gate.refuse(request, error)
        if body is None:
            return None
        whole = replace(request, body=body)
        async with self._turns.place(_caller(request)):
            return await asyncio.get_running_loop().run_in_executor(self._threads, self._gate, whole)


async def _read(receive: Receive) -> bytes | None:
    """The body, cut where it is certain to be too large; None when the client has gone."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        chunks.append(chunk)
        if size > LARGEST_BODY_BYTES or not message.get("more_body", False):
            return b"".join(chunks)


def _request(scope: Scope, request_id: str) -> HttpRequest:
    """The request without its body."""
    return HttpRequest(
        method=scope["method"].upper(),
        path=_origin_form(scope["path"]),
        query=scope.get("query_string", b"").decode("latin-1"),
        headers=_headers(scope),
        body=b"",
        request_id=request_id,
        client_address=(scope.get("client") or ("",))[0],
    )


def _caller(request: HttpRequest) -> str:
    """Whose turn a request takes: its credential's, read by nobody yet, or its address's where it shows none."""
    headers = request.headers
    return headers.get("authorization") or headers.get("x-api-key") or request.client_address


def _origin_form(path: str) -> str:
    """``/health`` for ``http://any.host/health`` too: RFC 9112 has servers take both."""
    scheme, is_absolute, rest = path.partition("://")
    return "/" + rest.partition("/")[2] if is_absolute and scheme.lower() in {"http", "https"} else path


def _headers(scope: Scope) -> Mapping[str, str]:
    """Header values by lower-case name; repeated ones joined as API Gateway does."""
    found: dict[str, str] = {}
    for raw_name, raw_value in scope.get("headers", ()):
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


async def _send(send: Send, answer: HttpAnswer, *, is_head: bool) -> None:
    body = base64.b64decode(answer.body) if answer.is_base64 else answer.body.encode()
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
    if answer.status != HTTPStatus.NO_CONTENT and not is_head:  # HEAD may only tell the length that GET would have
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
