"""Series over HTTP, on both hosts: what ended, by the hour and by the day (C20)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.integration.test_api_statistics import JOBS, follow_stream

SERIES = "/api/v1/stats/series"
EMPTY: dict[str, Any] = {
    "total": 0,
    "by_status": {},
    "successful": 0,
    "failed": 0,
    "avg_duration_ms": None,
    "p50_ms": None,
    "p95_ms": None,
    "p99_ms": None,
}


def points(client: Client, query: str = "") -> list[Any]:
    return list(client("GET", f"{SERIES}{query}").data["points"])


def test_a_new_tenant_has_a_day_of_empty_points(ada: Client) -> None:
    data = ada("GET", SERIES).data
    assert (data["step"], data["from"], data["until"]) == (
        "hour",
        "2026-11-21T13:00:00.000Z",
        "2026-11-22T13:00:00.000Z",
    )
    assert len(data["points"]) == 24
    assert data["points"][0] == {"from": "2026-11-21T13:00:00.000Z", **EMPTY}
    assert len(points(ada, "?step=day")) == 30


def test_what_ended_is_told_by_the_hour_and_by_the_day(api: Api, ada: Client) -> None:
    for name in ("first", "second"):
        ada("POST", JOBS, {"name": name})
    api.world.work()
    follow_stream(api)
    *before, now = points(ada)
    assert {point["total"] for point in before} == {0}
    assert (now["from"], now["total"], now["successful"], now["failed"]) == ("2026-11-22T12:00:00.000Z", 2, 2, 0)
    assert now["by_status"] == {"success": 2}
    assert now["avg_duration_ms"] == now["p50_ms"] == now["p95_ms"] == now["p99_ms"] == 0
    [today] = points(ada, "?step=day&from=2026-11-22T00:00:00Z")
    assert today == now | {"from": "2026-11-22T00:00:00.000Z"}
    api.world.clock.advance(timedelta(hours=2).total_seconds())
    assert [point["total"] for point in points(ada)][-3:] == [2, 0, 0]


def test_the_first_instant_of_an_hour_is_a_range(ada: Client) -> None:
    [hour] = points(ada, "?from=2026-11-22T12:00:00Z&until=2026-11-22T12:00:00.000001Z")
    assert hour["from"] == "2026-11-22T12:00:00.000Z"


def test_the_rate_of_a_queue_follows_from_what_has_ended_in_it(api: Api, ada: Client) -> None:
    for _ in range(3):
        ada("POST", JOBS, {"name": "low", "priority": "low"})
    api.world.work()
    follow_stream(api)
    low = ada("GET", "/api/v1/stats").data["queues"]["default-low"]
    assert (low["executions"], low["executions_failed"], low["avg_duration_seconds"]) == (3, 0, 0)


@pytest.mark.parametrize(
    ("query", "field", "reason"),
    [
        ("?step=minute", "step", "hour"),
        ("?from=yesterday", "from", "ISO 8601"),
        ("?from=2026-11-22T12:00:00", "from", "offset"),
        ("?until=1", "until", "ISO 8601"),
        ("?from=2026-11-22T13:00:00Z", "from", "future"),
        ("?from=2026-11-20T00:00:00Z&until=2026-11-19T00:00:00Z", "until", "after from"),
        ("?from=2026-11-20T00:00:00Z&until=2026-11-20T01:00:00%2B01:00", "until", "after from"),
        ("?until=1969-12-31T23:59:59Z", "until", "1970"),
        ("?from=2026-01-01T00:00:00Z", "from", "1000 hours"),
    ],
)
def test_a_range_that_cannot_be_told_is_422(ada: Client, query: str, field: str, reason: str) -> None:
    at, told = ada("GET", f"{SERIES}{query}").fault
    assert at == field
    assert reason in told


def test_nobody_sees_another_tenants_series(api: Api, ada: Client) -> None:
    ada("POST", JOBS, {"name": "mine"})
    api.world.work()
    follow_stream(api)
    assert sum(point["total"] for point in points(api.user())) == 0
    assert api.anonymous("GET", SERIES).status == 401
