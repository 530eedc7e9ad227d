"""What a tenant's jobs cost, over HTTP, on both hosts (X19)."""

from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.integration.test_api_statistics import follow_stream

USAGE = "/api/v1/usage"
JOBS = "/api/v1/jobs"
NOTHING = dict.fromkeys(
    [
        "created_soon",
        "created_far",
        "created_recurring",
        "children",
        "changes",
        "attempts",
        "occurrences",
        "retries",
        "given_up",
        "outside",
    ],
    0,
)


def test_the_usage_of_a_tenant_without_jobs(ada: Client) -> None:
    data = ada("GET", USAGE).data
    assert (data["since"], data["until"]) == ("2026-11-01", "2026-11-23")
    assert (data["days"], data["queues"]) == ([], [])
    assert data["total"]["activities"] == NOTHING
    assert data["total"]["estimated_usd"] == {"least": 0, "most": 0}
    assert data["prices"]["region"] == "us-east-1"


def test_what_was_done_is_told_by_day_and_queue_with_its_price(api: Api, ada: Client) -> None:
    assert ada("POST", "/api/v1/queues", {"name": "letters"}).status == 201
    ada("POST", JOBS, {"name": "now"})
    ada("POST", JOBS, {"name": "in a queue", "queue": "letters", "delay_seconds": 3600})
    hourly = ada("POST", JOBS, {"name": "hourly", "cron_expression": "0 * * * *"}).data["id"]
    api.world.work()
    assert ada("POST", f"{JOBS}/{hourly}/pause").status == 200
    follow_stream(api)
    data = ada("GET", USAGE).data
    done = {"created_soon": 1, "created_far": 1, "created_recurring": 1, "attempts": 1, "changes": 1}
    assert data["total"]["activities"] == NOTHING | done
    [day] = data["days"]
    assert (day["day"], day["activities"]) == ("2026-11-22", data["total"]["activities"])
    queues = {each["queue"]: each["activities"] for each in data["queues"]}
    assert queues["letters"] == NOTHING | {"created_far": 1}
    assert 0 < data["total"]["estimated_usd"]["least"] < data["total"]["estimated_usd"]["most"] < 0.0001
    least, most = data["total"]["units"]["least"], data["total"]["units"]["most"]
    assert most["http_requests"] == 4
    assert 11 <= least["write_units"] < most["write_units"] < 30
    one = ada("GET", f"{USAGE}?queue=letters").data
    assert one["total"]["activities"] == queues["letters"]
    assert [each["queue"] for each in one["queues"]] == ["letters"]
    past: dict[str, Any] = ada("GET", f"{USAGE}?since=2026-10-01&until=2026-11-01").data
    assert (past["days"], past["total"]["activities"]) == ([], NOTHING)


@pytest.mark.parametrize(
    ("query", "field", "right"),
    [
        ("since=yesterday", "since", "2026-11-25"),
        ("since=2026-02-30", "since", "2026-11-25"),
        ("until=20261101", "until", "2026-11-25"),
        ("since=0001-01-01", "since", "1970"),
        ("since=2026-11-02&until=2026-11-02", "until", "after since"),
        ("since=2026-12-01", "since", "before until"),
        ("since=2026-01-01", "until", "92 days"),
    ],
)
def test_a_range_that_cannot_be_told_is_422(ada: Client, query: str, field: str, right: str) -> None:
    at, told = ada("GET", f"{USAGE}?{query}").fault
    assert at == field
    assert right in told


def test_nobody_sees_another_tenants_usage(api: Api, ada: Client) -> None:
    ada("POST", JOBS, {"name": "mine"})
    follow_stream(api)
    assert ada("GET", USAGE).data["total"]["activities"]["created_soon"] == 1
    assert api.user()("GET", USAGE).data["total"]["activities"] == NOTHING
    assert api.anonymous("GET", USAGE).status == 401
