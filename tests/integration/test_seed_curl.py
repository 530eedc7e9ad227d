"""The curl examples of the system that this one replaces, word for word but for the host, against the local server.

What each answer must hold is what that system documents: each field of it, and its own sentences.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from tests.server_process import eventually, running

pytestmark = pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("bash") is None, reason="the examples are shell commands with curl"
)

HOST = "http://localhost:5000"

REGISTER = """
curl -X POST http://localhost:5000/api/v1/auth/register \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "test@example.com",
    "password": "Test123!@#"
  }'
"""
LOGIN = """
TOKEN=$(curl -X POST http://localhost:5000/api/v1/auth/login \\
  -H "Content-Type: application/json" \\
  -d '{
    "email": "test@example.com",
    "password": "Test123!@#"
  }' | jq -r '.data.token')

echo $TOKEN
"""
CREATE_IMMEDIATE = """
curl -X POST http://localhost:5000/api/v1/jobs \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $TOKEN" \\
  -d '{
    "name": "Test Job",
    "job_type": "one-time",
    "schedule_type": "immediate",
    "payload": {"test": true}
  }'
"""
LIST = """
curl -X GET http://localhost:5000/api/v1/jobs \\
  -H "Authorization: Bearer $TOKEN"
"""
GET = """
curl -X GET http://localhost:5000/api/v1/jobs/{JOB_ID} \\
  -H "Authorization: Bearer $TOKEN"
"""
CREATE_RECURRING = """
curl -X POST http://localhost:5000/api/v1/jobs \\
  -H "Content-Type: application/json" \\
  -H "Authorization: Bearer $TOKEN" \\
  -d '{
    "name": "Recurring Job",
    "job_type": "recurring",
    "schedule_type": "cron",
    "cron_expression": "*/5 * * * *",
    "payload": {"interval": "5min"}
  }'
"""
EXECUTE = """
curl -X POST http://localhost:5000/api/v1/jobs/{JOB_ID}/execute \\
  -H "Authorization: Bearer $TOKEN"
"""
HEALTH = """
curl http://localhost:5000/health
"""
DETAILED_HEALTH = """
curl -X GET http://localhost:5000/api/v1/dashboard/health \\
  -H "Authorization: Bearer $TOKEN"
"""
DASHBOARD = """
curl -X GET http://localhost:5000/api/v1/dashboard/stats \\
  -H "Authorization: Bearer $TOKEN"
"""
READ_TOKEN = """python3 -c 'import json, sys; print(json.load(sys.stdin)["data"]["token"])'"""

# Bodies of the same system's reference, sent as its curl examples are.
SCHEDULED = """{
  "name": "Weekly Report",
  "job_type": "one-time",
  "schedule_type": "scheduled",
  "scheduled_time": "2199-11-25T09:00:00Z",
  "payload": {
    "report_type": "sales",
    "format": "pdf"
  }
}"""
CRON = """{
  "name": "Daily Backup",
  "description": "Backup database daily at midnight",
  "job_type": "recurring",
  "schedule_type": "cron",
  "cron_expression": "0 0 * * *",
  "payload": {
    "backup_type": "full",
    "retention_days": 7
  },
  "timeout_seconds": 600
}"""
UPDATE = """{
  "name": "Updated Job Name",
  "description": "Updated description",
  "cron_expression": "0 1 * * *",
  "payload": {
    "backup_type": "incremental"
  },
  "timeout_seconds": 870,
  "status": "paused"
}"""
"""The reference says 900 seconds; nothing runs longer than 870 on Lambda."""

CREATED = {
    "id",
    "user_id",
    "name",
    "job_type",
    "schedule_type",
    "cron_expression",
    "next_run",
    "status",
    "created_at",
}
DETAIL = CREATED | {
    "description",
    "payload",
    "timeout_seconds",
    "retry_count",
    "max_retries",
    "updated_at",
    "last_executed_at",
    "statistics",
}
STATISTICS = {"total_executions", "successful_executions", "failed_executions", "average_duration_ms"}
LISTED = (CREATED - {"user_id"}) | {"last_executed_at"}
EXECUTION = {"id", "job_id", "execution_time", "status", "retry_attempt", "duration_ms", "output"}


@dataclass(kw_only=True)
class Shell:
    """Runs the examples against a server. ``token`` is what the login left in ``$TOKEN``."""

    url: str
    token: str = ""

    def run(self, script: str, job_id: str = "") -> str:
        """What ``script`` prints."""
        command = script.replace(HOST, self.url).replace("{JOB_ID}", job_id)
        if shutil.which("jq") is None:
            command = command.replace("jq -r '.data.token'", READ_TOKEN)
        done = subprocess.run(
            ["bash", "-c", command],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TOKEN": self.token},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout

    def answer(self, script: str, job_id: str = "") -> dict[str, Any]:
        """The success envelope that ``script`` prints."""
        found: dict[str, Any] = json.loads(self.run(script, job_id))
        assert found.get("success") is True, found
        return found

    def send(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        """The answer to a request that is written as the examples are."""
        content = "" if body is None else f"\\\n  -H \"Content-Type: application/json\" \\\n  -d '{body}'"
        return self.answer(f'curl -X {method} {HOST}/api/v1{path} \\\n  -H "Authorization: Bearer $TOKEN" {content}')


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with running(tmp_path_factory.mktemp("server")) as server:
        shell = Shell(url=server.url)
        registered = shell.answer(REGISTER)
        assert registered["message"] == "User registered successfully"
        assert_shows(registered["data"], {"user", "token", "expires_in"})
        assert_shows(registered["data"]["user"], {"id", "email", "created_at"})
        assert registered["data"]["expires_in"] == 86400
        shell.token = shell.run(LOGIN).strip()
        assert re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", shell.token)
        yield shell


def assert_shows(found: Mapping[str, Any], documented: set[str]) -> None:
    assert documented - set(found) == set()


def test_an_immediate_job_is_created_listed_and_shown(shell: Shell) -> None:
    created = shell.answer(CREATE_IMMEDIATE)
    assert created["message"] == "Job created successfully"
    assert_shows(created["data"], CREATED)
    job_id = created["data"]["id"]
    listed = shell.answer(LIST)["data"]
    assert_shows(listed["pagination"], {"total", "page", "limit", "total_pages"})
    (entry,) = [job for job in listed["jobs"] if job["id"] == job_id]
    assert_shows(entry, LISTED)
    shown = eventually(lambda: completed(shell, job_id))
    assert_shows(shown, DETAIL)
    assert_shows(shown["statistics"], STATISTICS)
    assert (shown["payload"], shown["max_retries"], shown["retry_count"]) == ({"test": True}, 3, 0)
    assert (shown["statistics"]["total_executions"], shown["statistics"]["successful_executions"]) == (1, 1)
    assert isinstance(shown["statistics"]["average_duration_ms"], int)


def completed(shell: Shell, job_id: str) -> dict[str, Any] | None:
    shown: dict[str, Any] = shell.answer(GET, job_id)["data"]
    return shown if shown["status"] == "completed" else None


def test_a_recurring_job_is_created_and_triggered_by_hand(shell: Shell) -> None:
    created = shell.answer(CREATE_RECURRING)["data"]
    assert_shows(created, CREATED)
    assert (created["cron_expression"], created["status"]) == ("*/5 * * * *", "active")
    triggered = shell.answer(EXECUTE, created["id"])
    assert triggered["message"] == "Job execution triggered"
    assert_shows(triggered["data"], {"jobId", "status", "message"})
    assert {key: triggered["data"][key] for key in ("jobId", "status", "message")} == {
        "jobId": created["id"],
        "status": "queued",
        "message": "Job queued for immediate execution",
    }
    page = eventually(lambda: executed(shell, created["id"]))
    assert_shows(page["pagination"], {"total", "page", "limit", "total_pages"})
    (execution,) = page["executions"]
    assert_shows(execution, EXECUTION)
    assert (execution["status"], execution["output"], execution["retry_attempt"]) == (
        "success",
        {"interval": "5min"},
        0,
    )
    assert execution["job_id"] == created["id"]
    one = shell.send("GET", f"/executions/{execution['id']}")["data"]
    assert_shows(one, EXECUTION | {"job_name", "error_message", "created_at"})
    logs = shell.send("GET", f"/executions/{execution['id']}/logs")["data"]
    assert logs["execution_id"] == execution["id"]
    lines = [line["message"] for line in logs["logs"]]
    assert (lines[0], lines[-1]) == ("Job execution started", "Job completed successfully")
    for line in logs["logs"]:
        assert_shows(line, {"id", "level", "message", "metadata", "timestamp"})
    assert logs["logs"][0]["metadata"]["jobName"] == "Recurring Job"
    assert "duration" in logs["logs"][-1]["metadata"]


def executed(shell: Shell, job_id: str) -> dict[str, Any] | None:
    page: dict[str, Any] = shell.send("GET", f"/jobs/{job_id}/executions")["data"]
    return page if page["executions"] else None


def test_health_and_the_dashboard_answer(shell: Shell) -> None:
    assert json.loads(shell.run(HEALTH))["status"] == "healthy"
    health = shell.answer(DETAILED_HEALTH)
    assert_shows(health, {"success", "status", "timestamp", "version", "services", "system"})
    assert_shows(health["system"], {"uptime_seconds", "memory", "environment"})
    assert_shows(health["system"]["memory"], {"used_mb", "total_mb"})
    assert health["status"] == "healthy"
    stats = shell.answer(DASHBOARD)["data"]
    assert_shows(stats, {"jobs", "executions", "upcoming_jobs", "recent_executions"})
    assert_shows(stats["jobs"], {"total", "active", "completed", "paused", "failed", "onetime", "recurring"})
    assert_shows(
        stats["executions"],
        {
            "total",
            "successful",
            "failed",
            "success_rate",
            "avg_duration_seconds",
            "max_duration_seconds",
            "min_duration_seconds",
        },
    )
    for job in stats["upcoming_jobs"]:
        assert_shows(job, {"id", "name", "next_run", "job_type"})
    for execution in stats["recent_executions"]:
        assert_shows(execution, {"id", "job_id", "job_name", "status", "execution_time", "duration_ms"})


def test_the_bodies_of_the_reference_live_their_lives(shell: Shell) -> None:
    scheduled = shell.send("POST", "/jobs", SCHEDULED)["data"]
    assert (scheduled["schedule_type"], scheduled["next_run"]) == ("scheduled", "2199-11-25T09:00:00.000Z")
    job_id = shell.send("POST", "/jobs", CRON)["data"]["id"]
    updated = shell.send("PATCH", f"/jobs/{job_id}", UPDATE)
    assert updated["message"] == "Job updated successfully"
    assert_shows(updated["data"], {"id", "name", "status", "updated_at"})
    assert (updated["data"]["name"], updated["data"]["status"]) == ("Updated Job Name", "paused")
    resumed = shell.send("POST", f"/jobs/{job_id}/resume")
    assert resumed["message"] == "Job resumed successfully"
    assert_shows(resumed["data"], {"id", "status", "next_run", "resumed_at"})
    assert "T01:00:00" in resumed["data"]["next_run"]
    paused = shell.send("POST", f"/jobs/{job_id}/pause")
    assert paused["message"] == "Job paused successfully"
    assert_shows(paused["data"], {"id", "status", "paused_at"})
    deleted = shell.send("DELETE", f"/jobs/{job_id}")
    assert deleted["message"] == "Job deleted successfully"


def test_the_other_seed_gives_its_jobs_no_name(shell: Shell) -> None:
    """`JobCreateRequest` there: type, priority, payload, retries, time; the type is required."""
    payload = '"payload": {"to": "test@example.com", "subject": "Hello", "body": "It is time."}'
    body = f'{{"job_type": "send_email", "priority": "high", {payload}, "max_retries": 3, "scheduled_for": null}}'
    created = shell.send("POST", "/jobs", body)["data"]
    assert (created["name"], created["task"], created["priority"]) == ("send_email", "send_email", "high")


def test_a_task_may_be_named_as_the_job_type_and_the_time_in_the_other_seeds_word(shell: Shell) -> None:
    body = (
        '{"name": "mail", "job_type": "send_email", "scheduled_for": "2199-11-25T09:00:00Z", '
        '"payload": {"to": "user@example.com", "subject": "Hello", "body": "It is time."}}'
    )
    created = shell.send("POST", "/jobs", body)["data"]
    assert (created["task"], created["job_type"], created["schedule_type"]) == ("send_email", "one-time", "scheduled")
