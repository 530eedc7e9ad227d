"""On one machine callers share a few threads; a flood of one does not shut others out."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.doubles import FakeClock, SeededIds
from tickwell.http.asgi import AsgiApp
from tickwell.http.exchange import HttpAnswer, HttpRequest

FLOOD = 100
BODIES_EACH = 8
HOT = {"authorization": "Bearer hot"}


class Busy:
    """A gate whose work for one caller takes until the test says otherwise, and counts."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.begun = 0
        self._lock = threading.Lock()

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        if "hot" in str(request.headers) or request.client_address == "192.0.2.1":
            with self._lock:
                self.begun += 1
            self.over.wait(10)
        return HttpAnswer(status=200, headers={}, body="{}")


@pytest.fixture
def gate() -> Iterator[Busy]:
    busy = Busy()
    yield busy
    busy.over.set()


async def ask(app: AsgiApp, headers: dict[str, str], address: str = "192.0.2.9", read: Any = None) -> int:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        if read is not None:
            read.append(headers)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": "/health", "headers": raw, "client": (address, 1)}
    await app(scope, receive, send)
    status: int = sent[0]["status"]
    return status


@pytest.mark.parametrize(
    ("hot", "address"),
    [
        (HOT, "192.0.2.9"),
        ({"x-api-key": "hot"}, "192.0.2.9"),
        ({}, "192.0.2.1"),
    ],
    ids=["a token", "an API key", "an address"],
)
def test_who_asks_for_little_is_answered_while_another_floods(gate: Any, hot: dict[str, str], address: str) -> None:
    app = AsgiApp(gate, ids=SeededIds(FakeClock()))

    async def story() -> list[int]:
        flood = [asyncio.create_task(ask(app, hot, address)) for _ in range(FLOOD)]
        await asyncio.sleep(0)
        mine = [await asyncio.wait_for(ask(app, {"authorization": "Bearer mine"}), 5) for _ in range(3)]
        assert not any(task.done() for task in flood)
        gate.over.set()
        return mine + await asyncio.gather(*flood)

    assert asyncio.run(story()) == [200] * (3 + FLOOD)
    assert gate.begun == FLOOD


def test_a_flood_of_bodies_stays_outside(gate: Any) -> None:
    app = AsgiApp(gate, ids=SeededIds(FakeClock()))
    read: list[Any] = []

    async def story() -> None:
        flood = [asyncio.create_task(ask(app, HOT, read=read)) for _ in range(FLOOD)]
        await asyncio.sleep(0)
        await asyncio.wait_for(ask(app, {"authorization": "Bearer mine"}), 5)
        assert len(read) == BODIES_EACH
        gate.over.set()
        await asyncio.gather(*flood)

    asyncio.run(story())
    assert len(read) == FLOOD
