"""Following a job or the counts where a host answers once (S5), and what tickets open; on both hosts and engines."""

import logging
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.access_walk import People
from tests.api_hosts import Answer, Api, Client, new_api, services_of
from tests.integration.test_api_statistics import follow_stream
from tests.live_events import Event, Told, told
from tickwell.domain.account import Role, Scope
from tickwell.domain.errors import UnavailableError
from tickwell.http.access import RateClass
from tickwell.http.live import Live
from tickwell.http.request_limits import Quota

JOBS, TICKETS, STATS = "/api/v1/jobs", "/api/v1/sse/tickets", "/api/v1/sse/stats"


def job_of(client: Client, **fields: Any) -> str:
    answer = client("POST", JOBS, {"name": "a job", **fields})
    assert answer.status == 201, answer.json
    return str(answer.data["id"])


def live(job_id: str) -> str:
    return f"/api/v1/sse/jobs/{job_id}"


def read(answer: Answer) -> Told:
    assert (answer.status, answer.headers["content-type"]) == (200, "text/event-stream"), answer.body
    return told(answer.body.decode())


def one(answer: Answer) -> Event:
    (event,) = read(answer).events
    return event


def ticket(client: Client, path: str) -> str:
    answer = client("POST", TICKETS, {"path": path})
    assert answer.status == 201, answer.json
    assert 0 < answer.data["expires_in"] <= 300
    return str(answer.data["ticket"])


def with_ticket(api: Api, path: str, text: str, **headers: str) -> Answer:
    return api.anonymous("GET", f"{path}?ticket={quote(text)}", headers=headers)


def refused(answer: Answer) -> bool:
    return (answer.status, answer.json["code"]) == (401, "UNAUTHENTICATED")


def test_a_job_is_told_as_it_is_and_again_when_it_has_changed(ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    first = one(ada("GET", live(job_id)))
    assert (first.name, first.data) == ("job", ada("GET", f"{JOBS}/{job_id}").data)
    again = read(ada("GET", live(job_id), headers={"Last-Event-ID": first.event_id}))
    assert (again.events, again.comments) == ((), ("nothing new",))
    assert ada("POST", f"{JOBS}/{job_id}/pause").status == 200
    paused = one(ada("GET", live(job_id), headers={"Last-Event-ID": first.event_id}))
    assert paused.data["status"] == "paused"
    assert paused.event_id != first.event_id


def test_what_was_read_is_told_in_the_header_or_else_in_a_parameter(ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    known = one(ada("GET", live(job_id))).event_id
    path = f"{live(job_id)}?last_event_id={known}"
    assert read(ada("GET", path)).events == ()
    assert one(ada("GET", path, headers={"Last-Event-ID": "older"})).event_id == known
    assert one(ada("GET", f"{live(job_id)}?last_event_id=x")).event_id == known
    assert ada("GET", f"{live(job_id)}?last_event_id={'x' * 101}").fields == ["last_event_id"]


def test_a_job_that_ends_is_told_with_its_attempts_and_then_no_more(api: Api, ada: Client) -> None:
    job_id = job_of(ada, payload={"a": 1})
    before = one(ada("GET", live(job_id))).event_id
    api.world.work()
    ended = one(ada("GET", live(job_id), headers={"Last-Event-ID": before}))
    assert (ended.data["status"], [each["status"] for each in ended.data["attempts"]]) == ("completed", ["success"])
    stop = ada("GET", live(job_id), headers={"Last-Event-ID": ended.event_id})
    assert (stop.status, stop.body) == (204, b"")
    assert one(ada("GET", live(job_id))) == ended, "whoever comes later is told how it ended"
    assert ada("POST", f"{JOBS}/{job_id}/execute").status == 202
    assert one(ada("GET", live(job_id), headers={"Last-Event-ID": before})).data["id"] == job_id


def test_the_counts_are_told(api: Api, ada: Client) -> None:
    first = one(ada("GET", STATS))
    assert (first.name, first.data) == ("stats", ada("GET", "/api/v1/dashboard/stats").data)
    assert read(ada("GET", STATS, headers={"Last-Event-ID": first.event_id})).events == ()
    job_of(ada, delay_seconds=3600)
    follow_stream(api)
    assert one(ada("GET", STATS, headers={"Last-Event-ID": first.event_id})).data["jobs"]["total"] == 1


def test_the_paths_of_before_tell_the_same(ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    assert one(ada("GET", f"/api/sse/jobs/{job_id}")) == one(ada("GET", live(job_id)))
    assert one(ada("GET", "/api/sse/stats")) == one(ada("GET", STATS))


def test_readers_come_again_sooner_where_something_moves(api: Api, ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    assert read(ada("GET", live(job_id))).retry_ms == 3000
    api.world.clock.advance(60)
    assert read(ada("GET", live(job_id))).retry_ms == 6000
    api.world.clock.advance(600)
    assert read(ada("GET", live(job_id))).retry_ms == 15_000
    api.world.clock.advance(3600 - 660 - 4)
    assert read(ada("GET", live(job_id))).retry_ms == 4000, "it is due then"


def test_nobody_follows_what_is_not_theirs(api: Api, ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    stranger = api.user()
    assert stranger("GET", live(job_id)).status == 404
    assert with_ticket(api, live(job_id), ticket(stranger, f"sse/jobs/{job_id}")).status == 404
    assert refused(api.anonymous("GET", live(job_id)))


def test_a_ticket_opens_its_path_and_the_alias_to_whoever_has_it(api: Api, ada: Client) -> None:
    job_id = job_of(ada, interval_seconds=3600)
    text = ticket(ada, f"/api/v1/sse/jobs/{job_id}")
    event = one(with_ticket(api, live(job_id), text))
    assert event == one(with_ticket(api, f"/api/sse/jobs/{job_id}", text))
    query = f"ticket={quote(text)}&last_event_id={event.event_id}"
    assert read(api.anonymous("GET", f"{live(job_id)}?{query}")).events == ()
    assert one(with_ticket(api, STATS, ticket(ada, "sse/stats"))).name == "stats"


def test_a_ticket_opens_nothing_else(api: Api, ada: Client) -> None:
    job_id, other_id = job_of(ada, interval_seconds=3600), job_of(ada, interval_seconds=3600)
    text = ticket(ada, f"sse/jobs/{job_id}")
    for path in (STATS, live(other_id), f"{JOBS}/{job_id}", JOBS, "/api/v1/auth/me"):
        assert refused(with_ticket(api, path, text)), path
    for headers in ({"Authorization": f"Bearer {text}"}, {"X-API-Key": text}):
        for path in (live(job_id), JOBS):
            assert refused(api.anonymous("GET", path, headers=headers)), path
    assert refused(api.anonymous("POST", f"{TICKETS}?ticket={text}", {"path": "sse/stats"}))
    assert refused(with_ticket(api, live(job_id), str(ada.token))), "a token has no place in a URL"


def test_it_must_be_clear_who_calls(api: Api, ada: Client) -> None:
    text = ticket(ada, "sse/stats")
    assert refused(ada("GET", f"{STATS}?ticket={text}"))
    assert refused(with_ticket(api, STATS, text, **{"X-API-Key": "tw_x"}))
    assert refused(api.anonymous("GET", f"{STATS}?ticket={text}&ticket={text}"))
    assert refused(api.anonymous("GET", f"{STATS}?ticket="))
    assert ada("GET", f"{JOBS}?ticket={text}").fields == ["ticket"]


def test_a_ticket_ends_after_five_minutes(api: Api, ada: Client) -> None:
    text = ticket(ada, "sse/stats")
    api.world.clock.advance(299)
    assert with_ticket(api, STATS, text).status == 200
    api.world.clock.advance(1)
    assert refused(with_ticket(api, STATS, text))


def test_a_ticket_ends_with_the_session(api: Api, ada: Client) -> None:
    mine, other = ticket(ada, "sse/stats"), ticket(People(api=api).client(), "sse/stats")
    assert ada("POST", "/api/v1/auth/logout").status == 200
    assert refused(with_ticket(api, STATS, mine))
    assert with_ticket(api, STATS, other).status == 200


def test_a_ticket_does_not_outlive_the_session(api: Api) -> None:
    people = People(api=api)
    user = people.user()
    api.world.clock.advance(24 * 3600)
    client = people.client(user)
    api.world.clock.advance(24 * 3600 - 60)
    answer = client("POST", TICKETS, {"path": "sse/stats"})
    assert answer.data["expires_in"] == 60
    api.world.clock.advance(60)
    assert refused(with_ticket(api, STATS, answer.data["ticket"]))


def test_a_ticket_is_worth_what_its_api_key_is(api: Api) -> None:
    people = People(api=api)
    owner = people.client()
    made = owner("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["jobs:read"], "role": "viewer"}).data
    program = Client(host=api.host, token=made["key"])
    job_id = job_of(owner, interval_seconds=3600)
    text = ticket(program, f"sse/jobs/{job_id}")
    assert with_ticket(api, live(job_id), text).status == 200
    assert owner("DELETE", f"/api/v1/api-keys/{made['id']}").status == 200
    assert refused(with_ticket(api, live(job_id), text))
    without = Client(host=api.host, token=people.key(Scope.QUEUES_READ))
    assert without("POST", TICKETS, {"path": "sse/stats"}).status == 403


def test_viewers_follow_too(api: Api) -> None:
    people = People(api=api)
    viewer = people.client(people.user(Role.VIEWER))
    assert with_ticket(api, STATS, ticket(viewer, "sse/stats")).status == 200


@pytest.mark.parametrize("path", ["jobs", "", "sse/jobs/a/b", 7, None])
def test_there_are_tickets_for_what_can_be_followed_only(ada: Client, path: Any) -> None:
    assert ada("POST", TICKETS, {"path": path}).fields == ["path"]


def test_following_is_not_counted(api: Api) -> None:
    # C23 leaves it out: whoever follows ten jobs would be shut out of everything else.
    quotas = {RateClass.READ: Quota(limit=1, per=timedelta(hours=1))}
    limited = new_api("asgi", api.world, services=services_of(api.world, quotas=quotas))
    client = limited.user()
    assert [client("GET", STATS).status for _ in range(3)] == [200, 200, 200]
    assert client("GET", JOBS).status == 200
    assert client("GET", JOBS).status == 429


def test_no_ticket_is_logged(
    api: Api, ada: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = ticket(ada, "sse/stats")

    def fail(*_given: Any) -> Any:
        raise UnavailableError("store", "away")

    monkeypatch.setattr(Live, "state", fail)
    with caplog.at_level(logging.DEBUG):
        assert with_ticket(api, STATS, text).status == 503
        assert with_ticket(api, f"{STATS}/none", text).status == 404
    assert caplog.records
    assert text not in caplog.text
    assert text not in repr([record.__dict__ for record in caplog.records])


def test_heads_and_preflights_tell_nothing(ada: Client) -> None:
    head = ada("HEAD", STATS)
    assert (head.status, head.body, head.headers["content-type"]) == (200, b"", "text/event-stream")
    assert ada("OPTIONS", STATS).headers["allow"] == "GET, HEAD, OPTIONS"
