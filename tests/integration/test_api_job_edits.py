"""``PATCH /jobs/{id}`` and ``POST /jobs/{id}/execute`` on both hosts (C11, C15)."""

from typing import Any

import pytest

from tests.api_hosts import Api, Client

JOBS = "/api/v1/jobs"


def create(client: Client, **fields: Any) -> str:
    answer = client("POST", JOBS, {"name": "Daily Backup", **fields})
    assert answer.status == 201, answer.json
    job_id: str = answer.data["id"]
    return job_id


def test_the_seeds_update(api: Api, ada: Client) -> None:
    job_id = create(ada, cron_expression="0 0 * * *", payload={"backup_type": "full"})
    api.world.clock.advance(60)
    answer = ada(
        "PATCH",
        f"{JOBS}/{job_id}",
        {
            "name": "Updated Job Name",
            "description": "Updated description",
            "cron_expression": "0 1 * * *",
            "payload": {"backup_type": "incremental"},
            "timeout_seconds": 800,
            "status": "paused",
        },
    )
    assert (answer.status, answer.json["message"]) == (200, "Job updated successfully")
    seen = {field: answer.data[field] for field in ("id", "name", "status", "updated_at")}
    assert seen == {
        "id": job_id,
        "name": "Updated Job Name",
        "status": "paused",
        "updated_at": "2026-11-22T12:01:00.000Z",
    }
    shown = ada("GET", f"{JOBS}/{job_id}").data
    assert (shown["cron_expression"], shown["timeout_seconds"]) == ("0 1 * * *", 800)
    assert (shown["description"], shown["payload"]) == ("Updated description", {"backup_type": "incremental"})
    resumed = ada("PATCH", f"{JOBS}/{job_id}", {"status": "active"}).data
    assert (resumed["status"], resumed["next_run"]) == ("active", "2026-11-23T01:00:00.000Z")


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({}, ["body"]),
        ({"name": ""}, ["name"]),
        ({"name": None}, ["name"]),
        ({"status": "completed"}, ["status"]),
        ({"status": None}, ["status"]),
        ({"task": "echo"}, ["task"]),
        ({"surprise": 1}, ["surprise"]),
        ({"cron_expression": "often"}, ["cron_expression"]),
        ({"cron_expression": ""}, ["cron_expression"]),
        ({"cron_expression": "0 0 30 2 *"}, ["cron_expression"]),
        ({"cron_expression": None}, ["cron_expression"]),
        ({"timezone": "Mars/Olympus"}, ["timezone"]),
        ({"delay_seconds": 60, "timezone": "UTC"}, ["timezone"]),
        ({"interval_seconds": 60, "timezone": "Mars/Olympus"}, ["timezone"]),
        ({"interval_seconds": 60, "dst_missing": "skip"}, ["dst_missing"]),
        ({"delay_seconds": 60, "jitter_seconds": 5}, ["jitter_seconds"]),
        ({"end_at": "2020-01-01T00:00:00Z"}, ["end_at"]),
        ({"start_at": "2030-01-02T00:00:00Z", "end_at": "2030-01-01T00:00:00Z"}, ["end_at"]),
        ({"exclude": ["1970-01-01/2199-12-31"]}, ["exclude"]),
        ({"exclude": ["2026-02-30"]}, ["exclude"]),
        ({"dst_repeated": "never"}, ["dst_repeated"]),
        ({"interval_seconds": 60, "cron_expression": "0 9 * * *"}, ["interval_seconds"]),
        ({"schedule_type": "cron"}, ["cron_expression"]),
        ({"schedule_type": "interval", "cron_expression": "0 9 * * *"}, ["schedule_type"]),
        ({"scheduled_time": "2026-11-25T09:00:00"}, ["scheduled_time"]),
        ({"queue": "unknown"}, ["queue"]),
        ({"priority": "urgent"}, ["priority"]),
        ({"timeout_seconds": 871, "max_retries": -1}, ["timeout_seconds", "max_retries"]),
        ({"delay_seconds": 5, "pause_after_failures": 2}, ["pause_after_failures"]),
    ],
)
def test_a_faulty_change_is_told_by_its_field_and_changes_nothing(
    ada: Client, fields: dict[str, Any], at_fault: list[str]
) -> None:
    job_id = create(ada, cron_expression="0 0 * * *")
    before = ada("GET", f"{JOBS}/{job_id}").data
    assert sorted(ada("PATCH", f"{JOBS}/{job_id}", fields).fields) == sorted(at_fault)
    assert ada("GET", f"{JOBS}/{job_id}").data == before


def test_a_time_zone_goes_with_expressions_only(ada: Client) -> None:
    job_id = create(ada, delay_seconds=60)
    assert ada("PATCH", f"{JOBS}/{job_id}", {"timezone": "Asia/Tokyo"}).fields == ["timezone"]


def test_what_others_own_is_not_there_and_what_has_ended_is_not_scheduled(api: Api, ada: Client) -> None:
    job_id = create(ada)
    eve = api.user("eve@example.com")
    assert eve("PATCH", f"{JOBS}/{job_id}", {"name": "mine"}).status == 404
    api.world.work()
    refused = ada("PATCH", f"{JOBS}/{job_id}", {"delay_seconds": 60})
    assert (refused.status, refused.json["code"]) == (409, "ILLEGAL_TRANSITION")
    assert ada("PATCH", f"{JOBS}/{job_id}", {"tags": ["done"]}).data["tags"] == ["done"]


def test_a_job_is_run_once_more(api: Api, ada: Client) -> None:
    job_id = create(ada, cron_expression="0 0 * * *", payload=[1])
    api.world.clock.advance(1)
    answer = ada("POST", f"{JOBS}/{job_id}/execute")
    assert (answer.status, answer.json["message"]) == (202, "Job execution triggered")
    child_id, execution_id = answer.data["child_id"], answer.data["execution_id"]
    assert answer.data == {
        "jobId": job_id,
        "status": "queued",
        "message": "Job queued for immediate execution",
        "child_id": child_id,
        "execution_id": execution_id,
    }
    assert ada("GET", f"/api/v1/executions/{execution_id}").status == 404
    api.world.work()
    (listed,) = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert (listed["id"], listed["job_id"], listed["child_id"]) == (execution_id, job_id, child_id)
    shown = ada("GET", f"/api/v1/executions/{execution_id}").data
    assert (shown["status"], shown["output"], shown["job_name"]) == ("success", [1], "Daily Backup")
    assert ada("GET", f"/api/v1/executions/{execution_id}/logs").status == 200
    assert ada("GET", f"{JOBS}/{child_id}").data["parent_id"] == job_id
    assert [job["id"] for job in ada("GET", JOBS).data["jobs"]] == [job_id]
    parent = ada("GET", f"{JOBS}/{job_id}").data
    assert (parent["parent_id"], parent["next_run"]) == (None, "2026-11-23T00:00:00.000Z")
    assert parent["statistics"]["total_executions"] == 0
    assert api.user("eve@example.com")("POST", f"{JOBS}/{job_id}/execute").status == 404
    ada("DELETE", f"{JOBS}/{job_id}")
    refused = ada("POST", f"{JOBS}/{job_id}/execute")
    assert (refused.status, refused.json["code"]) == (409, "ILLEGAL_TRANSITION")


def test_overlap_misfire_and_expiry_are_said_shown_and_changed(ada: Client) -> None:
    said = {
        "overlap": "queue_all",
        "misfire": "run_all",
        "misfire_grace_seconds": 5,
        "misfire_max": 10,
        "misfire_spread_seconds": 2,
        "expires_after_seconds": 900,
    }
    job_id = create(ada, cron_expression="0 0 * * *", **said)
    assert said.items() <= ada("GET", f"{JOBS}/{job_id}").data.items()
    changed = ada("PATCH", f"{JOBS}/{job_id}", {"overlap": None, "misfire": "skip", "expires_after_seconds": None})
    assert changed.status == 200
    shown = ada("GET", f"{JOBS}/{job_id}").data
    assert {field: shown[field] for field in said} == {
        "overlap": "skip",
        "misfire": "skip",
        "misfire_grace_seconds": 5,
        "misfire_max": None,
        "misfire_spread_seconds": None,
        "expires_after_seconds": None,
    }
    assert ada("PATCH", f"{JOBS}/{job_id}", {"misfire_max": 3}).fields == ["misfire_max"]
    assert ada("PATCH", f"{JOBS}/{job_id}", {"misfire": "refuse"}).fields == ["misfire"]
    once = create(ada, scheduled_time="2027-01-01T00:00:00Z", misfire="refuse")
    late = {"scheduled_time": "2020-01-01T00:00:00Z"}
    assert ada("PATCH", f"{JOBS}/{once}", late).fields == ["scheduled_time"]
    assert ada("PATCH", f"{JOBS}/{once}", {"overlap": "allow"}).fields == ["overlap"]
    assert ada("POST", JOBS, {"name": "late", "misfire": "refuse", **late}).fields == ["scheduled_time"]
