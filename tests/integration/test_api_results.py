"""The result of a job: the newest success, with a link to each file that it names."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api_hosts import Api, Client, memory_world, new_api
from tests.world import task
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.task_file import file_blob


def _say(payload: Any, _context: Any) -> Any:
    if payload == "fail":
        raise AttemptFailedError("NO", "no", retryable=False)
    return payload


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    world = memory_world(tmp_path_factory.mktemp("results"), tasks=[task("say", _say)])
    yield new_api("asgi", world)
    world.close()


@pytest.fixture
def ada(api: Api) -> Client:
    return api.user()


def result(api: Api, client: Client, payload: Any) -> tuple[str, Any]:
    job_id = client("POST", "/api/v1/jobs", {"name": "a job", "task": "say", "payload": payload}).data["id"]
    api.world.work()
    return job_id, client("GET", f"/api/v1/jobs/{job_id}/result")


def test_the_output_comes_back(api: Api, ada: Client) -> None:
    job_id, answer = result(api, ada, {"answer": [1, "two", None]})
    data = answer.data
    assert data["output"] == {"answer": [1, "two", None]}
    assert (data["job_id"], data["status"]) == (job_id, "completed")
    assert ada("GET", f"/api/v1/executions/{data['execution_id']}").data["finished_at"] == data["finished_at"]
    assert ada("GET", f"/api/jobs/{job_id}/result").data == data


def test_files_are_linked_wherever_they_are_named(api: Api, ada: Client) -> None:
    tenant = ada("GET", "/api/v1/auth/me").data["tenant_id"]
    for name in ("images/1.png", "clip.mp4"):
        api.world.blobs.put(file_blob(tenant, name), name.encode(), content_type="image/png")
    files = [{"file": {"name": name, "size_bytes": 3}} for name in ("images/1.png", "clip.mp4")]
    _, answer = result(api, ada, {"files": files, "deep": [{"x": files[0]}], "file": {"name": "clip.mp4"}})
    output = answer.data["output"]
    linked = [*(each["file"] for each in output["files"]), output["deep"][0]["x"]["file"], output["file"]]
    for file in linked:
        assert api.anonymous("GET", file["url"]).body == file["name"].encode()
        assert file["expires_at"]
    assert linked[0]["size_bytes"] == 3


@pytest.mark.parametrize(
    "output",
    [
        {"file": "a.txt"},
        {"file": None},
        {"file": {}},
        {"file": {"name": 5}},
        {"file": {"name": "../x"}},
        {"file": {"name": "tenants/../../x"}},
        {"file": [{"name": 1}]},
        [[[]]],
        None,
        5,
    ],
)
def test_what_only_looks_like_a_file_stays_as_it_is(api: Api, ada: Client, output: Any) -> None:
    assert result(api, ada, output)[1].data["output"] == output


def test_a_task_that_names_anothers_file_gets_a_link_into_its_own_folder(api: Api, ada: Client) -> None:
    eve = api.user()("GET", "/api/v1/auth/me").data["tenant_id"]
    api.world.blobs.put(file_blob(eve, "secret.txt"), b"secret", content_type="text/plain")
    for name in ("secret.txt", f"tenants/{eve}/files/secret.txt"):
        url = result(api, ada, {"file": {"name": name}})[1].data["output"]["file"]["url"]
        assert api.anonymous("GET", url).status == 404


def test_a_large_output_is_found_in_the_bucket(api: Api, ada: Client) -> None:
    payload = {"text": "x" * 300_000, "file": {"name": "a.txt"}}
    output = result(api, ada, payload)[1].data["output"]
    assert output["text"] == payload["text"]
    assert output["file"]["url"]


def test_without_a_success_there_is_no_result(api: Api, ada: Client) -> None:
    _, answer = result(api, ada, "fail")
    assert (answer.status, answer.json["code"]) == (404, "NO_RESULT")
    later = ada("POST", "/api/v1/jobs", {"name": "a job", "task": "say", "delay_seconds": 600}).data["id"]
    assert ada("GET", f"/api/v1/jobs/{later}/result").json["code"] == "NO_RESULT"
    assert ada("GET", f"/api/v1/jobs/{later[:-1]}x/result").json["code"] == "NOT_FOUND"
    assert api.user()("GET", f"/api/v1/jobs/{later}/result").json["code"] == "NOT_FOUND"


def test_the_newest_success_counts(api: Api, ada: Client) -> None:
    job_id, first = result(api, ada, "first")
    ada("PATCH", f"/api/v1/jobs/{job_id}", {"payload": "second"})
    ada("POST", f"/api/v1/jobs/{job_id}/execute")
    api.world.work()
    second = ada("GET", f"/api/v1/jobs/{job_id}/result").data
    assert second["job_id"] == job_id
    assert second["execution_id"] != first.data["execution_id"]
