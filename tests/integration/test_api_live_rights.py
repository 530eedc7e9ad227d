"""What following and tickets are worth when rights end, and what odd readers are told (S5)."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.api_hosts import PASSWORD, Answer, Api, Client
from tests.integration.test_api_live import STATS, job_of, live, one, refused, ticket, with_ticket
from tests.integration.test_api_organization import MEMBERS, member

KEYS, ORGANIZATION = "/api/v1/api-keys", "/api/v1/organization"
A_YEAR = timedelta(days=400)


def program_of(api: Api, client: Client, **more: object) -> Client:
    """A program with a new API key of ``client`` that may read jobs."""
    made = client("POST", KEYS, {"name": "k", "scopes": ["jobs:read"], "role": "viewer", **more})
    assert made.status == 201, made.json
    return Client(host=api.host, token=made.data["key"])


def test_a_ticket_is_worth_what_the_member_behind_it_is_now(api: Api, ada: Client, tmp_path: Path) -> None:
    grace_id, grace = member(api, ada, tmp_path, "grace@example.com", role="admin")
    tickets = [ticket(client, "sse/stats") for client in (grace, program_of(api, grace))]
    assert ada("PATCH", f"{MEMBERS}/{grace_id}", {"role": "viewer"}).status == 200
    assert [with_ticket(api, STATS, text).status for text in tickets] == [200, 200], "viewers follow too"
    assert ada("DELETE", f"{MEMBERS}/{grace_id}").status == 200
    assert all(refused(with_ticket(api, STATS, text)) for text in tickets)


def test_a_ticket_ends_with_the_password_and_with_the_time_of_its_key(api: Api, ada: Client) -> None:
    ends = api.world.clock.now() + timedelta(seconds=60)
    of_session, of_key = (
        ticket(ada, "sse/stats"),
        ticket(program_of(api, ada, expires_at=ends.isoformat()), "sse/stats"),
    )
    new = {"old_password": PASSWORD, "new_password": "Battery-Staple-8"}
    assert ada("PUT", "/api/v1/auth/password", new).status == 200
    assert refused(with_ticket(api, STATS, of_session))
    assert with_ticket(api, STATS, of_key).status == 200
    api.world.clock.advance(60)
    assert refused(with_ticket(api, STATS, of_key))


def test_nothing_is_followed_in_a_tenant_that_was_deleted(api: Api, ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    tickets = {path: ticket(ada, path) for path in ("sse/stats", f"sse/jobs/{job_id}")}
    key = program_of(api, ada)
    assert ada("DELETE", ORGANIZATION, {"password": PASSWORD}).status == 202
    for path, text in tickets.items():
        assert refused(with_ticket(api, f"/api/v1/{path}", text))
        assert refused(key("GET", f"/api/v1/{path}"))


def test_a_deleted_job_is_told_once_more_and_then_there_is_none(api: Api, ada: Client) -> None:
    job_id, program = job_of(ada, interval_seconds=3600), program_of(api, ada)
    before = one(ada("GET", live(job_id)))
    assert ada("DELETE", f"/api/v1/jobs/{job_id}").status == 200
    last = one(ada("GET", live(job_id), headers={"Last-Event-ID": before.event_id}))
    assert last.data["status"] == "deleted"
    assert ada("GET", live(job_id), headers={"Last-Event-ID": last.event_id}).status == 204
    api.world.clock.advance(A_YEAR)
    assert program("GET", live(job_id), headers={"Last-Event-ID": last.event_id}).status == 404


@pytest.mark.parametrize("known", ["\x00", "\xe9\xff", "9" * 32, "x" * 8000, " ", "a,b", "-1"])
def test_whoever_knows_what_was_never_told_is_told_the_present(ada: Client, known: str) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    assert one(ada("GET", live(job_id), headers={"Last-Event-ID": known})).data["id"] == job_id


def test_what_another_job_or_tenant_was_told_stops_nobody(api: Api, ada: Client) -> None:
    stranger = api.user()
    mine, other, theirs = job_of(ada, interval_seconds=3600), job_of(ada, delay_seconds=9), job_of(stranger)
    api.world.work()
    for event_id in (one(ada("GET", live(other))).event_id, one(stranger("GET", live(theirs))).event_id):
        for headers, query in (({"Last-Event-ID": event_id}, ""), ({}, f"?last_event_id={event_id}")):
            assert one(ada("GET", live(mine) + query, headers=headers)).data["id"] == mine


@pytest.mark.parametrize(
    "query", ["last_event_id=%00", "last_event_id=%ff", "last_event_id=%ED%A0%BD", "last_event_id="]
)
def test_odd_parameters_are_read_as_unknown(ada: Client, query: str) -> None:
    assert one(ada("GET", f"{STATS}?{query}")).name == "stats"


@pytest.mark.parametrize("accept", ["application/json", "text/html", "image/png;q=0", "x", ""])
def test_events_are_told_whatever_is_accepted(ada: Client, accept: str) -> None:
    assert one(ada("GET", STATS, headers={"Accept": accept})).name == "stats"


def test_heads_tell_what_a_get_would_and_other_methods_are_named(api: Api, ada: Client) -> None:
    job_id = job_of(ada)
    text = ticket(ada, f"sse/jobs/{job_id}")

    def head(target: str, **headers: str) -> Answer:
        answer = api.anonymous("HEAD", target, headers=headers)
        assert answer.body == b""
        return answer

    assert head(f"{live(job_id)}?ticket={text}").status == 200
    assert head(f"{live('none')}?ticket={text}").status == 401
    assert head(live(job_id)).status == 401
    api.world.work()
    ended = one(ada("GET", live(job_id))).event_id
    assert head(f"{live(job_id)}?ticket={text}", **{"Last-Event-ID": ended}).status == 204
    for path in (live(job_id), STATS, "/api/sse/stats", "/api/v1/sse/tickets"):
        allowed = api.anonymous("OPTIONS", path).headers["allow"]
        assert allowed == ("OPTIONS, POST" if path.endswith("tickets") else "GET, HEAD, OPTIONS")
    assert [ada(method, STATS).status for method in ("POST", "PUT", "DELETE")] == [405, 405, 405]
