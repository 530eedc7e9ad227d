"""Serves links to blobs where no other service does (embedded engine): bytes of any size, read and written in pieces.

A link needs no credential, it is one. What it leads to is a tenant's own: a browser is told to save it, and neither to
guess what it is nor to run anything of it as a page of this server.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, BinaryIO, Final, Protocol, TypeVar
from urllib.parse import parse_qsl

from tickwell.application.ports import BlobInfo
from tickwell.domain.blob_link import BLOB_PATH, ReadPermit, WritePermit
from tickwell.domain.errors import InvalidInputError, UnavailableError
from tickwell.domain.instant import to_epoch_ms
from tickwell.http.cors import Cors
from tickwell.http.errors import BodyTooSlowError, MethodNotAllowedError
from tickwell.http.exchange import HttpRequest
from tickwell.http.gate import SECURITY_HEADERS

Receive = Callable[[], Any]
Send = Callable[[MutableMapping[str, Any]], Any]
T = TypeVar("T")

_PIECE_BYTES: Final = 256 * 1024
_PIECE_SECONDS: Final = 60.0
_THREADS: Final = 16
_METHODS: Final = ("GET", "HEAD", "OPTIONS", "PUT")
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_OF_A_STRANGER: Final = {"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}


class Permits(Protocol):
    """Tells what a link permits. All raise ForbiddenError."""

    def may_read(self, name: str, query: Mapping[str, str]) -> ReadPermit:
        """What a request to read ``name`` may have."""
        ...

    def may_write(self, name: str, query: Mapping[str, str]) -> WritePermit:
        """What a request to write ``name`` may bring."""
        ...


class ServedBlobs(Protocol):
    """The blobs that links lead to."""

    def open(self, name: str) -> BinaryIO:
        """The blob's bytes. Raises NotFoundError."""
        ...

    def info(self, name: str) -> BlobInfo:
        """What is known of it. Raises NotFoundError."""
        ...

    def put_pieces(self, name: str, pieces: Iterator[bytes], *, content_type: str) -> None:
        """Write it. What ``pieces`` raises leaves the blob as it was."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class _Part:
    """What of ``total`` bytes is wanted: ``length`` from ``start`` on. ``is_whole``: no part was asked for."""

    start: int
    length: int
    total: int
    is_whole: bool

    @property
    def headers(self) -> dict[str, str]:
        headers = {"Accept-Ranges": "bytes", "Content-Length": str(self.length)}
        if not self.is_whole:
            headers["Content-Range"] = f"bytes {self.start}-{self.start + self.length - 1}/{self.total}"
        return headers


class BlobServing:
    """Part of the ASGI application; see ``serves``. Files are read and written in threads of its own."""

    def __init__(self, permits: Permits, blobs: ServedBlobs, cors: Cors) -> None:
        self._permits = permits
        self._blobs = blobs
        self._cors = cors
        self._threads = ThreadPoolExecutor(max_workers=_THREADS, thread_name_prefix="blobs")

    @staticmethod
    def serves(request: HttpRequest) -> bool:
        """Whether this is a request by a link."""
        return request.path.startswith(BLOB_PATH)

    async def __call__(self, request: HttpRequest, receive: Receive, send: Send) -> None:
        """Answer a request, whose body has not been received. Raises before it has sent anything, or nothing at all."""
        name, query = request.path.removeprefix(BLOB_PATH), dict(parse_qsl(request.query, keep_blank_values=True))
        match request.method:
            case "GET" | "HEAD":
                await self._read(request, self._permits.may_read(name, query), receive, send)
            case "PUT":
                await self._write(request, self._permits.may_write(name, query), receive)
                await self._start(request, send, HTTPStatus.OK, {"Content-Length": "0"})
                await send({"type": "http.response.body", "body": b""})
            case "OPTIONS":
                allowed = {"Allow": ", ".join(_METHODS), **self._cors.preflight(request.headers, _METHODS)}
                await self._start(request, send, HTTPStatus.NO_CONTENT, allowed)
                await send({"type": "http.response.body", "body": b""})
            case _:
                raise MethodNotAllowedError(request.method[:20], _METHODS)

    async def _read(self, request: HttpRequest, permit: ReadPermit, receive: Receive, send: Send) -> None:
        info = await self._in_thread(lambda: self._blobs.info(permit.name))
        file = await self._in_thread(lambda: self._blobs.open(permit.name))
        try:
            total = await self._in_thread(lambda: file.seek(0, 2))
            etag = f'"{to_epoch_ms(info.modified_at):x}-{total:x}"'
            part = _part(request.headers, total, etag)
            headers = {
                **(part.headers if part else {"Content-Range": f"bytes */{total}", "Content-Length": "0"}),
                "Content-Type": info.content_type or "application/octet-stream",
                "Content-Disposition": f'attachment; filename="{permit.filename}"',
                "ETag": etag,
            }
            await self._start(request, send, _status(part), headers)
            if part is not None and request.method == "GET":
                await self._send_part(file, part, receive, send)
            await send({"type": "http.response.body", "body": b""})
        finally:
            file.close()

    async def _send_part(self, file: BinaryIO, part: _Part, receive: Receive, send: Send) -> None:
        """Stops when the client has gone: nobody reads a gigabyte for it."""
        listening = asyncio.ensure_future(_has_gone(receive))
        try:
            await self._in_thread(lambda: file.seek(part.start))
            left = part.length
            while left and not _is_true(listening):
                piece = await self._in_thread(partial(file.read, min(_PIECE_BYTES, left)))
                if not piece:
                    raise UnavailableError("files", "a file became shorter while it was read")
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            listening.cancel()

    async def _write(self, request: HttpRequest, permit: WritePermit, receive: Receive) -> None:
        if request.headers.get("content-type", "") != permit.content_type:
            raise InvalidInputError("Content-Type", f"must be {permit.content_type}, as the link says")
        if request.headers.get("content-length", "") != str(permit.size_bytes):
            raise InvalidInputError("Content-Length", f"must be {permit.size_bytes}, as the link says")
        loop = asyncio.get_running_loop()
        arriving = _arriving(receive)

        def pieces() -> Iterator[bytes]:
            size = 0
            while piece := asyncio.run_coroutine_threadsafe(_next(arriving), loop).result():
                size += len(piece)
                if size > permit.size_bytes:
                    break
                yield piece
            if size != permit.size_bytes:
                raise InvalidInputError("body", f"must have {permit.size_bytes} bytes, as the link says")

        await self._in_thread(lambda: self._blobs.put_pieces(permit.name, pieces(), content_type=permit.content_type))

    async def _start(self, request: HttpRequest, send: Send, status: int, headers: Mapping[str, str]) -> None:
        everything = {
            **SECURITY_HEADERS,
            **_OF_A_STRANGER,
            **self._cors.headers(request.headers),
            **headers,
            "X-Request-Id": request.request_id,
        }
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in everything.items()]
        await send({"type": "http.response.start", "status": int(status), "headers": encoded})

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def _is_true(task: asyncio.Future[bool]) -> bool:
    return task.done() and task.exception() is None and task.result()


async def _has_gone(receive: Receive) -> bool:
    """Whether the client goes before it has its answer: behind the request's empty body nothing else comes."""
    for _ in range(2):
        if (await receive())["type"] == "http.disconnect":
            return True
    return False


async def _arriving(receive: Receive) -> AsyncIterator[bytes]:
    """The body's pieces; ends early when the client goes."""
    more = True
    while more:
        message = await receive()
        more = message.get("more_body", False)
        if piece := message.get("body", b""):
            yield piece


async def _next(arriving: AsyncIterator[bytes]) -> bytes:
    """Empty at the end. Raises BodyTooSlowError."""
    try:
        async with asyncio.timeout(_PIECE_SECONDS):
            return await anext(arriving, b"")
    except TimeoutError:
        raise BodyTooSlowError(f"nothing arrived for {_PIECE_SECONDS:g} s") from None


def _part(headers: Mapping[str, str], total: int, etag: str) -> _Part | None:
    """What is asked for; None where the blob has nothing of it. Of what cannot be understood all is given."""
    whole = _Part(start=0, length=total, total=total, is_whole=True)
    found = _RANGE.fullmatch(headers.get("range", "").replace(" ", ""))
    if found is None or found[0] == "bytes=-" or headers.get("if-range", etag) != etag:
        return whole
    first, last = found[1], found[2]
    if first and last and int(last) < int(first):
        return whole
    start = int(first) if first else max(0, total - int(last))
    end = min(int(last), total - 1) if first and last else total - 1
    return None if start > end else _Part(start=start, length=end - start + 1, total=total, is_whole=False)


def _status(part: _Part | None) -> HTTPStatus:
    if part is None:
        return HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE
    return HTTPStatus.OK if part.is_whole else HTTPStatus.PARTIAL_CONTENT
