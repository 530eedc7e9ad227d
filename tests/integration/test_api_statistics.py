"""Statistics, workers and health levels over HTTP, on both hosts (C20, Q7, Q8, S4, E8, B8)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.contract.dynamodb_probe import stream_records
from tests.contract.queue_engines import REGION
from tests.integration.test_api_system import broken_api
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.application.health import HealthLevel, backlog_level
from tickwell.application.heartbeat import Heartbeat
from tickwell.application.statistics import WorkHealth
from tickwell.domain.counts import ExecutionTally
from tickwell.domain.errors import UnavailableError
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.lane import Lane

JOBS = "/api/v1/jobs"
NO_EXECUTIONS: dict[str, Any] = {
    "total": 0,
    "successful": 0,
    "failed": 0,
    "success_rate": None,
    "avg_duration_seconds": None,
    "max_duration_seconds": None,
    "min_duration_seconds": None,
    "by_status": {},
}


def follow_stream(api: Api) -> None:
    """On AWS counts come by the table's stream; here as often as a test wants."""
    counts = api.world.measuring.counts
    if isinstance(counts, DynamoTenantCounts):
        counts.apply(changes_from({"Records": stream_records(REGION)}))


def test_the_statistics_of_a_tenant_without_jobs(ada: Client) -> None:
    data = ada("GET", "/api/v1/dashboard/stats").data
    assert set(data["jobs"].values()) == {0}
    assert data["executions"] == NO_EXECUTIONS
    assert (data["upcoming_jobs"], data["recent_executions"]) == ([], [])
    assert ada("GET", "/api/v1/stats").data["queues"] == {}
    assert ada("GET", "/api/v1/jobs/stats/overview").data["executions"] == NO_EXECUTIONS


def test_the_dashboard_counts_jobs_and_executions_and_shows_what_was_and_what_comes(api: Api, ada: Client) -> None:
    done = ada("POST", JOBS, {"name": "Done"}).data["id"]
    api.world.work()
    failed = ada("POST", JOBS, {"name": "Doomed", "task": "send_email", "payload": {"to": "a@b.example"}})
    assert failed.status == 422, "no job, nothing to count"
    cron = {"name": "Hourly", "cron_expression": "0 * * * *"}
    hourly = ada("POST", JOBS, cron).data["id"]
    ada("POST", JOBS, {"name": "In two days", "delay_seconds": 2 * 86400})
    ada("POST", JOBS, {"name": "Soon", "delay_seconds": 60})
    follow_stream(api)
    data = ada("GET", "/api/v1/dashboard/stats").data
    assert data["jobs"] == {
        "total": 4,
        "active": 3,
        "completed": 1,
        "paused": 0,
        "failed": 0,
        "cancelled": 0,
        "onetime": 3,
        "recurring": 1,
    }
    assert (data["pending"], data["running"], data["dead_letters"]) == (3, 0, 0)
    assert (data["executions"]["total"], data["executions"]["successful"]) == (1, 1)
    assert data["executions"]["success_rate"] == 100.0
    assert [job["name"] for job in data["upcoming_jobs"]] == ["Soon", "Hourly"]
    assert data["upcoming_jobs"][1] == {
        "id": hourly,
        "name": "Hourly",
        "next_run": "2026-11-22T13:00:00.000Z",
        "job_type": "recurring",
    }
    [recent] = data["recent_executions"]
    assert (recent["job_id"], recent["job_name"], recent["status"]) == (done, "Done", "success")
    assert ada("GET", f"/api/v1/executions/{recent['id']}").data["id"] == recent["id"]


def test_counts_at_a_glance(api: Api, ada: Client) -> None:
    ada("POST", JOBS, {"name": "waits", "priority": "high", "delay_seconds": 60})
    ada("POST", JOBS, {"name": "runs", "priority": "low"})
    api.world.die()
    cancelled = ada("POST", JOBS, {"name": "not wanted", "delay_seconds": 60}).data["id"]
    ada("POST", f"{JOBS}/{cancelled}/cancel")
    deleted = ada("POST", JOBS, {"name": "deleted", "delay_seconds": 60}).data["id"]
    ada("DELETE", f"{JOBS}/{deleted}")
    follow_stream(api)
    data = ada("GET", "/api/v1/stats").data
    assert {name: data[name] for name in data if isinstance(data[name], int)} == {
        "total_jobs": 3,
        "pending_jobs": 1,
        "running_jobs": 1,
        "completed_jobs": 0,
        "failed_jobs": 0,
        "cancelled_jobs": 1,
        "paused_jobs": 0,
        "dead_letter_count": 0,
        "active_workers": 0,
    }
    assert data["queue_breakdown"] == {"high": 1, "medium": 0, "low": 0, "heavy": 0}
    assert data["queues"]["default-low"] == {
        "pending": 0,
        "running": 1,
        "completed": 0,
        "failed": 0,
        "executions": 0,
        "executions_failed": 0,
        "avg_duration_seconds": None,
    }
    overview = ada("GET", "/api/v1/jobs/stats/overview").data
    assert (overview["pending"], overview["active"], overview["jobs"]["total"]) == (1, 1, 3)


def test_nobody_sees_another_tenants_counts(api: Api, ada: Client) -> None:
    ada("POST", JOBS, {"name": "mine"})
    follow_stream(api)
    assert ada("GET", "/api/v1/stats").data["total_jobs"] == 1
    other = api.user()
    assert other("GET", "/api/v1/stats").data["total_jobs"] == 0
    for path in ("/api/v1/dashboard/stats", "/api/v1/stats", "/api/v1/stats/series", "/api/v1/workers"):
        assert api.anonymous("GET", path).status == 401


def test_active_workers_are_listed(api: Api, ada: Client) -> None:
    world = api.world
    assert ada("GET", "/api/v1/workers").data == {"workers": [], "count": 0}
    beating = Heartbeat(
        workers=world.measuring.workers, clock=world.clock, worker_id="worker-1", interval=timedelta(seconds=10)
    )
    beating.beat((Lane.HIGH, Lane.HEAVY), 2)
    data = ada("GET", "/api/v1/workers").data
    assert data["workers"] == [
        {
            "id": "worker-1",
            "status": "active",
            "lanes": ["high", "heavy"],
            "running": 2,
            "started_at": "2026-11-22T12:00:00.000Z",
            "last_heartbeat_at": "2026-11-22T12:00:00.000Z",
        }
    ]
    assert ada("GET", "/api/v1/stats").data["active_workers"] == 1
    world.clock.advance(60)
    assert ada("GET", "/api/v1/workers").data["count"] == 0


def test_the_health_of_store_and_queues_is_public_and_tells_no_numbers(api: Api) -> None:
    for path in ("/health/store", "/health/redis"):
        answer = api.anonymous("GET", path)
        assert answer.status == 200
        assert answer.json == {"success": True, "status": "healthy", "level": "normal", "latency_ms": 0}
    answer = api.anonymous("GET", "/health/queues")
    assert answer.json["lanes"] == dict.fromkeys(["high", "medium", "low", "heavy"], "normal")
    assert "waiting" not in answer.body.decode()


def test_a_store_that_does_not_answer_is_503_and_critical(api: Api) -> None:
    answer = broken_api("asgi", api.world, UnavailableError("store", "throttled")).anonymous("GET", "/health/store")
    assert (answer.status, answer.json["code"], answer.json["level"]) == (503, "DEGRADED", "critical")


def test_an_owner_sees_levels_of_lanes_queues_and_work(api: Api, ada: Client) -> None:
    for number in range(100):
        ada("POST", JOBS, {"name": f"job {number}", "priority": "low"})
    data = ada("GET", "/admin/queues/health").data
    assert data["level"] == "warning", "100 wait in a lane"
    assert data["lanes"]["low"]["waiting"] == 100
    queues = {queue["name"]: queue["level"] for queue in data["queues"]}
    assert (queues["default-low"], queues["default-high"]) == ("warning", "normal")
    assert data["work"] == {"level": "normal", "executions": 0, "error_rate": 0.0, "avg_duration_seconds": None}
    assert api.anonymous("GET", "/admin/queues/health").status == 401


@pytest.mark.parametrize(
    ("waiting", "level"), [(0, "normal"), (99, "normal"), (100, "warning"), (999, "warning"), (1000, "critical")]
)
def test_a_backlog_has_a_level(waiting: int, level: str) -> None:
    assert backlog_level(waiting) == level


@pytest.mark.parametrize(
    ("successful", "failed", "duration_ms", "level"),
    [
        (0, 0, 0, HealthLevel.NORMAL),
        (1000, 9, 1000, HealthLevel.NORMAL),
        (99, 1, 1000, HealthLevel.WARNING),
        (80, 20, 1000, HealthLevel.CRITICAL),
        (100, 0, 500_000, HealthLevel.WARNING),
        (100, 0, 100 * 300_001, HealthLevel.CRITICAL),
    ],
)
def test_work_has_a_level_by_errors_and_by_time(
    successful: int, failed: int, duration_ms: int, level: HealthLevel
) -> None:
    by_status = {ExecutionStatus.SUCCESS: successful, ExecutionStatus.LOST: failed}
    assert WorkHealth(tally=ExecutionTally(by_status=by_status, duration_ms=duration_ms)).level is level
