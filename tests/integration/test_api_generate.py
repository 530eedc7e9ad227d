"""``POST /jobs/generate``: from the request to the link of the image."""

import io
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.api_hosts import Api, Client, memory_world, new_api, services_of
from tests.images import PNG_BYTES, b64
from tickwell.application.remembered import FRESH
from tickwell.http.access import RateClass
from tickwell.http.request_limits import Quota
from tickwell.testing import HttpRequest, HttpResponse, SimulatedTickwell, http_answer

GENERATE = "/api/v1/jobs/generate"
ORDER = {"prompt": "A lighthouse in the fog"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    world = memory_world(tmp_path_factory.mktemp("generate"))
    yield new_api("asgi", world)
    world.close()


@pytest.fixture
def ada(api: Api) -> Client:
    return api.user()


def test_a_request_becomes_a_job_of_the_task(ada: Client) -> None:
    answer = ada("POST", GENERATE, {**ORDER, "count": 2, "name": "Fog", "tags": ["a"], "delay_seconds": 60})
    assert answer.status == 201
    job = ada("GET", f"/api/v1/jobs/{answer.data['id']}").data
    assert (job["task"], job["name"], job["tags"]) == ("generate_image", "Fog", ["a"])
    assert job["payload"] == {**ORDER, "count": 2}
    assert job["state"] == "delayed"
    assert ada("POST", "/api/jobs/generate", ORDER).status == 201


def test_the_queue_for_images_is_used_where_there_is_one(api: Api, ada: Client) -> None:
    before = ada("POST", GENERATE, ORDER).data["id"]
    assert ada("POST", "/api/v1/queues", {"name": "image-generation", "concurrency": 1}).status == 201
    ada("POST", "/api/v1/queues", {"name": "other"})
    api.world.clock.advance(FRESH.total_seconds())  # that there is none was remembered
    after, named = (ada("POST", GENERATE, {**ORDER, **more}).data["id"] for more in ({}, {"queue": "other"}))
    queues = [ada("GET", f"/api/v1/jobs/{job_id}").data["queue"] for job_id in (before, after, named)]
    assert queues[1:] == ["image-generation", "other"]
    assert queues[0] != "image-generation"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "x" * 4001}, "prompt"),
        ({"size": "huge"}, "size"),
        ({"count": 5}, "count"),
        ({"options": {"a": [1]}}, "options"),
        ({"key_secret": "A B"}, "key_secret"),
        ({"queue": "no-such"}, "queue"),
        ({"priority": "odd"}, "priority"),
        ({"task": "echo"}, "task"),
        ({"delay_seconds": 1, "scheduled_time": "2030-01-01T00:00:00Z"}, "delay_seconds"),
    ],
)
def test_what_is_wrong_is_named_by_its_own_field(ada: Client, change: dict[str, Any], field: str) -> None:
    answer = ada("POST", GENERATE, {**ORDER, **change})
    assert answer.status == 422
    assert answer.fields[0].partition(".")[0] == field


def test_the_limit_is_its_own(tmp_path: Path) -> None:
    world = memory_world(tmp_path)
    quotas = {RateClass.GENERATE: Quota(limit=2, per=timedelta(minutes=15))}
    ada = new_api("asgi", world, services=services_of(world, quotas=quotas)).user()
    paths = (GENERATE, "/api/jobs/generate", GENERATE)
    assert [ada("POST", path, ORDER).status for path in paths] == [201, 201, 429]
    assert ada("POST", "/api/v1/jobs", {"name": "x"}).status == 201
    world.clock.advance(900)
    assert ada("POST", GENERATE, ORDER).status == 201
    world.close()


def test_from_the_request_to_the_link_of_the_image() -> None:
    with SimulatedTickwell() as tickwell:
        job_id = tickwell.request("POST", GENERATE, {**ORDER, "size": "128x64"}).data["id"]
        tickwell.advance(seconds=5)
        result = tickwell.request("GET", f"/api/v1/jobs/{job_id}/result")
        assert result.status == 200, tickwell.executions(job_id)
        (made,) = result.data["output"]["files"]
        assert made["file"]["content_type"] == "image/png"
        answer = tickwell.request("GET", made["file"]["url"], headers={"Authorization": ""})
    assert answer.status == 200
    with Image.open(io.BytesIO(answer.body)) as image:
        assert image.size == (128, 64)


def test_all_paths_of_the_seed_that_makes_images_answer_without_a_version() -> None:
    with SimulatedTickwell() as tickwell:
        job = f"/api/jobs/{tickwell.request('POST', '/api/jobs/generate', {**ORDER, 'size': '128x64'}).data['id']}"
        tickwell.advance(seconds=5)
        assert tickwell.request("GET", job).data["status"] == "completed"
        assert tickwell.request("GET", f"{job}/result").data["status"] == "completed"
        assert tickwell.request("GET", "/api/jobs/stats/overview").data["jobs"]["completed"] == 1
        assert tickwell.request("POST", f"{job}/retry").data["status"] == "active"
        assert tickwell.request("DELETE", job).data["status"] == "deleted"


def test_a_deployment_with_a_provider_asks_it_with_its_key_and_keeps_the_key_to_itself() -> None:
    key, asked = "sk-of-the-deployment", []

    def answer(request: HttpRequest) -> HttpResponse:
        asked.append(request)
        if len(asked) == 1:
            return http_answer(request, 500, json.dumps({"error": {"message": f"no {key}"}}).encode())
        return http_answer(request, body=json.dumps({"data": [{"b64_json": b64(PNG_BYTES)}]}).encode())

    settings = {"image_provider": "openai", "openai_api_key": key, "openai_url": "https://images.example.com/v1"}
    with SimulatedTickwell(http=answer, settings=settings) as tickwell:
        created = tickwell.request("POST", GENERATE, ORDER).data
        tickwell.advance(seconds=30)
        executions = tickwell.executions(created["id"])
        assert [execution["status"] for execution in executions] == ["failed", "success"]
        assert executions[0]["error_code"] == "IMAGE_PROVIDER_FAILED"
        assert key not in json.dumps([executions, tickwell.request("GET", f"/api/v1/jobs/{created['id']}").json])
        assert tickwell.request("GET", f"/api/v1/jobs/{created['id']}").data["queue"] == "default-medium"
    assert {request.url for request in asked} == {"https://images.example.com/v1/images/generations"}
    assert {dict(request.headers)["Authorization"] for request in asked} == {f"Bearer {key}"}
    assert len({dict(request.headers)["Idempotency-Key"] for request in asked}) == 1
