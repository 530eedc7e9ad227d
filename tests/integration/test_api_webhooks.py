"""Webhook endpoints through the API, on both hosts."""

import base64
from typing import Any

import pytest

from tests.api_hosts import Api, Client

WEBHOOKS = "/api/v1/webhooks"
URL = "https://hooks.example.com/tickwell?key=abc"


def add(client: Client, **fields: Any) -> dict[str, Any]:
    answer = client("POST", WEBHOOKS, {"url": URL, **fields})
    assert answer.status == 201, answer.json
    added: dict[str, Any] = answer.data
    return added


def test_an_endpoint_is_added_with_a_secret_that_is_shown_once(ada: Client) -> None:
    added = add(ada, events=["job.failed"], description="to the pager")
    secret = added.pop("secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert added == {
        "id": added["id"],
        "url": URL,
        "events": ["job.failed"],
        "description": "to the pager",
        "enabled": True,
        "disabled_at": None,
        "old_secret_until": None,
        "created_at": "2026-11-22T12:00:00.000Z",
    }
    listed = ada("GET", WEBHOOKS)
    assert listed.data == {"webhooks": [added]}
    assert "whsec_" not in listed.body.decode()


def test_without_events_an_endpoint_is_told_of_all(ada: Client) -> None:
    assert add(ada)["events"] == ["job.failed", "execution.timeout", "job.paused"]


def test_a_removed_endpoint_is_gone(ada: Client) -> None:
    kept, removed = add(ada), add(ada)
    answer = ada("DELETE", f"{WEBHOOKS}/{removed['id']}")
    assert (answer.status, answer.data) == (200, {"id": removed["id"]})
    assert [each["id"] for each in ada("GET", WEBHOOKS).data["webhooks"]] == [kept["id"]]
    assert ada("DELETE", f"{WEBHOOKS}/{removed['id']}").status == 404


def test_a_rotation_gives_a_new_secret_and_keeps_the_old_one_for_a_day(api: Api, ada: Client) -> None:
    added = add(ada)
    rotated = ada("POST", f"{WEBHOOKS}/{added['id']}/rotate").data
    assert rotated["id"] == added["id"]
    assert rotated["secret"] != added["secret"]
    assert rotated["old_secret_until"] == "2026-11-23T12:00:00.000Z"
    me = ada("GET", "/api/v1/auth/me").data
    (endpoint,) = api.world.notifying.webhooks.read(_tenant(api, me["email"])).endpoints
    assert list(endpoint.secrets(api.world.clock.now())) == [rotated["secret"], added["secret"]]


def _tenant(api: Api, email: str) -> str:
    return api.world.accounts.by_email(email).tenant_id


def test_an_eleventh_endpoint_is_refused(ada: Client) -> None:
    for _ in range(10):
        add(ada)
    answer = ada("POST", WEBHOOKS, {"url": URL})
    assert (answer.status, answer.json["code"]) == (409, "CONFLICT")


def test_tenants_see_and_touch_their_own_endpoints_only(api: Api, ada: Client) -> None:
    added = add(ada)
    eve = api.user("eve@example.com")
    assert eve("GET", WEBHOOKS).data == {"webhooks": []}
    assert eve("DELETE", f"{WEBHOOKS}/{added['id']}").status == 404
    assert eve("POST", f"{WEBHOOKS}/{added['id']}/rotate").status == 404
    assert len(ada("GET", WEBHOOKS).data["webhooks"]) == 1


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": None}, "url"),
        ({"url": ""}, "url"),
        ({"url": "ftp://example.com/"}, "url"),
        ({"url": "https://user:word@example.com/"}, "url"),
        ({"url": "https://example.com:0/"}, "url"),
        ({"url": "https://0x7f000001/"}, "url"),
        ({"url": "example.com"}, "url"),
        ({"url": "https://example.com/" + "a" * 2048}, "url"),
        ({"url": ["https://example.com/"]}, "url"),
        ({"events": []}, "events"),
        ({"events": ["job.exploded"]}, "events.0"),
        ({"events": ["system.alert"]}, "events.0"),
        ({"events": ["job.failed"] * 11}, "events"),
        ({"description": "a\nb"}, "description"),
        ({"description": "x" * 256}, "description"),
        ({"secret": "whsec_mine"}, "secret"),
    ],
)
def test_what_is_wrong_is_named(ada: Client, fields: dict[str, Any], field: str) -> None:
    assert ada("POST", WEBHOOKS, {"url": URL, **fields}).fields == [field]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nobody_gets_in_without_a_token(api: Api, method: str) -> None:
    assert api.anonymous(method, WEBHOOKS, {"url": URL} if method == "POST" else None).status == 401
