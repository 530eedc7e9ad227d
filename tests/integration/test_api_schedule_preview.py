"""The preview of schedules through the API, on both hosts."""

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api_hosts import Client


def preview(client: Client, **query: Any) -> Any:
    spelled = {name.rstrip("_"): value for name, value in query.items()}
    return client("GET", f"/api/v1/schedules/preview?{urlencode(spelled)}")


def due(client: Client, **query: Any) -> list[str]:
    answer = preview(client, **query)
    assert answer.status == 200, answer.json
    return [one["due_at"] for one in answer.data["occurrences"]]


def test_the_next_instants_of_an_expression_in_its_zone(ada: Client) -> None:
    answer = preview(ada, cron_expression="30 2 * * *", timezone="Europe/Berlin", from_="2027-03-27T12:00:00Z", count=2)
    assert answer.data == {
        "schedule_type": "cron",
        "timezone": "Europe/Berlin",
        "occurrences": [
            {"due_at": "2027-03-28T01:00:00.000Z", "local_time": "2027-03-28T03:00:00.000+02:00", "zone": "CEST"},
            {"due_at": "2027-03-29T00:30:00.000Z", "local_time": "2027-03-29T02:30:00.000+02:00", "zone": "CEST"},
        ],
        "ends": False,
    }


def test_an_interval_is_counted_from_now_or_from_its_start(ada: Client) -> None:
    assert due(ada, interval_seconds=90, count=2) == ["2026-11-22T12:01:30.000Z", "2026-11-22T12:03:00.000Z"]
    assert due(ada, interval_seconds=90, start_at="2026-11-23T00:00:00Z", count=1) == ["2026-11-23T00:00:00.000Z"]


def test_bounds_and_exclusions_count(ada: Client) -> None:
    answer = preview(
        ada, cron_expression="0 9 * * *", exclude="2026-11-23/2026-11-24,2026-11-26", end_at="2026-11-28T09:00:00+00:00"
    )
    shown = [one["due_at"][:10] for one in answer.data["occurrences"]]
    assert shown == ["2026-11-25", "2026-11-27", "2026-11-28"]
    assert answer.data["ends"] is True


def test_it_is_what_a_job_would_be_due_at(ada: Client) -> None:
    fields = {"cron_expression": "30 2 * * 0", "timezone": "Europe/Berlin", "dst_missing": "skip"}
    job = ada("POST", "/api/v1/jobs", {"name": "a job", **fields}).data
    listed = ada("GET", f"/api/v1/jobs/{job['id']}/occurrences?limit=50").data["occurrences"]
    assert due(ada, **fields, count=50) == [one["due_at"] for one in listed]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "cron_expression"),
        ({"timezone": "UTC"}, "cron_expression"),
        ({"cron_expression": "0 0 30 2 *"}, "cron_expression"),
        ({"cron_expression": "* *"}, "cron_expression"),
        ({"cron_expression": "0 0 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"cron_expression": "0 0 * * *", "interval_seconds": 60}, "interval_seconds"),
        ({"interval_seconds": 0}, "interval_seconds"),
        ({"interval_seconds": 10**12}, "interval_seconds"),
        ({"interval_seconds": 60, "dst_missing": "skip"}, "dst_missing"),
        ({"cron_expression": "0 0 * * *", "exclude": "2026-02-30"}, "exclude"),
        ({"cron_expression": "0 0 * * *", "end_at": "2026-11-22T12:00:01Z"}, "end_at"),
        ({"cron_expression": "0 0 * * *", "start_at": "soon"}, "start_at"),
        ({"cron_expression": "0 0 * * *", "from_": "soon"}, "from"),
        ({"cron_expression": "0 0 * * *", "count": 101}, "count"),
        ({"scheduled_time": "2026-11-22T12:00:01Z"}, "scheduled_time"),
    ],
)
def test_what_a_job_would_be_refused_for_is_refused(ada: Client, query: dict[str, Any], field: str) -> None:
    assert preview(ada, **query).fields == [field]
