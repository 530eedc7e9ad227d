"""Listings of jobs through the API, on both hosts and engines (C9, C16)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Api, Client

JOBS = "/api/v1/jobs"
UPCOMING = f"{JOBS}/upcoming"


def create(client: Client, name: str, **fields: Any) -> str:
    answer = client("POST", JOBS, {"name": name, **fields})
    assert answer.status == 201, answer.json
    return str(answer.data["id"])


def names(client: Client, query: str) -> list[str]:
    answer = client("GET", f"{JOBS}?{query}")
    assert answer.status == 200, answer.json
    return [job["name"] for job in answer.data["jobs"]]


@pytest.fixture
def few(api: Api, ada: Client) -> Client:
    """One completed job, one that waits an hour, two recurring ones, one of which is paused."""
    create(ada, "once", tags=["etl"], priority="high")
    api.world.work()
    api.world.clock.advance(1)
    create(ada, "Later", delay_seconds=3600, tags=["etl", "big"])
    api.world.clock.advance(1)
    create(ada, "daily backup", cron_expression="0 0 * * *")
    api.world.clock.advance(1)
    paused = create(ada, "Hourly backup", interval_seconds=3600)
    ada("POST", f"{JOBS}/{paused}/pause")
    return ada


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["Hourly backup", "daily backup", "Later", "once"]),
        ("sort_order=asc", ["once", "Later", "daily backup", "Hourly backup"]),
        ("status=active", ["daily backup", "Later"]),
        ("status=pending", ["daily backup", "Later"]),
        ("status=completed", ["once"]),
        ("state=paused", ["Hourly backup"]),
        ("status=running", []),
        ("job_type=recurring", ["Hourly backup", "daily backup"]),
        ("task=echo&job_type=one-time", ["Later", "once"]),
        ("queue=default-high", ["once"]),
        ("tag=etl", ["Later", "once"]),
        ("search=BACKUP", ["Hourly backup", "daily backup"]),
        ("status=active&sort_by=next_run&sort_order=asc&limit=10", ["Later", "daily backup"]),
        ("sort_by=next_run", ["daily backup", "Later", "Hourly backup", "once"]),
        ("sort_by=name&sort_order=asc", ["daily backup", "Hourly backup", "Later", "once"]),
        ("sort_by=updated_at&limit=1", ["Hourly backup"]),
    ],
)
def test_jobs_are_filtered_and_sorted(few: Client, query: str, expected: list[str]) -> None:
    assert names(few, query) == expected


def test_pages_have_numbers_and_totals(few: Client) -> None:
    pages = [few("GET", f"{JOBS}?sort_by=name&page={page}&limit=3").data for page in (1, 2, 3)]
    assert [len(page["jobs"]) for page in pages] == [3, 1, 0]
    for number, page in enumerate(pages, start=1):
        cursor = page["pagination"].pop("next_cursor")
        assert (cursor is not None) == (number == 1)
        assert page["pagination"] == {"total": 4, "page": number, "limit": 3, "total_pages": 2}
    first = few("GET", f"{JOBS}?limit=10").data["pagination"]
    assert first == {"total": 4, "page": 1, "limit": 10, "total_pages": 1, "next_cursor": None}
    cursor = few("GET", f"{JOBS}?sort_by=name&limit=3").data["pagination"]["next_cursor"]
    behind = few("GET", f"{JOBS}?sort_by=name&limit=3&cursor={cursor}").data
    assert [job["id"] for job in behind["jobs"]] == [job["id"] for job in pages[1]["jobs"]]
    assert behind["pagination"]["page"] is None


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("status=sleeping", ["status"]),
        ("state=", ["state"]),
        ("job_type=sometimes", ["job_type"]),
        ("sort_by=priority", ["sort_by"]),
        ("sort_order=up", ["sort_order"]),
        ("search=", ["search"]),
        ("tag=" + "x" * 256, ["tag"]),
        ("limit=101", ["limit"]),
        ("page=0", ["page"]),
        ("page=x", ["page"]),
        ("sort_by=name&cursor=WzEsImpvYnMiLCJ4Il0", ["cursor"]),
        ("page=1&cursor=WzEsImpvYnMiLCJ4Il0", ["page"]),
    ],
)
def test_bad_parameters_are_named(ada: Client, query: str, fields: list[str]) -> None:
    answer = ada("GET", f"{JOBS}?{query}")
    assert (answer.status, answer.fields) == (422, fields)


def test_an_unknown_status_is_told_what_there_is(ada: Client) -> None:
    _, told = ada("GET", f"{JOBS}?status=sleeping").fault
    assert "pending" in told
    assert "retrying" in told


def test_upcoming_jobs_are_those_of_the_next_24_hours(api: Api, few: Client) -> None:
    answer = few("GET", UPCOMING).data
    shown = [(job["name"], job["next_run"], job["job_type"]) for job in answer["jobs"]]
    assert shown == [
        ("Later", "2026-11-22T13:00:01.000Z", "one-time"),
        ("daily backup", "2026-11-23T00:00:00.000Z", "recurring"),
    ]
    assert all(set(job) == {"id", "name", "next_run", "job_type"} for job in answer["jobs"])
    assert (answer["count"], answer["next_cursor"]) == (2, None)
    first = few("GET", f"{UPCOMING}?limit=1").data
    second = few("GET", f"{UPCOMING}?limit=1&cursor={first['next_cursor']}").data
    assert [job["name"] for page in (first, second) for job in page["jobs"]] == ["Later", "daily backup"]
    api.world.live(timedelta(hours=2))
    assert [job["name"] for job in few("GET", UPCOMING).data["jobs"]] == ["daily backup"]
    assert few("GET", f"{UPCOMING}?limit=0").fields == ["limit"]


def test_nobody_sees_the_jobs_of_another_tenant(api: Api, few: Client) -> None:
    eve = api.user("eve@example.com")
    assert names(eve, "sort_by=name") == []
    assert eve("GET", UPCOMING).data == {"jobs": [], "count": 0, "next_cursor": None}
    foreign = few("GET", f"{JOBS}?sort_by=name&limit=1").data["pagination"]["next_cursor"]
    assert names(eve, f"sort_by=name&cursor={foreign}") == []
