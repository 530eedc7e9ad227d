"""Named queues over the API, on both hosts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import Api, Client

QUEUES = "/api/v1/queues"
JOBS = "/api/v1/jobs"
IMAGES: dict[str, Any] = {
    "name": "image-generation",
    "priority": 2,
    "concurrency": 2,
    "rate_limit": {"limit": 100, "per_seconds": 60},
    "timeout_seconds": 300,
    "max_retries": 3,
    "retry": {"strategy": "exponential", "delay_seconds": 2},
    "stall_seconds": 30,
    "on_lost": "fail",
    "retention": {"completed": {"count": 100, "at_least_seconds": 3600}, "failed": {"seconds": 604800}},
}


def test_a_queue_is_shown_as_it_was_asked_for(ada: Client) -> None:
    created = ada("POST", QUEUES, IMAGES)
    assert (created.status, created.json["message"]) == (201, "Queue created successfully")
    shown = ada("GET", f"{QUEUES}/image-generation").data
    for name in ("name", "priority", "concurrency", "rate_limit", "timeout_seconds", "stall_seconds", "on_lost"):
        assert shown[name] == created.data[name] == IMAGES[name]
    assert shown["retention"]["completed"] == {"seconds": None, "count": 100, "at_least_seconds": 3600}
    assert shown["retry"]["strategy"] == "exponential"
    assert (shown["lane"], shown["paused"], shown["health"], shown["waiting"]) == ("medium", False, "normal", 0)
    assert shown["jobs"] == {}


def test_the_default_queues_exist_from_the_start(ada: Client) -> None:
    names = [queue["name"] for queue in ada("GET", QUEUES).data["queues"]]
    assert names == ["default-heavy", "default-high", "default-low", "default-medium"]
    assert ada("POST", JOBS, {"name": "a job", "priority": "high"}).data["queue"] == "default-high"


def test_a_job_takes_from_its_queue_what_it_does_not_say_itself(ada: Client) -> None:
    ada("POST", QUEUES, IMAGES)
    job = ada("POST", JOBS, {"name": "a job", "queue": "image-generation", "max_retries": 1}).data
    assert (job["queue"], job["priority"], job["timeout_seconds"], job["max_retries"]) == (
        "image-generation",
        "medium",
        300,
        1,
    )


def test_a_queue_is_changed_field_by_field(ada: Client) -> None:
    ada("POST", QUEUES, IMAGES)
    changed = ada("PATCH", f"{QUEUES}/image-generation", {"concurrency": None, "priority": "low"}).data
    assert (changed["concurrency"], changed["lane"], changed["timeout_seconds"]) == (None, "low", 300)


def test_a_paused_queue_holds_its_jobs_back_until_it_is_resumed(api: Api, ada: Client) -> None:
    ada("POST", QUEUES, {"name": "q"})
    assert ada("POST", f"{QUEUES}/q/pause").data["paused"] is True
    job = ada("POST", JOBS, {"name": "a job", "queue": "q"}).data["id"]
    api.world.work()
    assert ada("GET", f"{JOBS}/{job}").data["state"] == "waiting"
    assert ada("GET", f"{QUEUES}/q").data["waiting"] == 1
    assert ada("POST", f"{QUEUES}/q/resume").json["message"] == "Queue resumed successfully"
    api.world.work()
    assert ada("GET", f"{JOBS}/{job}").data["status"] == "completed"
    assert ada("PATCH", f"{QUEUES}/q", {"paused": True}).data["paused"] is True


def test_a_queue_with_unfinished_jobs_is_kept(ada: Client) -> None:
    ada("POST", QUEUES, {"name": "q"})
    job = ada("POST", JOBS, {"name": "a job", "queue": "q", "delay_seconds": 60}).data["id"]
    refused = ada("DELETE", f"{QUEUES}/q")
    assert (refused.status, refused.json["code"]) == (409, "QUEUE_IN_USE")
    assert "1 unfinished" in refused.json["message"]
    ada("DELETE", f"{JOBS}/{job}")
    assert ada("DELETE", f"{QUEUES}/q").status == 200
    assert ada("GET", f"{QUEUES}/q").status == 404


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({}, ["name"]),
        ({"name": "Not a name"}, ["name"]),
        ({"name": "default"}, ["name"]),
        ({"name": "q", "concurrency": 0}, ["concurrency"]),
        ({"name": "q", "concurrency": 1001}, ["concurrency"]),
        ({"name": "q", "rate_limit": {"limit": 0}}, ["rate_limit.limit"]),
        ({"name": "q", "rate_limit": {"limit": 1001, "per_seconds": 1}}, ["rate_limit.limit"]),
        ({"name": "q", "rate_limit": {"per_seconds": 1}}, ["rate_limit.limit"]),
        ({"name": "q", "priority": "urgent"}, ["priority"]),
        ({"name": "q", "timeout_seconds": -1}, ["timeout_seconds"]),
        ({"name": "q", "max_retries": -1}, ["max_retries"]),
        ({"name": "q", "stall_seconds": 1}, ["stall_seconds"]),
        ({"name": "q", "retention": {"completed": {"count": 0}}}, ["retention.completed.count"]),
        ({"name": "q", "surprise": 1}, ["surprise"]),
    ],
)
def test_faults_are_named(ada: Client, fields: dict[str, Any], at_fault: list[str]) -> None:
    answer = ada("POST", QUEUES, fields)
    assert answer.status == 422
    assert answer.fields == at_fault
    assert len(ada("GET", QUEUES).data["queues"]) == 4


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/none", None, 404),
        ("PATCH", "/none", {"concurrency": 1}, 404),
        ("DELETE", "/none", None, 404),
        ("POST", "/none/pause", None, 404),
        ("PATCH", "/default-high", {"priority": "low"}, 422),
        ("PATCH", "/default-high", {}, 422),
        ("DELETE", "/default-high", None, 409),
        ("POST", "", {"name": "default-high"}, 409),
    ],
)
def test_what_cannot_be_done(ada: Client, method: str, path: str, body: Any, status: int) -> None:
    assert ada(method, f"{QUEUES}{path}", body).status == status


def test_an_unknown_queue_is_named_to_whoever_asks_for_it(ada: Client) -> None:
    answer = ada("POST", JOBS, {"name": "a job", "queue": "none"})
    assert (answer.status, answer.fields) == (422, ["queue"])


def test_queues_of_another_tenant_do_not_exist(api: Api, ada: Client) -> None:
    eve = api.user("eve@example.com")
    ada("POST", QUEUES, {"name": "q"})
    assert eve("GET", f"{QUEUES}/q").status == 404
    assert eve("POST", JOBS, {"name": "a job", "queue": "q"}).status == 422
    assert eve("POST", QUEUES, {"name": "q"}).status == 201


EXAMPLES = sorted((Path(__file__).parents[2] / "examples/queues").glob("*.json"))


def test_there_is_an_example_for_each_kind_of_system() -> None:
    assert len(EXAMPLES) == 5


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.stem)
def test_the_queues_of_an_example_can_be_created(ada: Client, file: Path) -> None:
    for queue in json.loads(file.read_text())["queues"]:
        assert ada("POST", QUEUES, queue).status == 201
