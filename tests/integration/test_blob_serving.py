"""Links to files on the local server, over a real socket: large ones, and clients that go in the middle."""

import hashlib
import io
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.api_hosts import links_of, memory_world, services_of
from tests.served import serving
from tests.server_process import eventually
from tests.world import World
from tickwell.application.ports import UploadLink
from tickwell.domain.task_file import file_blob
from tickwell.http.app import build_app
from tickwell.http.blob_serving import BlobServing
from tickwell.http.cors import Cors

PIECE = bytes(range(256)) * 4096
PIECES = 24
HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A world whose API is served at ``url``, with its files in ``folder``."""

    world: World
    url: str
    folder: Path

    def upload(self, name: str, size_bytes: int) -> UploadLink:
        """A link that writes a file of t1."""
        blob = file_blob("t1", name)
        return links_of(self.world).upload_link(blob, expires_in=HOUR, content_type="video/mp4", size_bytes=size_bytes)

    def download(self, name: str) -> str:
        """A link that reads it."""
        link = links_of(self.world).download_link(file_blob("t1", name), expires_in=HOUR, filename=name)
        return f"{self.url}{link}"

    def has(self, name: str) -> bool:
        """Whether there is such a file."""
        return file_blob("t1", name) in self.world.blobs.list("tenants/t1/files/", after="", limit=100)

    def leftovers(self) -> list[Path]:
        """What unfinished uploads have left."""
        return [path for path in self.folder.rglob(".*") if path.is_file()]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    world = memory_world(folder)
    services = services_of(world)
    blobs = BlobServing(links_of(world), world.blobs, Cors(()))
    with serving(build_app(services, local=True, blobs=blobs)) as url:
        yield Served(world=world, url=url, folder=folder)
    world.close()


def pieces() -> Iterator[bytes]:
    for _ in range(PIECES):
        yield PIECE


def test_a_large_file_goes_up_and_down_in_pieces(served: Served) -> None:
    link = served.upload("large.mp4", PIECES * len(PIECE))
    headers = dict(link.headers)
    written = httpx2.put(f"{served.url}{link.url}", content=pieces(), headers=headers, timeout=60)
    assert written.status_code == 200, written.text
    digest, expected = hashlib.sha256(), hashlib.sha256()
    with httpx2.stream("GET", served.download("large.mp4"), timeout=60) as answer:
        assert answer.headers["content-type"] == "video/mp4"
        for piece in answer.iter_bytes():
            digest.update(piece)
    for piece in pieces():
        expected.update(piece)
    assert digest.digest() == expected.digest()
    last = httpx2.get(served.download("large.mp4"), headers={"Range": "bytes=-3"})
    assert (last.status_code, last.content) == (206, PIECE[-3:])


def test_an_upload_that_breaks_off_leaves_nothing(served: Served) -> None:
    link = served.upload("broken.mp4", 1_000_000)
    host = urlsplit(served.url)
    with socket.create_connection((host.hostname or "", host.port or 0)) as client:
        head = f"PUT {link.url} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n"
        client.sendall(head.encode() + PIECE[:500_000])
        eventually(lambda: served.leftovers() != [])
    eventually(lambda: served.leftovers() == [])
    assert not served.has("broken.mp4")


class _Counted(io.BytesIO):
    """Bytes of which it is known how many were read."""

    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.count += len(data)
        return data


def test_a_client_that_goes_stops_the_reading(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    link = served.upload("long.mp4", len(PIECE))
    httpx2.put(f"{served.url}{link.url}", content=PIECE, headers=dict(link.headers), timeout=60)
    opened: list[_Counted] = []

    def open_long(_blobs: object, _name: str) -> _Counted:
        opened.append(_Counted(PIECE * 48))
        return opened[-1]

    monkeypatch.setattr(type(served.world.blobs), "open", open_long)
    with httpx2.stream("GET", served.download("long.mp4"), timeout=60) as answer:
        next(answer.iter_raw(1024))
    eventually(lambda: [file.closed for file in opened] == [True])
    assert opened[0].count < 48 * len(PIECE)


def test_requests_of_the_api_are_answered_beside_it(served: Served) -> None:
    assert httpx2.get(f"{served.url}/health").status_code == 200
    assert httpx2.get(f"{served.url}/api/v1/blobs/tenants/t1/files/a").status_code == 403
    assert httpx2.post(f"{served.url}/api/v1/blobs/tenants/t1/files/a").status_code == 405
