"""Limits on requests, as callers meet them (C23)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.api_hosts import ORIGIN, PASSWORD, Api, Client, new_api, services_of
from tests.integration.test_api_roles import as_role
from tests.world import World
from tickwell.domain.account import Role
from tickwell.http.access import RateClass
from tickwell.http.request_limits import Quota

JOBS = "/api/v1/jobs"
HOUR = timedelta(hours=1)
QUOTAS = {
    RateClass.WRITE: Quota(limit=3, per=HOUR),
    RateClass.READ: Quota(limit=5, per=HOUR),
    RateClass.REGISTER: Quota(limit=4, per=HOUR),
}
JOB = {"name": "x"}


@pytest.fixture
def limited(api: Api) -> Api:
    """Each host on its engine, with small limits."""
    kind = "lambda" if "strict-transport-security" in api.anonymous("GET", "/").headers else "asgi"
    return new_api(kind, api.world, services=services_of(api.world, quotas=QUOTAS))


@pytest.fixture
def ada(limited: Api) -> Client:
    return limited.user("ada@example.com")


def test_every_answer_says_what_is_left_and_the_one_too_many_when_to_come_again(limited: Api, ada: Client) -> None:
    limited.world.clock.advance(600.5)
    answers = [ada("POST", JOBS, JOB), ada("POST", JOBS, {"name": ""}), ada("POST", f"{JOBS}/x/pause")]
    assert [answer.status for answer in answers] == [201, 422, 404]
    assert [answer.headers["x-ratelimit-remaining"] for answer in answers] == ["2", "1", "0"]
    refused = ada("POST", JOBS, JOB)
    assert (refused.status, refused.json["code"]) == (429, "RATE_LIMITED")
    reset_epoch = int((limited.world.clock.now() + timedelta(seconds=2999.5)).timestamp())
    told = {name: refused.headers[name] for name in refused.headers if name.startswith("x-ratelimit")}
    assert told == {
        "x-ratelimit-limit": "3",
        "x-ratelimit-remaining": "0",
        "x-ratelimit-reset": str(reset_epoch),
    }
    assert refused.headers["retry-after"] == "3000"
    assert refused.json["message"] == "the limit of 3 changes in an hour is reached; try again in 3000 s"
    limited.world.clock.advance(3000)
    assert ada("POST", JOBS, JOB).status == 201


def test_reads_and_changes_and_users_are_counted_apart(limited: Api, ada: Client) -> None:
    for _ in range(3):
        ada("POST", JOBS, JOB)
    assert ada("POST", JOBS, JOB).status == 429
    assert [ada("GET", JOBS).status for _ in range(6)] == [200] * 5 + [429]
    assert ada("HEAD", JOBS).status == 429
    eve = limited.user("eve@example.com")
    assert (eve("POST", JOBS, JOB).status, eve("GET", JOBS).headers["x-ratelimit-limit"]) == (201, "5")


def test_a_batch_counts_once(ada: Client) -> None:
    answer = ada("POST", f"{JOBS}/batch", {"jobs": [JOB] * 50})
    assert (answer.data["created"], answer.headers["x-ratelimit-remaining"]) == (50, "2")


def test_what_is_refused_writes_nothing(ada: Client) -> None:
    for _ in range(10):
        ada("POST", JOBS, JOB)
    assert len(ada("GET", JOBS).data["jobs"]) == 3


def test_who_may_not_fills_no_audit_log(limited: Api, ada: Client) -> None:
    """A denied request leaves a record, which is a write, whoever asks; so it counts."""
    as_role(limited, ada, Role.VIEWER)
    answers = [ada("POST", f"{JOBS}/x/pause") for _ in range(5)]
    assert [answer.status for answer in answers] == [403] * 3 + [429] * 2
    assert answers[0].headers["x-ratelimit-remaining"] == "2"
    as_role(limited, ada, Role.OWNER)
    records = ada("GET", "/api/v1/audit").data["records"]
    assert [record["outcome"] for record in records] == ["denied"] * 3 + ["succeeded"]


def test_one_address_registers_only_so_many_accounts(limited: Api, ada: Client) -> None:
    assert ada("GET", "/api/v1/auth/me").status == 200
    for number in range(3):
        limited.user(f"more-{number}@example.com")
    body = {"email": "one-too-many@example.com", "password": PASSWORD}
    assert limited.anonymous("POST", "/api/v1/auth/register", body).status == 429
    assert limited.anonymous("POST", "/api/v1/auth/login", body).status == 401


def test_health_questions_before_the_request_and_who_is_nobody_count_for_nothing(limited: Api, ada: Client) -> None:
    for _ in range(8):
        assert "x-ratelimit-limit" not in limited.anonymous("GET", "/health").headers
        assert limited.anonymous("GET", JOBS).status == 401
        assert ada("OPTIONS", JOBS).status == 204
        assert ada("GET", "/nothing").status == 404
    assert ada("GET", JOBS).headers["x-ratelimit-remaining"] == "4"


def test_pages_of_other_origins_may_read_the_headers(ada: Client) -> None:
    exposed = ada("GET", JOBS, headers={"Origin": ORIGIN}).headers["access-control-expose-headers"]
    assert {"Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} <= set(
        exposed.split(", ")
    )


def test_without_limits_nothing_is_said(open_world: Callable[[], World]) -> None:
    user = new_api("asgi", open_world()).user()
    assert [name for name in user("POST", JOBS, JOB).headers if name.startswith("x-ratelimit")] == []
