"""Recurring schedules through the API: what is said of them is shown, changed, and refused with its field."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api_hosts import Api, Client

JOBS = "/api/v1/jobs"
SAID: dict[str, Any] = {
    "cron_expression": "30 2 * * *",
    "timezone": "Europe/Berlin",
    "dst_missing": "skip",
    "dst_repeated": "both",
    "start_at": "2027-03-28T00:00:00+01:00",
    "end_at": "2027-10-31T02:30:00+01:00",
    "exclude": ["2027-10-29/2027-10-30", "2027-03-29"],
    "jitter_seconds": 60,
}
SHOWN: dict[str, Any] = {
    **SAID,
    "start_at": "2027-03-27T23:00:00.000Z",
    "end_at": "2027-10-31T01:30:00.000Z",
    "exclude": ["2027-03-29", "2027-10-29/2027-10-30"],
}
DEFAULTS: dict[str, Any] = {
    "dst_missing": "shift",
    "dst_repeated": "first",
    "start_at": None,
    "end_at": None,
    "exclude": [],
    "jitter_seconds": 0,
}


@pytest.fixture
def ada(api: Api) -> Client:
    return api.user("ada@example.com")


def create(ada: Client, **fields: Any) -> dict[str, Any]:
    answer = ada("POST", JOBS, {"name": "a job", **fields})
    assert answer.status == 201, answer.json
    return dict(answer.data)


def part(body: dict[str, Any], names: dict[str, Any]) -> dict[str, Any]:
    return {name: body[name] for name in names}


def test_what_is_said_of_a_schedule_is_shown_and_null_takes_it_away(ada: Client) -> None:
    made = create(ada, **SAID)
    assert part(made, SHOWN) == SHOWN
    assert made["next_run"] == "2027-03-30T00:30:00.000Z"  # the 28th has no 02:30, the 29th is excluded
    path = f"{JOBS}/{made['id']}"
    assert part(ada("GET", path).data, SHOWN) == SHOWN
    answer = ada("PATCH", path, dict.fromkeys(DEFAULTS))
    assert answer.status == 200, answer.json
    assert part(answer.data, DEFAULTS) == DEFAULTS
    assert answer.data["cron_expression"] == SAID["cron_expression"]


def test_an_interval_has_a_zone_for_its_exclusions_and_no_policies_for_the_clock(ada: Client) -> None:
    made = create(ada, interval_seconds=3600, timezone="Asia/Tokyo", exclude=["2026-12-24"])
    shown = part(made, {**DEFAULTS, "timezone": None, "schedule_type": None})
    expected = {**DEFAULTS, "dst_missing": None, "dst_repeated": None, "exclude": ["2026-12-24"]}
    assert shown == {**expected, "timezone": "Asia/Tokyo", "schedule_type": "interval"}


def test_a_step_as_wide_as_its_field_may_be_said(ada: Client) -> None:
    assert create(ada, cron_expression="*/60 */24 * * *")["cron_expression"] == "*/60 */24 * * *"


def test_a_step_that_is_too_wide_is_refused_in_edits_and_previews(ada: Client) -> None:
    job_id = create(ada, cron_expression="*/30 * * * *")["id"]
    edited = ada("PATCH", f"{JOBS}/{job_id}", {"cron_expression": "*/90 * * * *"})
    previewed = ada("GET", f"/api/v1/schedules/preview?cron_expression={quote('*/90 * * * *')}")
    for answer in (edited, previewed):
        assert answer.fields == ["cron_expression"]
        assert "interval_seconds takes any interval" in answer.json["message"]


@pytest.mark.parametrize(
    ("fields", "field", "says"),
    [
        ({"cron_expression": "0 24 * * *"}, "cron_expression", "the hour '24' is not one (0-23)"),
        ({"cron_expression": "0 0 * * 8"}, "cron_expression", "the day of week '8' is not one"),
        ({"cron_expression": "0 0 31 4 *"}, "cron_expression", "no date has day of month '31' with month '4'"),
        ({"cron_expression": "0 9 * * MON,8"}, "cron_expression", "the day of week 'MON,8' is not one"),
        ({"cron_expression": "@reboot"}, "cron_expression", "known are @yearly, @annually, @monthly, @weekly, "),
        ({"cron_expression": "*/0 * * * *"}, "cron_expression", "the step of the minute '*/0' must be at least 1"),
        ({"cron_expression": "*/90 * * * *"}, "cron_expression", "interval_seconds takes any interval"),
        ({"cron_expression": "0 */25 * * *"}, "cron_expression", "the step of the hour '*/25' is wider than"),
        ({"interval_seconds": 60, "timezone": "Mars/Olympus"}, "timezone", "IANA"),
        ({"interval_seconds": 60, "end_at": "2020-01-01T00:00:00Z"}, "end_at", "before the first occurrence"),
        ({"interval_seconds": 60, "exclude": ["2026-12-24/2026-12-23"]}, "exclude", "ends before it begins"),
        ({"delay_seconds": 60, "exclude": ["2026-12-24"]}, "exclude", "cron_expression or interval_seconds"),
    ],
)
def test_what_cannot_be_is_refused_with_its_field_and_why(
    ada: Client, fields: dict[str, Any], field: str, says: str
) -> None:
    answer = ada("POST", JOBS, {"name": "a job", **fields})
    assert answer.fields == [field]
    assert says in answer.json["message"]
