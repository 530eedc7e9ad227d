"""Streams on real sockets, as the local server keeps them (S5)."""

import asyncio
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
import requests

from tests.followed import CREDENTIALS, STATS, Served, followed, live
from tests.served import serving_locally
from tests.server_process import eventually
from tests.sqlite_system import system  # noqa: F401
from tests.stream_reader import following
from tickwell.adapters.embedded.database import Database
from tickwell.bootstrap.embedded.system import EmbeddedSystem
from tickwell.bootstrap.local import local
from tickwell.domain.errors import UnavailableError
from tickwell.http import streams
from tickwell.http.live import Live
from tickwell.local.patient_protocol import PatientProtocol
from tickwell.settings.local import LocalSettings


@pytest.fixture
def served(system: EmbeddedSystem) -> Iterator[Served]:  # noqa: F811
    with followed(system) as made:
        yield made


def test_a_stream_tells_the_present_and_then_each_change(served: Served) -> None:
    job_id = served.job()
    with served.follow(live(job_id)) as reader:
        assert reader.event().data["status"] == "active"
        served.data("POST", f"/jobs/{job_id}/pause")
        assert reader.event().data["status"] == "paused"
        served.data("PATCH", f"/jobs/{job_id}", {"name": "another name"})
        last = reader.event()
        assert last.data["name"] == "another name"
    with served.follow(live(job_id), {"Last-Event-ID": last.event_id}) as reader:
        first = reader.piece()
        assert first is not None
        assert (first.events, first.comments) == ((), ("nothing new",))
        served.data("POST", f"/jobs/{job_id}/resume")
        assert reader.event().data["status"] == "active"


def test_what_another_process_does_is_told_too(served: Served, tmp_path: Path) -> None:
    with served.follow(STATS) as reader:
        assert reader.event().data["jobs"]["total"] == 0
        other = local(LocalSettings(data_dir=tmp_path))
        with serving_locally(other.http) as url:
            elsewhere = Served(system=other, url=url, headers=served.headers)
            elsewhere.job()
        other.close()
        assert reader.event().data["jobs"]["total"] == 1


def test_a_stream_ends_when_its_job_has_ended_and_is_not_begun_again(served: Served) -> None:
    job_id = served.job()
    with served.follow(live(job_id)) as reader:
        reader.event()
        served.data("POST", f"/jobs/{job_id}/cancel")
        (ended,) = reader.rest()
        assert ended.data["status"] == "cancelled"
    with served.follow(live(job_id), {"Last-Event-ID": ended.event_id}) as reader:
        assert reader.status == 204
    eventually(lambda: served.open() == 0)


def test_who_waits_is_told_that_all_is_well(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.2)
    with served.follow(STATS) as reader:
        reader.event()
        for _ in range(3):
            piece = reader.piece()
            assert piece is not None
            assert (piece.events, piece.comments) == ((), ("still here",))


@pytest.mark.parametrize("ends", ["logout", "password"])
def test_a_stream_ends_with_its_session(served: Served, monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.3)
    ticket = served.data("POST", "/sse/tickets", {"path": "sse/stats"})["ticket"]
    with served.follow(STATS) as reader, following(served.url, f"{STATS}?ticket={ticket}", {}) as other:
        reader.event()
        other.event()
        if ends == "logout":
            served.data("POST", "/auth/logout")
        else:
            new = {"old_password": CREDENTIALS["password"], "new_password": "Battery-Staple-8"}
            served.data("PUT", "/auth/password", new)
        assert reader.rest() == other.rest() == []
    with following(served.url, f"{STATS}?ticket={ticket}", {}) as after:
        assert after.status == 401


def test_whose_credential_has_ended_is_told_nothing_new(served: Served) -> None:
    job_id, key = served.job(), served.data("POST", "/api-keys", {"name": "k", "scopes": ["jobs:read"]})
    with following(served.url, live(job_id), {"X-API-Key": key["key"]}) as reader:
        reader.event()
        served.data("DELETE", f"/api-keys/{key['id']}")
        served.data("POST", f"/jobs/{job_id}/pause")
        assert reader.rest() == []


def test_hundreds_of_streams_take_no_more_threads(served: Served) -> None:
    callers = [served.key() for _ in range(15)]
    job_ids = [served.job() for _ in range(10)]
    before = threading.active_count()

    async def follow(headers: dict[str, str], job_id: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(served.url)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
        lines = [f"GET {live(job_id)} HTTP/1.1", "Host: a", *(f"{name}: {text}" for name, text in headers.items())]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        await reader.readuntil(b'"status":"active"')
        return reader, writer

    async def session() -> int:
        opened = [
            await follow(headers, job_ids[number % len(job_ids)])
            for headers in callers
            for number in range(streams.MOST_EACH)
        ]
        async with asyncio.timeout(30):
            while served.open() < len(opened) == 300:  # noqa: ASYNC110 - the last one is watched behind its first event
                await asyncio.sleep(0)
        threads = threading.active_count() - before
        for job_id in job_ids:
            await asyncio.to_thread(served.data, "POST", f"/jobs/{job_id}/pause")
        async with asyncio.timeout(30):
            await asyncio.gather(*(reader.readuntil(b'"status":"paused"') for reader, _ in opened))
        for _, writer in opened:
            writer.close()
        return threads

    assert asyncio.run(session()) <= 16 + 1, "those of the requests, and one for all streams"
    eventually(lambda: served.open() == 0)


class Hurried(PatientProtocol):
    """One that a test can wait for."""

    taking_seconds: ClassVar[float] = 1.0


def test_who_does_not_read_is_cut_off_and_delays_nobody(system: EmbeddedSystem) -> None:  # noqa: F811
    with serving_locally(system.http, protocol=Hurried) as url:
        token = requests.post(f"{url}/api/v1/auth/register", json=CREDENTIALS, timeout=20).json()["data"]["token"]
        served = Served(system=system, url=url, headers={"Authorization": f"Bearer {token}"})
        job_id = served.job(payload={"text": "x" * 900_000})
        with served.follow(live(job_id)) as idle, served.follow(live(job_id)) as reader:
            assert idle.status == 200
            reader.event()
            for number in range(12):
                served.data("PATCH", f"/jobs/{job_id}", {"name": f"name {number}"})
                assert reader.event().data["name"] == f"name {number}"
            eventually(lambda: served.open() == 1)
            served.data("PATCH", f"/jobs/{job_id}", {"name": "the last one"})
            assert reader.event().data["name"] == "the last one"


def test_a_store_that_is_away_for_a_while_ends_no_stream(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    job_id, away = served.job(), threading.Event()
    state = Live.state

    def failing(live: Live, *given: Any) -> Any:
        if away.is_set():
            raise UnavailableError("sqlite", "SQLITE_BUSY")
        return state(live, *given)

    monkeypatch.setattr(Live, "state", failing)
    with served.follow(live(job_id)) as reader:
        reader.event()
        away.set()
        served.data("POST", f"/jobs/{job_id}/pause")
        threading.Timer(0.8, away.clear).start()
        assert reader.event().data["status"] == "paused"


def test_what_nobody_expected_ends_a_stream_and_is_logged(
    served: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    job_id, broken, state = served.job(), threading.Event(), Live.state

    def failing(live: Live, principal: Any, subject: str) -> Any:
        found = state(live, principal, subject)
        if broken.is_set() and subject != "stats":  # asked behind the reading: one that has begun before may go on now
            raise ZeroDivisionError
        return found

    monkeypatch.setattr(Live, "state", failing)
    with served.follow(live(job_id)) as reader, served.follow(STATS) as other:
        reader.event()
        other.event()
        broken.set()
        served.data("POST", f"/jobs/{job_id}/pause")
        assert reader.rest() == []
        assert other.event().data["jobs"]["paused"] == 1
    assert [record.__dict__["action"] for record in caplog.records if "action" in record.__dict__] == ["stream.failed"]


def test_streams_go_on_where_the_store_cannot_tell_whether_anything_changed(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.3)
    broken, version = threading.Event(), Database.data_version

    def failing(database: Database) -> int:
        if broken.is_set():
            raise sqlite3.DatabaseError("no room for another connection")
        return version(database)

    monkeypatch.setattr(Database, "data_version", failing)
    served: Served = request.getfixturevalue("served")
    with served.follow(live(job_id := served.job())) as reader:
        reader.event()
        broken.set()
        for action, status in (("pause", "paused"), ("resume", "active")):
            served.data("POST", f"/jobs/{job_id}/{action}")
            told = (event for _ in range(20) if (piece := reader.piece()) for event in piece.events)
            assert next(told).data["status"] == status
    assert [record.__dict__["action"] for record in caplog.records if "action" in record.__dict__] == ["stream.failed"]


def test_only_a_get_is_kept_open(served: Served) -> None:
    head = requests.head(f"{served.url}{STATS}", headers=served.headers, timeout=5)
    assert (head.status_code, head.headers["Content-Type"]) == (200, "text/event-stream")
    assert served.open() == 0
