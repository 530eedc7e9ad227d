"""Health, the way in, and what callers see when something is broken."""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.api_hosts import (
    Api,
    Client,
    new_api,
    services_of,
)
from tests.world import World
from tickwell import __version__
from tickwell.application.ports import Page
from tickwell.domain.errors import UnavailableError
from tickwell.domain.job import Job

OpenWorld = Callable[[], World]
JOBS = "/api/v1/jobs"


class BrokenJobs:
    """A job store of which nothing works, for ``error``."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*_args: object, **_kwargs: object) -> Page[Job]:
            raise self._error

        return fail


def broken_api(kind: str, world: World, error: Exception) -> Api:
    broken: Any = BrokenJobs(error)
    core = replace(world.core, jobs=broken, listing=broken)
    return new_api(kind, world, services=services_of(replace(world, core=core)))


@pytest.mark.parametrize("kind", ["lambda", "asgi"])
def test_a_service_that_does_not_answer_is_503_with_the_time_to_wait(open_world: OpenWorld, kind: str) -> None:
    ada = broken_api(kind, open_world(), UnavailableError("dynamodb", "ProvisionedThroughputExceeded")).user()
    for method, path, body in [("GET", JOBS, None), ("POST", JOBS, {"name": "x"}), ("DELETE", f"{JOBS}/x", None)]:
        answer = ada(method, path, body)
        assert (answer.status, answer.json["code"]) == (503, "UNAVAILABLE")
        assert answer.headers["retry-after"] == "5"
        assert b"dynamodb" not in answer.body


@pytest.mark.parametrize("kind", ["lambda", "asgi"])
def test_what_nobody_expected_is_500_without_internals_and_logged(
    open_world: OpenWorld, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    ada = broken_api(kind, open_world(), ZeroDivisionError("a secret of the house")).user()
    with caplog.at_level(logging.ERROR):
        answer = ada("GET", JOBS)
    assert (answer.status, answer.json["code"]) == (500, "INTERNAL_ERROR")
    assert b"secret" not in answer.body
    assert b"ZeroDivision" not in answer.body
    (record,) = [record for record in caplog.records if record.name == "tickwell"]
    assert vars(record)["request_id"] == answer.json["request_id"]
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ZeroDivisionError)


@pytest.mark.parametrize("kind", ["lambda", "asgi"])
def test_health_says_what_does_not_answer(open_world: OpenWorld, kind: str) -> None:
    api = broken_api(kind, open_world(), UnavailableError("store", "throttled"))
    answer = api.anonymous("GET", "/health")
    assert (answer.status, answer.json["status"]) == (503, "degraded")
    assert (answer.json["error"], answer.json["code"]) == (True, "DEGRADED")
    assert answer.json["services"] == {"store": "disconnected", "lanes": "connected", "far_timer": "connected"}
    detailed = api.user()("GET", "/api/v1/dashboard/health")
    assert (detailed.status, detailed.json["services"]["store"]["status"]) == (503, "unhealthy")
    assert detailed.json["services"]["queue"]["status"] == "healthy"


def test_health_in_detail_counts_what_waits(api: Api, ada: Client) -> None:
    ada("POST", JOBS, {"name": "waits", "priority": "high"})
    ada("POST", JOBS, {"name": "later", "delay_seconds": 60, "priority": "high"})
    api.world.clock.advance(5)
    answer = ada("GET", "/api/v1/dashboard/health")
    assert (answer.status, answer.json["success"], answer.json["status"]) == (200, True, "healthy")
    assert answer.json["services"]["queue"]["metrics"]["lanes"]["high"] == {
        "waiting": 1,
        "delayed": 1,
        "active": 0,
        "oldest_age_seconds": 5.0,
    }
    system = answer.json["system"]
    assert (system["environment"], system["uptime_seconds"], system["memory"]["total_mb"]) == ("test", 5, 512)
    assert system["memory"]["used_mb"] > 0
    assert api.anonymous("GET", "/health").json == {
        "success": True,
        "status": "healthy",
        "timestamp": "2026-11-22T12:00:05.000Z",
        "version": __version__,
        "environment": "test",
        "services": {"store": "connected", "lanes": "connected", "far_timer": "connected"},
    }


def test_health_tells_how_the_api_answers(open_world: OpenWorld) -> None:
    api = broken_api("asgi", open_world(), UnavailableError("store", "throttled"))
    ada = api.user()
    assert api.anonymous("GET", "/health/api").json == {"success": True, "status": "healthy", "level": "normal"}
    assert ada("GET", JOBS).status == 503
    assert ada("GET", f"{JOBS}?limit=x").status == 422
    told = ada("GET", "/api/v1/dashboard/health").json["api"]
    assert (told["level"], told["requests"], told["errors"], told["error_rate"]) == ("critical", 4, 1, 25.0)
    assert told["avg_duration_ms"] == 0
    assert api.anonymous("GET", "/health/api").json["level"] == "critical"


def test_the_way_in(api: Api, ada: Client) -> None:
    welcome = api.anonymous("GET", "/").data
    assert welcome["name"] == "Tickwell"
    assert api.anonymous("GET", welcome["links"]["openapi"]).json["openapi"].startswith("3.1")
    tasks = {task["name"]: task for task in ada("GET", "/api/v1/tasks").data["tasks"]}
    assert set(tasks) == set(api.world.registry.names())
    assert "subject" in tasks["send_email"]["payload_schema"]["properties"]
    assert tasks["send_email"]["retry"]["strategy"] == "exponential"
    names = ("queue", "heavy", "runs_in", "on_lost", "stall_seconds", "precision")
    assert [tasks["echo"][name] for name in names] == [None, False, "loop", "retry", None, "second"]
