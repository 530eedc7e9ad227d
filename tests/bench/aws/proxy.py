"""A proxy in front of a local AWS that counts which operations are asked for, whoever asks, by whatever client."""

import asyncio
import re
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

_TARGET = re.compile(rb"^x-amz-target: *[\w.]*?(\w+)\r$", re.IGNORECASE | re.MULTILINE)
_REQUEST = re.compile(rb"[A-Z]+ \S+ HTTP/1\.1\r\n")
_CHUNK = 1 << 20


@dataclass(kw_only=True, slots=True)
class Proxy:
    """Where it answers, and how often each operation was asked for since ``calls`` was cleared last."""

    port: int
    calls: Counter[str] = field(default_factory=Counter)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def proxy(port: int) -> Iterator[Proxy]:
    """Pass everything on to ``port`` inside the block, from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = Proxy(port=0)

    async def open_server() -> asyncio.Server:
        return await asyncio.start_server(lambda *streams: _serve(made, port, *streams), "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(open_server(), loop).result()
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


async def _serve(counted: Proxy, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    service, to_service = await asyncio.open_connection("127.0.0.1", port)
    with closing(writer), closing(to_service):
        back = asyncio.create_task(_pass_on(service, writer))
        try:
            while data := await reader.read(_CHUNK):
                if _REQUEST.match(data):  # clients wait for an answer before they ask again
                    found = _TARGET.search(data)
                    counted.calls["other" if found is None else found[1].decode()] += 1
                to_service.write(data)
                await to_service.drain()
        except ConnectionError:
            pass
        finally:
            back.cancel()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(_CHUNK):
        writer.write(data)
        await writer.drain()
