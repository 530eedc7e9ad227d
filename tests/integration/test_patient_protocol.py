"""Connections of clients that do not come to the end of what they have begun to ask."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
from uvicorn.server import ServerState

from tickwell.local.patient_protocol import PatientProtocol
from tickwell.local.server import server_config

HEAD = b"GET / HTTP/1.1\r\nHost: a\r\n"
BODY = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n"
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Hurried(PatientProtocol):
    """One that a test can wait for."""

    head_seconds: ClassVar[float] = 0.3


async def _app(scope: Any, receive: Callable[[], Coroutine[Any, Any, MutableMapping[str, Any]]], send: Any) -> None:
    """Answers when the body is there, or without it, or a while later, where the path says so."""
    while scope["path"] != "/early" and (await receive()).get("more_body"):
        continue
    await asyncio.sleep(0.6 if scope["path"] == "/slow" else 0)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@asynccontextmanager
async def connected() -> AsyncIterator[Connection]:
    app: Any = _app
    config = server_config(app)
    config.load()
    assert issubclass(Hurried, config.http_protocol_class)
    state = ServerState()
    loop = asyncio.get_running_loop()
    made = await loop.create_server(lambda: Hurried(config=config, server_state=state, app_state={}), "127.0.0.1", 0)
    async with made:
        reader, writer = await asyncio.open_connection(*made.sockets[0].getsockname()[:2])
        try:
            yield reader, writer
        finally:
            writer.close()


async def answer(reader: asyncio.StreamReader) -> bytes:
    """The status line; the rest is read, too."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert await reader.readexactly(2) == b"ok"
    return head.split(b"\r\n")[0]


async def silent(_: Connection) -> None:
    """Says nothing at all."""


async def drops(connection: Connection) -> None:
    """Adds a byte now and then."""
    connection[1].write(HEAD + b"X: ")
    for _ in range(20):
        await asyncio.sleep(0.05)
        connection[1].write(b"a")


async def once_more(connection: Connection) -> None:
    """Asks once, and then not to the end."""
    connection[1].write(HEAD + b"\r\n")
    assert await answer(connection[0]) == b"HTTP/1.1 200 OK"
    await drops(connection)


@pytest.mark.parametrize("begin", [silent, drops, once_more])
def test_a_head_that_does_not_come_ends_the_connection(
    begin: Callable[[Connection], Coroutine[Any, Any, None]],
) -> None:
    async def session() -> bytes:
        async with connected() as connection, asyncio.timeout(20):
            with contextlib.suppress(ConnectionError):
                await begin(connection)
                return await connection[0].read()
        return b""

    assert asyncio.run(session()) == b""


def test_bodies_and_answers_may_take_longer(caplog: pytest.LogCaptureFixture) -> None:
    async def session() -> list[bytes]:
        async with connected() as (reader, writer), asyncio.timeout(20):
            writer.write(BODY)
            for piece in (b"a", b"b", b"c", b"d"):
                await asyncio.sleep(0.15)
                writer.write(piece)
            first = await answer(reader)
            writer.write(HEAD.replace(b"/ ", b"/slow ") + b"\r\n")
            return [first, await answer(reader)]

    assert asyncio.run(session()) == [b"HTTP/1.1 200 OK"] * 2
    assert caplog.records == []


def test_the_rest_of_a_body_that_was_answered_before_is_not_waited_for_without_end() -> None:
    async def session() -> bytes:
        async with connected() as (reader, writer), asyncio.timeout(20):
            writer.write(BODY.replace(b"/ ", b"/early ").replace(b"4", b"4000"))
            await answer(reader)
            writer.write(b"a")  # without it Uvicorn ends the connection itself
            with contextlib.suppress(ConnectionError):
                await drops((reader, writer))
                return await reader.read()
        return b""

    assert asyncio.run(session()) == b""
