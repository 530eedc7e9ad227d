"""Streams whose rights end, and whose tenant or job goes, while they are open (S5)."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import PASSWORD, Api, Client, memory_world, new_api
from tests.followed import STATS, live
from tests.integration.test_api_organization import MEMBERS, member
from tests.served import serving_locally
from tests.server_process import eventually
from tests.stream_reader import following
from tickwell.http import streams
from tickwell.http.app import build_app
from tickwell.http.asgi import AsgiApp
from tickwell.http.streams import Streams

ORGANIZATION = "/api/v1/organization"
DAYS = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Town:
    """A world whose clock can be moved, on a socket. Ada owns a tenant; Grace is an admin there."""

    api: Api
    http: AsgiApp
    url: str
    ada: Client
    grace: Client
    grace_id: str

    def follow(self, path: str, client: Client) -> Any:
        return following(self.url, path, {"Authorization": f"Bearer {client.token}"})

    def key(self, of: Client, **more: Any) -> Client:
        """A program with an API key that may read jobs."""
        made = of("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["jobs:read"], "role": "viewer", **more})
        return Client(host=self.api.host, token=made.data["key"])

    def erase(self) -> None:
        """What the background does within days about tenants that were deleted."""
        for _ in range(4):
            self.api.world.clock.advance(DAYS)
            self.api.world.core.erase_tenants()(deadline=self.api.world.clock.now() + timedelta(minutes=4))


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setattr(streams, "CHECK_SECONDS", 0.2)
    world = memory_world(tmp_path)
    api = new_api("asgi", world)
    services = api.services
    http = build_app(services, local=True, streams=Streams(services.live, services.tickets, itertools.count().__next__))
    ada = api.user("ada@example.com")
    grace_id, grace = member(api, ada, tmp_path, "grace@example.com", role="admin")
    with serving_locally(http) as url:
        yield Town(api=api, http=http, url=url, ada=ada, grace=grace, grace_id=grace_id)
    world.close()


def _removed(town: Town) -> Client:
    assert town.ada("DELETE", f"{MEMBERS}/{town.grace_id}").status == 200
    return town.grace


def _deleted(town: Town) -> None:
    answer = town.ada("DELETE", ORGANIZATION, {"password": PASSWORD})
    assert answer.status == 202, answer.json


def _password(town: Town) -> None:
    new = {"old_password": PASSWORD, "new_password": "Battery-Staple-8"}
    assert town.grace("PUT", "/api/v1/auth/password", new).status == 200


def _a_day(town: Town) -> None:
    town.api.world.clock.advance(DAYS)


@pytest.mark.parametrize("end", [_removed, _deleted, _password, _a_day])
def test_a_stream_ends_with_the_rights_of_a_member(town: Town, end: Callable[[Town], Any]) -> None:
    ticket = town.grace("POST", "/api/v1/sse/tickets", {"path": "sse/stats"}).data["ticket"]
    by_ticket = f"{STATS}?ticket={ticket}"
    with town.follow(STATS, town.grace) as reader, following(town.url, by_ticket, {}) as other:
        assert reader.event().name == other.event().name == "stats"
        end(town)
        assert reader.rest() == other.rest() == []
    for path, headers in ((by_ticket, {}), (STATS, {"Authorization": f"Bearer {town.grace.token}"})):
        with following(town.url, path, headers) as again:
            assert again.status == 401
    eventually(lambda: town.http.open_streams == 0)


@pytest.mark.parametrize("end", [_removed, _deleted, _a_day])
def test_a_stream_ends_with_an_api_key_its_creator_or_its_time(town: Town, end: Callable[[Town], Any]) -> None:
    ends = town.api.world.clock.now() + DAYS
    program = town.key(town.grace, expires_at=ends.isoformat())
    with town.follow(STATS, program) as reader:
        reader.event()
        end(town)
        assert reader.rest() == []
    with town.follow(STATS, program) as again:
        assert again.status == 401
    eventually(lambda: town.http.open_streams == 0)


def test_a_lesser_role_may_follow_too(town: Town) -> None:
    job_id = town.ada("POST", "/api/v1/jobs", {"name": "a job", "interval_seconds": 3600}).data["id"]
    with town.follow(live(job_id), town.grace) as reader:
        reader.event()
        assert town.ada("PATCH", f"{MEMBERS}/{town.grace_id}", {"role": "viewer"}).status == 200
        assert town.ada("POST", f"/api/v1/jobs/{job_id}/pause").status == 200
        assert reader.event().data["status"] == "paused"


def test_a_tenant_that_goes_takes_its_streams_with_it_and_no_others(town: Town) -> None:
    bob = town.api.user("bob@example.com")
    his = bob("POST", "/api/v1/jobs", {"name": "his", "interval_seconds": 3600}).data["id"]
    program = town.key(bob, scopes=["jobs:read", "jobs:write"], role="member")
    ours = town.ada("POST", "/api/v1/jobs", {"name": "ours", "interval_seconds": 3600}).data["id"]
    with (
        town.follow(STATS, town.ada) as counts,
        town.follow(live(ours), town.grace) as job,
        town.follow(STATS, program) as others,
    ):
        assert (counts.event().data["jobs"]["total"], job.event().data["name"]) == (1, "ours")
        assert others.event().data["jobs"]["total"] == 1
        _deleted(town)
        assert counts.rest() == job.rest() == []
        town.erase()
        assert town.http.open_streams == 1
        assert program("POST", f"/api/v1/jobs/{his}/pause").status == 200
        others.event_that(lambda event: event.data["jobs"]["paused"] == 1)  # days without a run may be told before


def test_a_job_that_is_deleted_and_forgotten_ends_its_streams(town: Town) -> None:
    job_id = town.ada("POST", "/api/v1/jobs", {"name": "a job", "interval_seconds": 3600}).data["id"]
    program = town.key(town.ada)
    with town.follow(live(job_id), program) as reader, town.follow(live(job_id), program) as other:
        assert reader.event() == other.event()
        assert town.ada("DELETE", f"/api/v1/jobs/{job_id}").status == 200
        (last,) = reader.rest()
        assert (last.data["status"], other.rest()) == ("deleted", [last])
    with following(town.url, live(job_id), {"X-API-Key": str(program.token), "Last-Event-ID": last.event_id}) as known:
        assert known.status == 204
    town.api.world.clock.advance(400 * DAYS)
    with town.follow(live(job_id), program) as gone:
        assert gone.status == 404
    eventually(lambda: town.http.open_streams == 0)
