"""Occurrences and backfill through the API, on both hosts."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api_hosts import Api, Client

JOBS = "/api/v1/jobs"
NOON = "2026-11-22T12:00:00.000Z"


@pytest.fixture
def hourly(ada: Client) -> str:
    answer = ada("POST", JOBS, {"name": "a job", "cron_expression": "0 * * * *"})
    assert answer.status == 201, answer.json
    job_id: str = answer.data["id"]
    return job_id


def listed(client: Client, job_id: str, query: str) -> Any:
    answer = client("GET", f"{JOBS}/{job_id}/occurrences?{query}")
    assert answer.status == 200, answer.json
    return answer.data


def test_an_occurrence_is_shown_with_its_outcome(api: Api, ada: Client, hourly: str) -> None:
    api.world.clock.advance(3600)
    api.world.sync()
    api.world.work()
    page = listed(ada, hourly, "until=2026-11-22T14:00:00Z")
    executed, to_come = page["occurrences"]
    (execution,) = ada("GET", f"{JOBS}/{hourly}/executions").data["executions"]
    assert executed == {
        "due_at": "2026-11-22T13:00:00.000Z",
        "last_due_at": None,
        "count": 1,
        "outcome": "executed",
        "reason": None,
        "status": "success",
        "attempt": 1,
        "execution_id": execution["id"],
        "child_id": None,
        "next_attempt_at": None,
    }
    assert (to_come["outcome"], to_come["execution_id"]) == ("upcoming", None)
    assert page["next_cursor"] is None


def test_an_open_listing_goes_on_by_its_cursor(ada: Client, hourly: str) -> None:
    first = listed(ada, hourly, "limit=2")
    second = listed(ada, hourly, f"limit=2&cursor={first['next_cursor']}")
    due = [one["due_at"] for page in (first, second) for one in page["occurrences"]]
    assert due == [f"2026-11-22T{hour}:00:00.000Z" for hour in (13, 14, 15, 16)]
    assert len(listed(ada, hourly, "limit=1000")["occurrences"]) == 1000


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("from=yesterday", "from"),
        ("until=2026-11-22T12:00:00", "until"),
        ("from=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z", "until"),
        ("cursor=", "cursor"),
        ("cursor=!", "cursor"),
        ("cursor=b2NjdXJyZW5jZXM6LTE", "cursor"),
        ("cursor=b2NjdXJyZW5jZXM6OTk5OTk5OTk5OTk5OTk5", "cursor"),
        (f"cursor={quote('ä')}", "cursor"),
    ],
)
def test_what_cannot_be_meant_is_refused(ada: Client, hourly: str, query: str, field: str) -> None:
    assert ada("GET", f"{JOBS}/{hourly}/occurrences?{query}").fields == [field]


def test_a_past_range_is_backfilled(api: Api, ada: Client, hourly: str) -> None:
    body = {"from": "2026-11-22T10:00:00Z", "until": "2026-11-22T11:30:00+00:00"}
    counted = ada("POST", f"{JOBS}/{hourly}/backfill", {**body, "dry_run": True})
    assert (counted.status, counted.json["message"]) == (200, "Backfill counted")
    assert (counted.data["created"], counted.data["dry_run"]) == (2, True)
    answer = ada("POST", f"{JOBS}/{hourly}/backfill", body)
    assert (answer.status, answer.json["message"]) == (200, "Backfill started")
    assert answer.data == {
        "dry_run": False,
        "created": 2,
        "existing": 0,
        "executed": 0,
        "until": "2026-11-22T11:30:00.000Z",
        "next_from": None,
        "last_start_at": "2026-11-22T12:00:01.000Z",
    }
    assert ada("POST", f"{JOBS}/{hourly}/backfill", body).data["existing"] == 2
    api.world.clock.advance(1)
    api.world.work()
    page = listed(ada, hourly, f"until={NOON}")
    assert [one["outcome"] for one in page["occurrences"]] == ["executed", "executed"]
    shown = ada("GET", f"{JOBS}/{hourly}/executions").data["executions"]
    assert [one["child_id"] for one in shown] == [one["child_id"] for one in page["occurrences"]][::-1]
    assert [one["due_at"] for one in shown] == ["2026-11-22T11:00:00.000Z", "2026-11-22T10:00:00.000Z"]
    records = ada("GET", "/api/v1/audit?action=backfillJob").data["records"]
    assert [(record["resource"], record["count"]) for record in records] == [(hourly, 0), (hourly, 2)]


def test_a_repeated_request_is_answered_alike(ada: Client, hourly: str) -> None:
    key = {"Idempotency-Key": "k"}
    body = {"from": "2026-11-22T10:00:00Z", "spread_seconds": 0}
    first = ada("POST", f"{JOBS}/{hourly}/backfill", body, headers=key)
    again = ada("POST", f"{JOBS}/{hourly}/backfill", body, headers=key)
    assert first.data == again.data
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["from"]),
        ({"from": "2026-11-22T10:00:00"}, ["from"]),
        ({"from": "2026-11-22T12:00:01Z"}, ["from"]),
        ({"from": NOON, "until": "2026-11-22T11:00:00Z"}, ["until"]),
        ({"from": NOON, "spread_seconds": -1}, ["spread_seconds"]),
        ({"from": NOON, "spread_seconds": 3601}, ["spread_seconds"]),
        ({"from": NOON, "since": NOON}, ["since"]),
        ({"from": NOON, "dry_run": 1}, ["dry_run"]),
    ],
)
def test_a_backfill_that_cannot_be_meant_is_refused(
    ada: Client, hourly: str, body: dict[str, Any], fields: list[str]
) -> None:
    assert ada("POST", f"{JOBS}/{hourly}/backfill", body).fields == fields


def test_a_one_time_job_has_nothing_to_make_up_for(ada: Client) -> None:
    job_id = ada("POST", JOBS, {"name": "a job", "delay_seconds": 60}).data["id"]
    answer = ada("POST", f"{JOBS}/{job_id}/backfill", {"from": NOON})
    assert (answer.status, answer.json["code"]) == (409, "ILLEGAL_TRANSITION")


def test_nobody_else_sees_or_backfills_it(api: Api, hourly: str) -> None:
    eve = api.user("eve@example.com")
    assert eve("GET", f"{JOBS}/{hourly}/occurrences").status == 404
    assert eve("POST", f"{JOBS}/{hourly}/backfill", {"from": NOON}).status == 404
