"""Quotas through the API, on both hosts and their engines."""

from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.contract.dynamodb_probe import stream_records
from tests.contract.queue_engines import REGION
from tests.integration.test_api_dead_letters import LETTERS, give_up
from tests.integration.test_api_dead_letters import tasks as tasks  # noqa: PLC0414 - a fixture
from tests.integration.test_api_organization import ACCEPT, INVITATIONS, MEMBERS, accept, member
from tests.integration.test_api_passwords import mails, token_of
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.domain.quota import QuotaName

JOBS, QUOTAS = "/api/v1/jobs", "/api/v1/organization/quotas"
LATER = {"name": "later", "delay_seconds": 3600}


def limit(api: Api, client: Client, **limits: int | None) -> str:
    """Decide quotas as the operator does, and let the servers notice; the tenant's id."""
    tenant_id: str = client("GET", "/api/v1/organization").data["id"]
    api.world.quotas.store.change(tenant_id, {QuotaName(name): most for name, most in limits.items()})
    api.world.clock.advance(5)
    return tenant_id


def count(api: Api) -> None:
    """Let what was written be counted, and the servers notice."""
    counts = api.world.measuring.counts
    if isinstance(counts, DynamoTenantCounts):
        counts.apply(changes_from({"Records": stream_records(REGION)}))
    api.world.clock.advance(5)


def require_refused(answer: Any, quota: str, most: int, used: int) -> None:
    assert (answer.status, answer.json["code"]) == (403, "QUOTA_EXCEEDED"), answer.json
    details = {detail["field"]: detail["message"] for detail in answer.json["details"]}
    assert details == {"quota": quota, "limit": str(most), "used": str(used)}
    assert "ask the operator for a larger quota" in answer.json["message"]


def test_all_quotas_are_shown_with_what_is_used(api: Api, ada: Client) -> None:
    shown = {each["name"]: each for each in ada("GET", QUOTAS).data["quotas"]}
    assert shown == {
        "jobs": {"name": "jobs", "limit": 1_000_000, "used": 0, "fixed": False},
        "members": {"name": "members", "limit": 100, "used": 1, "fixed": False},
        "queues": {"name": "queues", "limit": 100, "used": 0, "fixed": True},
        "webhooks": {"name": "webhooks", "limit": 10, "used": 0, "fixed": True},
        "api_keys": {"name": "api_keys", "limit": 100, "used": 0, "fixed": True},
    }
    for _ in range(2):
        assert ada("POST", JOBS, LATER).status == 201
    assert ada("POST", "/api/v1/queues", {"name": "images"}).status == 201
    assert ada("POST", "/api/v1/webhooks", {"url": "https://hooks.example.com/x"}).status == 201
    assert ada("POST", "/api/v1/api-keys", {"name": "build", "scopes": ["jobs:read"]}).status == 201
    limit(api, ada, jobs=None, members=0)
    count(api)
    shown = {each["name"]: (each["limit"], each["used"]) for each in ada("GET", QUOTAS).data["quotas"]}
    assert shown == {
        "jobs": (None, 2),
        "members": (0, 1),
        "queues": (100, 1),
        "webhooks": (10, 1),
        "api_keys": (100, 1),
    }


def test_no_job_is_created_beyond_the_quota(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    limit(api, ada, jobs=2)
    first = ada("POST", JOBS, LATER).data
    assert ada("POST", JOBS, LATER).status == 201
    require_refused(ada("POST", JOBS, LATER), "jobs", 2, 2)
    assert ada("POST", JOBS, {"name": ""}).status == 422, "what is wrong with a request comes first"
    assert eve("POST", JOBS, LATER).status == 201
    count(api)
    require_refused(ada("POST", JOBS, LATER), "jobs", 2, 2)
    assert len(ada("GET", JOBS).data["jobs"]) == 2
    assert ada("POST", f"{JOBS}/{first['id']}/cancel").status == 200
    count(api)
    assert ada("POST", JOBS, LATER).status == 201


def test_a_refused_job_leaves_no_payload_behind(api: Api, ada: Client, tmp_path: Path) -> None:
    tenant_id = limit(api, ada, jobs=1)
    large = {**LATER, "payload": "x" * 300_000}
    for number in range(2):
        answers = [ada("POST", JOBS, large).status, ada("POST", f"{JOBS}/batch", {"jobs": [large]}).status]
        assert answers == ([201, 200] if number == 0 else [403, 200])
    assert len(list((tmp_path / "blobs" / "tenants" / tenant_id / "payloads").iterdir())) == 1


def test_a_quota_of_zero_lets_nothing_in_and_what_was_accepted_goes_on(api: Api, ada: Client) -> None:
    job = ada("POST", JOBS, {"name": "each minute", "cron_expression": "* * * * *"}).data
    limit(api, ada, jobs=0)
    count(api)
    require_refused(ada("POST", JOBS, LATER), "jobs", 0, 1)
    place = f"{JOBS}/{job['id']}"
    assert ada("POST", f"{place}/pause").status == 200
    assert ada("POST", f"{place}/resume").status == 200
    assert ada("PATCH", place, {"name": "renamed"}).status == 200
    assert ada("POST", f"{place}/execute").status in {200, 202}
    assert ada("POST", f"{place}/cancel").status == 200
    api.world.clock.advance(60)
    api.world.work()
    assert ada("POST", f"{place}/retry").status == 200
    api.world.clock.advance(60)
    api.world.sync()
    api.world.work()
    assert ada("GET", f"{place}/executions").data["executions"]


def test_of_a_batch_the_first_ones_are_created_and_each_other_one_is_told(api: Api, ada: Client) -> None:
    limit(api, ada, jobs=3)
    jobs = [LATER, {"name": ""}, *[{**LATER, "name": f"job {number}"} for number in range(4)]]
    answer = ada("POST", f"{JOBS}/batch", {"jobs": jobs})
    assert answer.status == 200
    assert (answer.data["created"], answer.data["failed"]) == (3, 3)
    codes = [result.get("error", {}).get("code") for result in answer.data["results"]]
    assert codes == [None, "VALIDATION_ERROR", None, None, "QUOTA_EXCEEDED", "QUOTA_EXCEEDED"]
    details = answer.data["results"][-1]["error"]["details"]
    assert details == [
        {"field": "quota", "message": "jobs"},
        {"field": "limit", "message": "3"},
        {"field": "used", "message": "3"},
    ]
    names = {job["name"] for job in ada("GET", JOBS).data["jobs"]}
    assert names == {"later", "job 0", "job 1"}


def test_a_batch_of_several_steps_ends_at_the_quota(api: Api, ada: Client) -> None:
    limit(api, ada, jobs=150)
    answer = ada("POST", f"{JOBS}/batch", {"jobs": [LATER] * 250})
    assert [result["success"] for result in answer.data["results"]] == [True] * 150 + [False] * 100


def test_a_dead_letter_is_retried_only_within_the_quota(api: Api, ada: Client) -> None:
    letters = [give_up(api, ada), give_up(api, ada)]
    limit(api, ada, jobs=0)
    count(api)
    retry = f"{LETTERS}/{letters[0]['id']}/retry"
    require_refused(ada("POST", retry), "jobs", 0, 0)
    assert ada("GET", f"{LETTERS}/{letters[0]['id']}").data["retried_as"] is None
    limit(api, ada, jobs=1)
    report = ada("POST", f"{LETTERS}/retry", {"all": True}).data
    assert (report["matched"], report["changed"], report["skipped"], report["failed"]) == (2, 1, 0, 1)
    assert ["as many unfinished jobs" in reason["reason"] for reason in report["reasons"]] == [True]
    api.world.work()
    count(api)
    report = ada("POST", f"{LETTERS}/retry", {"all": True, "dry_run": True}).data
    assert report["changed"] == 2, "the letter of the retry, and the one that was refused"


def test_nobody_is_invited_whom_there_is_no_place_for(api: Api, ada: Client, tmp_path: Path) -> None:
    limit(api, ada, members=2)
    member(api, ada, tmp_path, "grace@example.com")
    require_refused(ada("POST", INVITATIONS, {"email": "eve@example.com"}), "members", 2, 2)
    assert ada("POST", INVITATIONS, {"email": "Grace@example.com"}).json["code"] == "CONFLICT"
    assert ada("GET", INVITATIONS).data["invitations"] == []
    limit(api, ada, members=None)
    assert ada("POST", INVITATIONS, {"email": "eve@example.com"}).status == 201


def test_an_invitation_is_accepted_only_while_there_is_a_place(api: Api, ada: Client, tmp_path: Path) -> None:
    limit(api, ada, members=2)
    for email in ("grace@example.com", "eve@example.com"):
        assert ada("POST", INVITATIONS, {"email": email}).status == 201
    tokens = {to: token_of(text) for to, text in mails(api, tmp_path)}
    grace = accept(api, tokens["grace@example.com"])
    assert grace.status == 201
    require_refused(accept(api, tokens["eve@example.com"]), "members", 2, 2)
    assert len(ada("GET", MEMBERS).data["members"]) == 2
    assert api.anonymous("POST", ACCEPT, {"token": "x", "password": "Correct-Horse-9"}).fields == ["token"]
    assert ada("DELETE", f"{MEMBERS}/{grace.data['user']['id']}").status == 200
    assert accept(api, tokens["eve@example.com"]).status == 201


def test_others_see_their_own_quotas(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    limit(api, ada, jobs=7)
    assert ada("GET", QUOTAS).data["quotas"][0]["limit"] == 7
    assert eve("GET", QUOTAS).data["quotas"][0]["limit"] == 1_000_000


@pytest.mark.parametrize("path", [JOBS, f"{JOBS}/batch"])
def test_what_was_answered_under_a_key_is_answered_alike_when_the_quota_is_full(
    api: Api, ada: Client, path: str
) -> None:
    limit(api, ada, jobs=1)
    body = LATER if path == JOBS else {"jobs": [LATER, LATER]}
    first = ada("POST", path, body, headers={"Idempotency-Key": "k"})
    count(api)
    again = ada("POST", path, body, headers={"Idempotency-Key": "k"})
    assert (again.status, again.json) == (first.status, first.json)
    assert again.headers["idempotency-replayed"] == "true"


def test_the_key_of_a_refused_request_is_free_for_another_try(api: Api, ada: Client) -> None:
    limit(api, ada, jobs=0)
    assert ada("POST", JOBS, LATER, headers={"Idempotency-Key": "k"}).status == 403
    limit(api, ada, jobs=1)
    assert ada("POST", JOBS, LATER, headers={"Idempotency-Key": "k"}).status == 201
