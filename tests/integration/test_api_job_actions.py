"""Cancelling jobs, running them again, and their attempts, through the API on both hosts."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.world import task
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError

JOBS = "/api/v1/jobs"
NOON = "2026-11-22T12:00:00.000Z"


def _break(_payload: Any, context: TaskContext) -> Any:
    if context.attempt == 1:
        raise AttemptFailedError("BROKEN", "broke")
    raise RuntimeError("broke again")


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("break", _break)]


def create(client: Client, **fields: Any) -> str:
    answer = client("POST", JOBS, {"name": "a job", **fields})
    assert answer.status == 201, answer.json
    job_id: str = answer.data["id"]
    return job_id


def test_a_job_is_cancelled(api: Api, ada: Client) -> None:
    job_id = create(ada, delay_seconds=60)
    answer = ada("POST", f"{JOBS}/{job_id}/cancel")
    assert (answer.status, answer.json["message"]) == (200, "Job cancelled successfully")
    assert answer.data == {"id": job_id, "status": "cancelled", "state": "cancelled", "cancelled_at": NOON}
    api.world.clock.advance(100)
    api.world.work()
    shown = ada("GET", f"{JOBS}/{job_id}").data
    assert (shown["status"], shown["next_run"], shown["attempts"]) == ("cancelled", None, [])
    again = ada("POST", f"{JOBS}/{job_id}/cancel")
    assert (again.status, again.json["code"]) == (409, "ILLEGAL_TRANSITION")


def test_a_job_that_has_ended_is_retried(api: Api, ada: Client) -> None:
    job_id = create(ada, payload={"n": 1})
    refused = ada("POST", f"{JOBS}/{job_id}/retry")
    assert (refused.status, refused.json["code"]) == (409, "ILLEGAL_TRANSITION")
    api.world.work()
    api.world.clock.advance(1)
    answer = ada("POST", f"{JOBS}/{job_id}/retry")
    assert (answer.status, answer.json["message"]) == (200, "Job retried successfully")
    assert answer.data == {
        "id": job_id,
        "status": "active",
        "state": "waiting",
        "next_run": "2026-11-22T12:00:01.000Z",
    }
    api.world.work()
    executions = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert [execution["output"] for execution in executions] == [{"n": 1}] * 2
    shown = ada("GET", f"{JOBS}/{job_id}").data
    assert (shown["status"], shown["statistics"]["total_executions"], len(shown["attempts"])) == ("completed", 2, 1)


def test_a_deleted_job_can_be_neither_cancelled_nor_retried(ada: Client) -> None:
    job_id = create(ada)
    ada("DELETE", f"{JOBS}/{job_id}")
    for action in ("cancel", "retry"):
        assert ada("POST", f"{JOBS}/{job_id}/{action}").status == 409


def test_the_detail_shows_every_attempt(api: Api, ada: Client) -> None:
    retry = {"strategy": "fixed", "delay_seconds": 30}
    job_id = create(ada, task="break", max_retries=1, retry=retry)
    api.world.work()
    (first,) = ada("GET", f"{JOBS}/{job_id}").data["attempts"]
    assert first == {
        "execution_id": first["execution_id"],
        "number": 1,
        "status": "failed",
        "due_at": NOON,
        "started_at": NOON,
        "finished_at": NOON,
        "error_message": "broke",
        "error_code": "BROKEN",
        "traceback": None,
        "next_retry_at": "2026-11-22T12:00:30.000Z",
    }
    api.world.clock.advance(30)
    api.world.work()
    again, second = ada("GET", f"{JOBS}/{job_id}").data["attempts"]
    assert again == first
    assert (second["number"], second["error_message"], second["next_retry_at"]) == (2, "broke again", None)
    assert "RuntimeError" in second["traceback"]
    assert ada("GET", f"/api/v1/executions/{second['execution_id']}").data["attempt"] == 2


def test_a_running_attempt_is_shown(api: Api, ada: Client) -> None:
    job_id = create(ada)
    for queue in api.world.lanes.values():
        messages: list[Any] = [delivery.message for delivery in queue.receive(10, wait_seconds=0)]
        api.world.core.claim_attempts()(messages, now=api.world.clock.now())
    (attempt,) = ada("GET", f"{JOBS}/{job_id}").data["attempts"]
    assert (attempt["number"], attempt["status"], attempt["started_at"]) == (1, "running", NOON)
    assert (attempt["finished_at"], attempt["error_message"]) == (None, None)
    cancelled = ada("POST", f"{JOBS}/{job_id}/cancel").data
    assert (cancelled["status"], cancelled["state"]) == ("cancelled", "running")
    assert ada("POST", f"{JOBS}/{job_id}/retry").status == 409


def test_another_tenants_jobs_cannot_be_touched(api: Api, ada: Client) -> None:
    job_id = create(ada)
    eve = api.user("eve@example.com")
    for action in ("cancel", "retry"):
        assert eve("POST", f"{JOBS}/{job_id}/{action}").status == 404
    assert ada("GET", f"{JOBS}/{job_id}").data["status"] == "active"
