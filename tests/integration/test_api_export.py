"""The export of an organization through the API, on both hosts."""

import json
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.integration.test_api_deletion import furnished, tasks  # noqa: F401 - a fixture
from tests.integration.test_api_roles import as_role
from tickwell.domain.account import Role
from tickwell.domain.errors import UnavailableError

EXPORT = "/api/v1/organization/export"
Item = dict[str, Any]


def exported(client: Client, *, limit: int = 500) -> list[Item]:
    """Everything, page by page."""
    items: list[Item] = []
    target = f"{EXPORT}?limit={limit}"
    while True:
        answer = client("GET", target)
        assert answer.status == 200, answer.json
        assert len(answer.data["items"]) <= limit
        items += answer.data["items"]
        if answer.data["next_cursor"] is None:
            return items
        target = f"{EXPORT}?limit={limit}&cursor={answer.data['next_cursor']}"


def notes(client: Client) -> list[tuple[str, int]]:
    found = client("GET", "/api/v1/audit?action=exportOrganization").data["records"]
    return [(one["outcome"], one["status"]) for one in found]


def test_an_owner_gets_everything_in_the_words_of_the_rest_of_the_api(api: Api, ada: Client) -> None:
    furnished(api, ada)
    key = ada("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["jobs:read"]}).data
    items = exported(ada, limit=3)
    kinds = {item["kind"] for item in items}
    assert kinds >= {"organization", "member", "api_key", "webhook", "queue", "job", "execution", "dead_letter"}
    assert "audit_record" in kinds

    def shown(path: str, kind: str, identifier: str) -> None:
        (item,) = (one for one in items if (one["kind"], one.get("id") or one.get("name")) == (kind, identifier))
        answer = ada("GET", path).data
        assert {name: value for name, value in answer.items() if name in item} == {
            name: value for name, value in item.items() if name in answer
        }
        assert set(item) - set(answer) <= {"kind", "payload_kept", "logs"}

    for item in items:
        if item["kind"] == "job":
            shown(f"/api/v1/jobs/{item['id']}", "job", item["id"])
        if item["kind"] == "execution":
            shown(f"/api/v1/executions/{item['id']}", "execution", item["id"])
        if item["kind"] == "dead_letter":
            shown(f"/api/v1/dead-letters/{item['id']}", "dead_letter", item["id"])
    shown("/api/v1/queues/images", "queue", "images")
    shown(f"/api/v1/api-keys/{key['id']}", "api_key", key["id"])
    shown("/api/v1/organization", "organization", ada("GET", "/api/v1/auth/me").data["tenant_id"])
    assert key["key"] not in json.dumps(items)
    assert "whsec_" not in json.dumps(items)


def test_two_tenants_see_nothing_of_each_other(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    tenant_id = furnished(api, ada)
    assert [item["kind"] for item in exported(eve)] == ["organization", "member", "audit_record"]
    assert tenant_id not in json.dumps(exported(eve))
    cursor = ada("GET", f"{EXPORT}?limit=1").data["next_cursor"]
    assert eve("GET", f"{EXPORT}?cursor={cursor}").fields == ["cursor"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=all", "limit"),
        ("cursor=", "cursor"),
        ("cursor=nonsense", "cursor"),
        ("cursor=WzEsImpvYnMiLCIwMSJd", "cursor"),
        ("page=1", "page"),
    ],
)
def test_bad_input_is_named(ada: Client, query: str, field: str) -> None:
    assert ada("GET", f"{EXPORT}?{query}").fields == [field]


def test_only_owners_who_have_signed_in_export(api: Api, ada: Client) -> None:
    scopes = ["jobs:read", "tenant:read", "queues:read", "webhooks:read"]
    key = ada("POST", "/api/v1/api-keys", {"name": "k", "scopes": scopes, "role": "owner"}).data["key"]
    assert api.anonymous("GET", EXPORT, headers={"X-API-Key": key}).status == 403
    assert api.anonymous("GET", EXPORT).status == 401
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
        assert as_role(api, ada, role)("GET", EXPORT).status == 403
    assert notes(as_role(api, ada, Role.OWNER)) == [("denied", 403)] * 4


def test_the_first_page_is_noted_and_no_other_one(api: Api, ada: Client) -> None:
    furnished(api, ada)
    assert len(exported(ada, limit=2)) > 4
    assert notes(ada) == [("succeeded", 200)]
    assert ada("GET", f"{EXPORT}?limit=0").status == 422
    assert notes(ada) == [("succeeded", 200)]


def test_a_store_that_fails_is_told_and_the_page_can_be_asked_for_again(
    api: Api, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    furnished(api, ada)
    walk = api.services.export_tenant.walk
    cursor = ada("GET", f"{EXPORT}?limit=2").data["next_cursor"]

    def fail(*_: Any, **__: Any) -> Any:
        raise UnavailableError("store", "throttled")

    with monkeypatch.context() as broken:
        broken.setattr(type(walk.holdings), "jobs", fail)
        assert ada("GET", f"{EXPORT}?cursor={cursor}").status == 503
    assert ada("GET", f"{EXPORT}?cursor={cursor}").status == 200


def test_one_exports_and_deletes_then(api: Api, ada: Client) -> None:
    furnished(api, ada)
    cursor = ada("GET", f"{EXPORT}?limit=2").data["next_cursor"]
    assert ada("DELETE", "/api/v1/organization", {"password": "Correct-Horse-9"}).status == 202
    assert ada("GET", f"{EXPORT}?cursor={cursor}").status == 401
