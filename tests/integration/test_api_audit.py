"""The audit log through the API, on both hosts."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import PASSWORD, Api, Client, new_api
from tests.integration.test_api_passwords import FORGOT, RESET, mails, token_of
from tests.integration.test_api_roles import as_role
from tickwell.application.ports import AuditLog, Page
from tickwell.domain.account import Role
from tickwell.domain.audit import NOBODY, AuditFilter, AuditRecord
from tickwell.domain.errors import UnavailableError
from tickwell.http.access import ACCESS, RateClass
from tickwell.http.auditing import CHANGES_NOTHING, TOLD_BY_THE_JOB, is_audited
from tickwell.http.resolvers import all_routes, lambda_resolver

AUDIT, JOBS, QUEUES = "/api/v1/audit", "/api/v1/jobs", "/api/v1/queues"
JOB = {"name": "secret plans", "task": "echo", "payload": {"password": "hunter2"}}


def records(client: Client, query: str = "") -> list[dict[str, Any]]:
    answer = client("GET", f"{AUDIT}?limit=100{query}")
    assert answer.status == 200, answer.json
    found: list[dict[str, Any]] = answer.data["records"]
    return found


def short(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(one["action"], one["resource"], one["count"], one["outcome"]) for one in found]


def test_a_record_says_who_did_what_from_where(ada: Client) -> None:
    me = ada("GET", "/api/v1/auth/me").data
    answer = ada("POST", QUEUES, {"name": "images"})
    record, registered = records(ada)
    assert record == {
        "id": record["id"],
        "at": "2026-11-22T12:00:00.000Z",
        "user_id": me["id"],
        "api_key_id": None,
        "action": "createQueue",
        "resource": "images",
        "count": None,
        "outcome": "succeeded",
        "status": 201,
        "request_id": answer.headers["x-request-id"],
        "client_address": record["client_address"],
    }
    assert record["client_address"] in {"192.0.2.1", ""}  # the ASGI host of these tests has no peer
    assert (registered["action"], registered["user_id"]) == ("register", me["id"])


def test_changes_are_noted_newest_first_and_reads_and_creations_of_jobs_are_not(ada: Client) -> None:
    job = ada("POST", JOBS, {**JOB, "cron_expression": "0 18 * * *"}).data["id"]
    for action in ("pause", "resume", "cancel"):
        assert ada("POST", f"{JOBS}/{job}/{action}").status == 200
    assert ada("POST", f"{JOBS}/batch", {"jobs": [JOB, JOB]}).status == 200
    chosen = {"action": "delete", "all": True}
    assert ada("POST", f"{JOBS}/bulk", {**chosen, "dry_run": True}).data["matched"] == 3
    assert ada("POST", f"{JOBS}/bulk", chosen).status == 200
    assert ada("GET", JOBS).status == 200
    assert short(records(ada)[:-1]) == [
        ("changeJobs", None, 3, "succeeded"),
        ("createJobs", None, 2, "succeeded"),
        ("cancelJob", job, None, "succeeded"),
        ("resumeJob", job, None, "succeeded"),
        ("pauseJob", job, None, "succeeded"),
    ]


def test_no_payload_no_name_and_no_secret_is_kept(ada: Client) -> None:
    ada("POST", f"{JOBS}/batch", {"jobs": [JOB]})
    ada("POST", "/api/v1/webhooks", {"url": "https://hooks.example.com/SECRET-PATH"})
    ada("POST", "/api/v1/auth/login", {"email": "ada@example.com", "password": PASSWORD})
    text = str(records(ada))
    assert len(records(ada)) == 4
    for secret in ("secret plans", "hunter2", "SECRET-PATH", "whsec", PASSWORD, "ada@example.com"):
        assert secret not in text


def test_sign_ins_are_noted_and_what_was_tried_with_a_wrong_password(api: Api, ada: Client) -> None:
    login = {"email": "ada@example.com", "password": PASSWORD}
    token = api.anonymous("POST", "/api/v1/auth/login", login).data["token"]
    assert Client(host=api.host, token=token)("POST", "/api/v1/auth/logout").status == 200
    assert api.anonymous("POST", "/api/v1/auth/login", {**login, "password": "Wrong-Horse-9"}).status == 401
    assert api.anonymous("POST", "/api/v1/auth/login", {**login, "email": "eve@example.com"}).status == 401
    assert [(one["action"], one["outcome"], one["status"]) for one in records(ada)] == [
        ("login", "denied", 401),
        ("logout", "succeeded", 200),
        ("login", "succeeded", 200),
        ("register", "succeeded", 201),
    ]
    assert len({one["user_id"] for one in records(ada)}) == 1


def test_a_login_with_an_unknown_address_takes_a_record_too(api: Api, ada: Client) -> None:
    """By the time that a write takes everybody could tell which addresses have an account."""
    for email in ("ada@example.com", "nobody@example.com"):
        login = {"email": email, "password": "Wrong-Horse-9"}
        assert api.anonymous("POST", "/api/v1/auth/login", login).status == 401
    log = api.services.audit.log
    kept = log.list_records(NOBODY, chosen=AuditFilter(), limit=10, cursor=None).items
    assert [(one.action, one.outcome, one.status, one.user_id) for one in kept] == [("login", "denied", 401, NOBODY)]
    assert kept[0].expires_at == kept[0].at + timedelta(days=1)
    assert [one["action"] for one in records(ada)] == ["login", "register"]


def test_a_password_set_by_mail_is_noted(api: Api, ada: Client, tmp_path: Path) -> None:
    me = ada("GET", "/api/v1/auth/me").data
    api.anonymous("POST", FORGOT, {"email": "ada@example.com"})
    token = token_of(mails(api, tmp_path)[-1][1])
    new = {"token": token, "password": "Battery-Staple-8"}
    assert api.anonymous("POST", RESET, new).status == 200
    assert api.anonymous("POST", RESET, new).status == 422
    login = api.anonymous("POST", "/api/v1/auth/login", {"email": "ada@example.com", "password": new["password"]})
    found = records(Client(host=api.host, token=login.data["token"]))
    assert [(one["action"], one["outcome"], one["user_id"]) for one in found[1:]] == [
        ("resetPassword", "succeeded", me["id"]),
        ("register", "succeeded", me["id"]),
    ]


def test_who_may_not_is_noted_and_who_errs_is_not(api: Api, ada: Client) -> None:
    viewer = as_role(api, ada, Role.VIEWER)
    assert viewer("DELETE", f"{JOBS}/job-1").status == 403
    owner = as_role(api, ada, Role.OWNER)
    assert owner("DELETE", f"{JOBS}/job-1").status == 404
    assert owner("POST", QUEUES, {"name": "No Such Name"}).status == 422
    assert owner("POST", QUEUES, raw=b"{").status == 422
    assert short(records(owner)[:-1]) == [("deleteJob", "job-1", None, "denied")]


def test_only_owners_of_the_tenant_read_it(api: Api, ada: Client) -> None:
    ada("POST", QUEUES, {"name": "images"})
    assert [one["action"] for one in records(api.user("eve@example.com"))] == ["register"]
    for role in (Role.ADMIN, Role.MEMBER, Role.VIEWER):
        assert as_role(api, ada, role)("GET", AUDIT).status == 403


def test_filters_and_pages(api: Api, ada: Client) -> None:
    for name in ("a", "b", "c"):
        ada("POST", QUEUES, {"name": name})
        api.world.clock.advance(60)
    assert short(records(ada, "&action=createQueue&resource=b")) == [("createQueue", "b", None, "succeeded")]
    span = "&since=2026-11-22T12:01:00Z&until=2026-11-22T12:02:00Z"
    assert [one["resource"] for one in records(ada, span)] == ["b"]
    assert records(ada, "&actor=nobody") == []
    first = ada("GET", f"{AUDIT}?limit=3").data
    rest = ada("GET", f"{AUDIT}?limit=3&cursor={first['pagination']['next_cursor']}").data
    assert [one["resource"] for one in [*first["records"], *rest["records"]][:3]] == ["c", "b", "a"]
    assert rest["pagination"]["next_cursor"] is None


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("since=yesterday", "since"),
        ("until=2026-11-22", "until"),
        ("since=2026-11-22T12:00:00Z&until=2026-11-22T12:00:00Z", "until"),
        ("cursor=nonsense", "cursor"),
        ("limit=0", "limit"),
        ("who=ada", "who"),
    ],
)
def test_wrong_parameters_are_named(ada: Client, query: str, field: str) -> None:
    assert ada("GET", f"{AUDIT}?{query}").fields == [field]


class _Broken(AuditLog):
    def append(self, record: AuditRecord) -> None:
        raise UnavailableError("store", f"no room for {record.record_id}")

    def list_records(self, *_: Any, **__: Any) -> Page[AuditRecord]:
        raise UnavailableError("store", "gone")


def test_a_store_that_fails_afterwards_costs_the_record_and_not_the_answer(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    broken = new_api("asgi", replace(api.world, core=replace(api.world.core, audit_log=_Broken())))
    client = broken.user()
    assert client("POST", QUEUES, {"name": "images"}).status == 201
    (lost,) = [one for one in caplog.records if getattr(one, "operation", None) == "createQueue"]
    assert (lost.__dict__["action"], lost.__dict__["of_resource"]) == ("audit.lost", "images")
    assert client("GET", AUDIT).status == 503


def test_every_changing_operation_is_audited_but_the_creation_of_a_job() -> None:
    left_out = {
        str(route.operation_id)
        for route in all_routes(lambda_resolver())
        if route.method != "GET" and not is_audited(route)
    }
    quiet = {name for name in left_out if ACCESS[name].rate in {RateClass.GENERATE, RateClass.EXEMPT}}
    assert left_out - quiet == TOLD_BY_THE_JOB | CHANGES_NOTHING
