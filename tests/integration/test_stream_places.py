"""How many streams one server keeps open, and for whom (S5)."""

import ctypes
import json
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import ClassVar
from urllib.parse import urlsplit

import pytest
import requests

from tests.followed import CREDENTIALS, STATS, Served, followed
from tests.served import serving_locally
from tests.server_process import eventually
from tests.sqlite_system import system  # noqa: F401
from tests.stream_reader import following
from tickwell.adapters.system import SystemIds
from tickwell.bootstrap import local as composition
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.http import streams
from tickwell.local.patient_protocol import PatientProtocol
from tickwell.settings.local import LocalSettings


@pytest.fixture
def served(system: EmbeddedSystem) -> Iterator[Served]:  # noqa: F811
    with followed(system) as made:
        yield made


def test_one_caller_has_so_many_streams_and_others_have_theirs(served: Served) -> None:
    key = served.key()
    with ExitStack() as stack:
        for _ in range(streams.MOST_EACH):
            stack.enter_context(following(served.url, STATS, key)).event()
        with following(served.url, STATS, key) as refused:
            assert (refused.status, refused.response.headers["Retry-After"]) == (429, "30")
            assert json.loads(refused.response.read())["code"] == "RATE_LIMITED"
        with served.follow(STATS) as mine:
            mine.event()
    eventually(lambda: served.open() == 0)
    with following(served.url, STATS, key) as reader:
        assert reader.event().name == "stats"


def test_where_no_place_is_left_readers_are_answered_once(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_STREAMS", 1)
    with served.follow(STATS) as reader:
        reader.event()
        with following(served.url, STATS, served.key()) as other:
            piece = other.piece()
            assert piece is not None
            assert (piece.retry_ms, len(piece.events)) == (15_000, 1)
            assert other.piece() is None


def test_one_tenant_leaves_places_to_others(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "MOST_OF_TENANT", 2)
    other = {"email": "bob@example.com", "password": "Correct-Horse-9"}
    bob = requests.post(f"{served.url}/api/v1/auth/register", json=other, timeout=20).json()["data"]["token"]
    with served.follow(STATS) as one, following(served.url, STATS, served.key()) as two:
        assert (one.event().name, two.event().name) == ("stats", "stats")
        with following(served.url, STATS, served.key()) as third:
            assert third.event().name == "stats"
            assert third.piece() is None, "it is answered once"
        with following(served.url, STATS, {"Authorization": f"Bearer {bob}"}) as his:
            his.event()
            eventually(lambda: served.open() == 3)


def retry_ms(served: Served) -> int:
    """When a new stream asks its reader to come again."""
    with served.follow(STATS) as reader:
        piece = reader.piece()
    assert piece is not None
    assert piece.retry_ms is not None
    return piece.retry_ms


@pytest.mark.parametrize(("drawn", "milliseconds"), [(0.0, 1000), (0.5, 2000), (0.9999, 2999)])
def test_a_stream_asks_to_come_again_after_one_to_three_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, drawn: float, milliseconds: int
) -> None:
    class Drawn(SystemIds):
        def draw(self) -> float:
            return drawn

    monkeypatch.setattr(composition, "SystemIds", Drawn)
    system = composition.local(LocalSettings(data_dir=tmp_path))  # noqa: F811
    with closing(system), followed(system) as served:
        assert retry_ms(served) == milliseconds


def test_readers_who_lose_a_server_together_do_not_come_again_together(served: Served) -> None:
    asked = [retry_ms(served) for _ in range(20)]
    assert all(1000 <= each < 3000 for each in asked)
    assert len(set(asked)) > 10, "the browser keeps to what it was told, so that each must be told something else"


class Hurried(PatientProtocol):
    """One that a test can wait for."""

    vanished_seconds: ClassVar[float] = 1.0


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _half_closed(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def _vanished(connection: socket.socket) -> None:
    """As behind a cable that was cut: the socket's own filter drops whatever arrives, and nothing is acknowledged."""
    attach_filter, drop_all = 26, ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))
    program = struct.pack("HL", 1, ctypes.addressof(drop_all))
    connection.setsockopt(socket.SOL_SOCKET, attach_filter, program)


@pytest.mark.parametrize("go", [_reset, _half_closed, _vanished])
def test_places_come_free_again_however_readers_go(
    system: EmbeddedSystem,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    go: Callable[[socket.socket], None],
) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.2)
    with serving_locally(system.http, protocol=Hurried) as url, ExitStack() as stack:
        token = requests.post(f"{url}/api/v1/auth/register", json=CREDENTIALS, timeout=20).json()["data"]["token"]
        request = f"GET {STATS} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        parts = urlsplit(url)
        for _ in range(streams.MOST_EACH):
            connection = stack.enter_context(socket.create_connection((parts.hostname, parts.port), timeout=20))
            connection.sendall(request)
            received = b""
            while b"event: stats" not in received:
                received += connection.recv(65536)
            go(connection)
        eventually(lambda: system.http.open_streams == 0, seconds=15)
        with following(url, STATS, {"Authorization": f"Bearer {token}"}) as reader:
            assert reader.event().name == "stats"
