"""Jobs through the API, on both hosts."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Api, Client

JOBS = "/api/v1/jobs"


def create(client: Client, **fields: Any) -> dict[str, Any]:
    answer = client("POST", JOBS, {"name": "Daily Backup", **fields})
    assert answer.status == 201, answer.json
    assert answer.json["message"] == "Job created successfully"
    job: dict[str, Any] = answer.data
    return job


def test_an_immediate_job_runs_and_is_counted(api: Api, ada: Client) -> None:
    job = create(
        ada,
        name="Data Processing",
        description="Process user data",
        job_type="one-time",
        schedule_type="immediate",
        payload={"data_source": "users", "ids": [1, None]},
        timeout_seconds=60,
        max_retries=1,
        tags=["etl"],
    )
    assert (job["status"], job["state"], job["next_run"]) == ("active", "waiting", "2026-11-22T12:00:00.000Z")
    assert (job["job_type"], job["schedule_type"]) == ("one-time", "immediate")
    assert (job["timeout_seconds"], job["max_retries"], job["tags"]) == (60, 1, ["etl"])
    assert job["user_id"] == ada("GET", "/api/v1/auth/me").data["id"]
    api.world.work()
    shown = ada("GET", f"{JOBS}/{job['id']}").data
    assert (shown["status"], shown["state"], shown["next_run"]) == ("completed", "completed", None)
    assert shown["payload"] == {"data_source": "users", "ids": [1, None]}
    assert shown["description"] == "Process user data"
    assert shown["last_executed_at"] == "2026-11-22T12:00:00.000Z"
    assert shown["retry_count"] == 0
    assert shown["statistics"] == {
        "total_executions": 1,
        "successful_executions": 1,
        "failed_executions": 0,
        "average_duration_ms": 0,
    }


@pytest.mark.parametrize(
    ("fields", "next_run", "shown"),
    [
        (
            {"scheduled_time": "2026-11-25T10:00:00+01:00", "schedule_type": "scheduled"},
            "2026-11-25T09:00:00.000Z",
            {"scheduled_time": "2026-11-25T09:00:00.000Z", "schedule_type": "scheduled", "job_type": "one-time"},
        ),
        ({"delay_seconds": 90}, "2026-11-22T12:01:30.000Z", {"schedule_type": "scheduled", "job_type": "one-time"}),
        (
            {"cron_expression": "0 0 * * *"},
            "2026-11-23T00:00:00.000Z",
            {"schedule_type": "cron", "job_type": "recurring", "cron_expression": "0 0 * * *", "timezone": "UTC"},
        ),
        (
            {"cron_expression": "0 9 * * 1-5", "timezone": "America/New_York", "job_type": "recurring"},
            "2026-11-23T14:00:00.000Z",
            {"timezone": "America/New_York"},
        ),
        (
            {"interval_seconds": 90, "schedule_type": "interval"},
            "2026-11-22T12:01:30.000Z",
            {"schedule_type": "interval", "job_type": "recurring", "interval_seconds": 90},
        ),
    ],
)
def test_schedules_are_shown_as_they_were_asked_for(
    ada: Client, fields: dict[str, Any], next_run: str, shown: dict[str, Any]
) -> None:
    job = create(ada, **fields)
    assert (job["next_run"], job["state"]) == (next_run, "delayed")
    assert {key: job[key] for key in shown} == shown
    assert ada("GET", f"{JOBS}/{job['id']}").data["next_run"] == next_run


def test_a_past_instant_runs_at_once(api: Api, ada: Client) -> None:
    job = create(ada, scheduled_time="2020-01-01T00:00:00Z")
    assert job["state"] == "waiting"
    api.world.work()
    assert ada("GET", f"{JOBS}/{job['id']}").data["status"] == "completed"


@pytest.mark.parametrize(
    ("priority", "lane"), [("high", "high"), (1, "high"), (2, "medium"), (3, "medium"), (4, "low"), (99, "low")]
)
def test_priorities_choose_lanes(ada: Client, priority: object, lane: str) -> None:
    assert create(ada, priority=priority)["priority"] == lane


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "a\0"}, ["name"]),
        ({"task": "unknown"}, ["task"]),
        ({"job_type": "unknown"}, ["task"]),
        ({"task": "send_email", "payload": {"to": "ada@example.com"}}, ["payload.subject"]),
        ({"scheduled_time": "2026-11-25T09:00:00"}, ["scheduled_time"]),
        ({"cron_expression": "often"}, ["cron_expression"]),
        ({"cron_expression": "0 9 * * *", "scheduled_time": "2026-11-25T09:00:00Z"}, ["cron_expression"]),
        ({"job_type": "one-time", "cron_expression": "0 9 * * *"}, ["job_type"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"priority": "urgent"}, ["priority"]),
        ({"priority": 0}, ["priority"]),
        ({"timeout_seconds": 871, "max_retries": -1}, ["timeout_seconds", "max_retries"]),
        ({"tenant_id": "another"}, ["tenant_id"]),
        ({"surprise": 1, "another": 2}, ["surprise", "another"]),
    ],
)
def test_faults_are_named_and_nothing_is_created(ada: Client, fields: dict[str, Any], at_fault: list[str]) -> None:
    answer = ada("POST", JOBS, {"name": "x", **fields})
    assert answer.fields[: len(at_fault)] == at_fault
    assert ada("GET", JOBS).data["jobs"] == []


def test_listing_goes_from_the_newest_to_the_oldest_page_by_page(api: Api, ada: Client) -> None:
    names = []
    for number in range(7):
        names.append(create(ada, name=f"job {number}")["name"])
        api.world.clock.advance(1)
    found, target = [], f"{JOBS}?limit=3"
    for _ in range(10):
        page = ada("GET", target).data
        assert page["pagination"]["limit"] == 3
        assert len(page["jobs"]) <= 3
        found += [job["name"] for job in page["jobs"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
        target = f"{JOBS}?limit=3&cursor={cursor}"
    assert found == names[::-1]


def test_deleting_leaves_the_history(api: Api, ada: Client) -> None:
    job = create(ada, interval_seconds=60)
    api.world.live(timedelta(minutes=2))
    answer = ada("DELETE", f"{JOBS}/{job['id']}")
    assert (answer.status, answer.json["message"]) == (200, "Job deleted successfully")
    assert ada("GET", JOBS).data["jobs"] == []
    shown = ada("GET", f"{JOBS}/{job['id']}")
    assert (shown.status, shown.data["status"], shown.data["next_run"]) == (200, "deleted", None)
    assert len(ada("GET", f"{JOBS}/{job['id']}/executions").data["executions"]) >= 1
    again = ada("DELETE", f"{JOBS}/{job['id']}")
    assert (again.status, again.json["code"]) == (404, "NOT_FOUND")


def test_pausing_and_resuming(api: Api, ada: Client) -> None:
    job = create(ada, cron_expression="*/5 * * * *")
    paused = ada("POST", f"{JOBS}/{job['id']}/pause")
    assert (paused.status, paused.json["message"]) == (200, "Job paused successfully")
    assert paused.data == {
        "id": job["id"],
        "status": "paused",
        "state": "paused",
        "paused_at": "2026-11-22T12:00:00.000Z",
    }
    assert ada("POST", f"{JOBS}/{job['id']}/pause").status == 409
    api.world.live(timedelta(minutes=11))
    assert ada("GET", f"{JOBS}/{job['id']}/executions").data["executions"] == []
    resumed = ada("POST", f"{JOBS}/{job['id']}/resume")
    assert (resumed.status, resumed.json["message"]) == (200, "Job resumed successfully")
    assert (resumed.data["status"], resumed.data["next_run"]) == ("active", "2026-11-22T12:15:00.000Z")
    assert resumed.data["resumed_at"] == "2026-11-22T12:11:00.000Z"
    again = ada("POST", f"{JOBS}/{job['id']}/resume")
    assert (again.status, again.json["code"]) == (409, "ILLEGAL_TRANSITION")


def test_a_one_time_job_cannot_be_paused(ada: Client) -> None:
    job = create(ada, delay_seconds=60)
    answer = ada("POST", f"{JOBS}/{job['id']}/pause")
    assert (answer.status, answer.json["code"]) == (409, "ILLEGAL_TRANSITION")


def test_another_tenants_jobs_do_not_exist(api: Api, ada: Client) -> None:
    job = create(ada, interval_seconds=60)
    api.world.live(timedelta(minutes=2))
    execution = ada("GET", f"{JOBS}/{job['id']}/executions").data["executions"][0]
    eve = api.user("eve@example.com")
    for method, path in [
        ("GET", f"{JOBS}/{job['id']}"),
        ("DELETE", f"{JOBS}/{job['id']}"),
        ("POST", f"{JOBS}/{job['id']}/pause"),
        ("POST", f"{JOBS}/{job['id']}/resume"),
        ("GET", f"{JOBS}/{job['id']}/executions"),
        ("GET", f"/api/v1/executions/{execution['id']}"),
        ("GET", f"/api/v1/executions/{execution['id']}/logs"),
        ("GET", f"/api/v1/executions/{execution['id']}/email"),
    ]:
        answer = eve(method, path)
        assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND"), path
    assert eve("GET", JOBS).data["jobs"] == []
    assert ada("GET", f"{JOBS}/{job['id']}").data["status"] == "active"


def test_another_tenants_cursor_leads_to_ones_own_jobs_only(api: Api, ada: Client) -> None:
    for number in range(4):
        create(ada, name=f"ada {number}")
    cursor = ada("GET", f"{JOBS}?limit=1").data["pagination"]["next_cursor"]
    eve = api.user("eve@example.com")
    create(eve, name="eve's")
    answer = eve("GET", f"{JOBS}?limit=50&cursor={cursor}")
    assert answer.status == 200
    assert {job["name"] for job in answer.data["jobs"]} <= {"eve's"}


def test_a_large_payload_comes_back_whole(ada: Client) -> None:
    payload = {"text": "ü" * 150_000}
    job = create(ada, payload=payload)
    assert ada("GET", f"{JOBS}/{job['id']}").data["payload"] == payload
