"""Secrets of tenants through the API, on both hosts."""

from typing import Any

import pytest

from tests.api_hosts import PASSWORD, Api, Client
from tests.integration.test_api_audit import records, short
from tests.integration.test_api_roles import as_role
from tickwell.domain.account import Role
from tickwell.domain.secret import MOST_SECRETS

SECRETS = "/api/v1/secrets"
VALUE = "correct horse battery"


def put(client: Client, name: str, value: Any = VALUE) -> Any:
    return client("PUT", f"{SECRETS}/{name}", {"value": value})


def tenant_of(client: Client) -> str:
    return str(client("GET", "/api/v1/auth/me").data["tenant_id"])


def test_a_value_goes_in_and_never_comes_out(api: Api, ada: Client) -> None:
    answer = put(ada, "reports-token")
    shown = {"name": "reports-token", "changed_at": "2026-11-22T12:00:00.000Z"}
    assert (answer.status, answer.data) == (200, shown)
    listed = ada("GET", SECRETS)
    assert listed.data == {"secrets": [shown]}
    assert api.world.core.tenant_secrets.versions(tenant_of(ada), "reports-token") == (VALUE,)
    export = ada("GET", "/api/v1/organization/export")
    assert {"kind": "secret", **shown} in export.data["items"]
    for each in (answer, listed, export, ada("GET", "/api/v1/audit")):
        assert VALUE not in each.body.decode()
    assert ada("GET", f"{SECRETS}/reports-token").status == 405


def test_another_value_keeps_that_of_before_for_a_day(api: Api, ada: Client) -> None:
    put(ada, "token", "first value")
    api.world.clock.advance(60)
    assert put(ada, "token", "second value").data["changed_at"] == "2026-11-22T12:01:00.000Z"
    assert len(ada("GET", SECRETS).data["secrets"]) == 1
    assert api.world.core.tenant_secrets.versions(tenant_of(ada), "token") == ("second value", "first value")


def test_a_deleted_secret_is_gone(ada: Client) -> None:
    put(ada, "token")
    answer = ada("DELETE", f"{SECRETS}/token")
    assert (answer.status, answer.data) == (200, {"name": "token"})
    assert ada("DELETE", f"{SECRETS}/token").status == 404
    assert ada("GET", SECRETS).data == {"secrets": []}


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("Token", {"value": VALUE}, "name"),
        ("-token", {"value": VALUE}, "name"),
        ("to.ken", {"value": VALUE}, "name"),
        ("t" * 65, {"value": VALUE}, "name"),
        ("token", {"value": "short"}, "value"),
        ("token", {"value": "x" * 65_537}, "value"),
        ("token", {"value": "ü" * 40_000}, "value"),
        ("token", {"value": 1_234_567}, "value"),
        ("token", {"value": None}, "value"),
        ("token", {}, "value"),
        ("token", {"value": VALUE, "note": "x"}, "note"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(ada: Client, name: str, body: Any, field: str) -> None:
    answer = ada("PUT", f"{SECRETS}/{name}", body)
    assert answer.fields == [field]
    assert str(body.get("value") or VALUE)[:20] not in answer.body.decode()
    assert ada("GET", SECRETS).data == {"secrets": []}


@pytest.mark.parametrize("role", [Role.VIEWER, Role.MEMBER])
def test_secrets_are_for_admins(api: Api, ada: Client, role: Role) -> None:
    put(ada, "token")
    other = as_role(api, ada, role)
    assert other("GET", SECRETS).status == 403
    assert put(other, "token").status == 403
    assert other("DELETE", f"{SECRETS}/token").status == 403
    admin = as_role(api, ada, Role.ADMIN)
    assert put(admin, "token").status == 200


def test_of_another_tenant_nothing_is_seen_or_touched(api: Api, ada: Client) -> None:
    put(ada, "token")
    eve = api.user("eve@example.com")
    assert eve("GET", SECRETS).data == {"secrets": []}
    assert eve("DELETE", f"{SECRETS}/token").status == 404
    assert put(eve, "token", "a value of Eve's").status == 200
    assert api.world.core.tenant_secrets.versions(tenant_of(ada), "token") == (VALUE,)


def test_a_tenant_has_only_so_many(api: Api, ada: Client) -> None:
    tenant_id = tenant_of(ada)
    for number in range(MOST_SECRETS):
        api.world.core.tenant_secrets.put(tenant_id, f"token-{number}", VALUE)
    answer = put(ada, "one-more")
    assert (answer.status, answer.json["code"]) == (409, "CONFLICT")
    assert put(ada, "token-7").status == 200


def test_changes_are_in_the_audit_log_by_name(ada: Client) -> None:
    put(ada, "token")
    put(ada, "token", "short")
    ada("DELETE", f"{SECRETS}/token")
    found = short(records(ada))[:2]
    assert found == [("deleteSecret", "token", None, "succeeded"), ("putSecret", "token", None, "succeeded")]


def test_a_key_with_the_scope_writes_and_reads_names(api: Api, ada: Client) -> None:
    made = ada("POST", "/api/v1/api-keys", {"name": "k", "scopes": ["secrets:write"], "role": "admin"}).data["key"]
    with_key = {"Authorization": f"Bearer {made}"}
    assert api.anonymous("PUT", f"{SECRETS}/token", {"value": VALUE}, headers=with_key).status == 200
    assert api.anonymous("GET", SECRETS, headers=with_key).status == 403


def test_a_deleted_tenant_takes_its_secrets_along(api: Api, ada: Client) -> None:
    put(ada, "token")
    tenant_id = tenant_of(ada)
    eve = api.user("eve@example.com")
    put(eve, "token")
    assert ada("DELETE", "/api/v1/organization", {"password": PASSWORD}).status in {200, 202}
    api.world.clock.advance(3600)
    api.world.core.erase_tenants()(deadline=api.world.clock.now().replace(year=2027))
    assert api.world.core.tenant_secrets.list(tenant_id) == []
    assert len(eve("GET", SECRETS).data["secrets"]) == 1


def test_a_job_with_a_reference_is_accepted_shown_and_exported_as_it_is(api: Api, ada: Client) -> None:
    put(ada, "token")
    job = {"name": "a job", "payload": {"authorization": "Bearer {{secret:token}}"}}
    made = ada("POST", "/api/v1/jobs", job)
    assert made.status == 201
    api.world.work()
    shown = ada("GET", f"/api/v1/jobs/{made.data['id']}")
    assert shown.data["payload"] == job["payload"]
    assert shown.data["status"] == "completed"
    [execution] = ada("GET", f"/api/v1/jobs/{made.data['id']}/executions").data["executions"]
    assert execution["output"] == {"authorization": "Bearer ***"}
    wrong = ada("POST", "/api/v1/jobs", {"name": "a job", "payload": {"a": "{{secret:My Key}}"}})
    assert wrong.fields == ["payload.a"]
