"""Work outside of any worker, told of over HTTP by whoever has the attempt's token (X10)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import Answer, Api, Client, memory_world, new_api
from tests.outside import Elsewhere
from tests.world import task


class Held:
    """A job whose attempt goes on outside."""

    def __init__(self, api: Api, client: Client, elsewhere: Elsewhere, **fields: Any) -> None:
        created = client("POST", "/api/v1/jobs", {"name": "a job", "task": "elsewhere", **fields})
        self.job_id = created.data["id"]
        api.world.work()
        self.execution_id, self.token = elsewhere.given[-1]
        self.api = api

    def __call__(self, what: str, **body: Any) -> Answer:
        return self.api.anonymous(
            "POST", f"/api/v1/executions/{self.execution_id}/{what}", {"token": self.token} | body
        )


@pytest.fixture(scope="module")
def elsewhere() -> Elsewhere:
    return Elsewhere()


@pytest.fixture(scope="module", params=["lambda", "asgi"])
def api(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, elsewhere: Elsewhere
) -> Iterator[Api]:
    folder: Path = tmp_path_factory.mktemp("world")
    world = memory_world(folder, tasks=[task("elsewhere", elsewhere)])
    yield new_api(request.param, world)
    world.close()


@pytest.fixture(scope="module")
def owner(api: Api) -> Client:
    return api.user()


def test_its_life_is_told_without_any_login(api: Api, owner: Client, elsewhere: Elsewhere) -> None:
    held = Held(api, owner, elsewhere)
    api.world.clock.advance(60)
    signed = held("heartbeat", percent=40, message="so far")
    assert (signed.status, signed.data["status"]) == (200, "running")
    shown = owner("GET", f"/api/v1/executions/{held.execution_id}").data
    assert (shown["status"], shown["pending"], shown["progress"]["percent"]) == ("running", True, 40)
    assert shown["pending_until"] == signed.data["pending_until"]
    ended = held("complete", output={"frames": 1200})
    assert (ended.status, ended.data["status"], ended.data["next_retry_at"]) == (200, "success", None)
    assert held("complete", output="again").data == ended.data
    shown = owner("GET", f"/api/v1/executions/{held.execution_id}").data
    assert (shown["status"], shown["pending"], shown["output"]) == ("success", False, {"frames": 1200})


def test_a_failure_is_recorded_and_retried(api: Api, owner: Client, elsewhere: Elsewhere) -> None:
    held = Held(api, owner, elsewhere, max_retries=1)
    ended = held("fail", code="DISK_FULL", message="the disk was full")
    assert (ended.status, ended.data["status"]) == (200, "failed")
    assert ended.data["next_retry_at"] is not None
    shown = owner("GET", f"/api/v1/executions/{held.execution_id}").data
    assert (shown["error_code"], shown["error_message"]) == ("DISK_FULL", "the disk was full")
    refused = held("complete")
    assert (refused.status, refused.json["code"]) == (409, "ATTEMPT_ENDED")


def test_a_cancelled_job_tells_the_work_to_end(api: Api, owner: Client, elsewhere: Elsewhere) -> None:
    held = Held(api, owner, elsewhere)
    cancelled = owner("POST", f"/api/v1/jobs/{held.job_id}/cancel").data
    assert (cancelled["status"], cancelled["state"]) == ("cancelled", "cancelled")
    refused = held("heartbeat")
    assert (refused.status, refused.json["code"]) == (409, "ATTEMPT_ENDED")
    assert "cancelled" in refused.json["message"]


def test_a_wrong_token_learns_nothing(api: Api, owner: Client, elsewhere: Elsewhere) -> None:
    held, other = Held(api, owner, elsewhere), Held(api, api.user(), elsewhere)
    unknown = held.execution_id[:-1] + "9"
    told = set()
    for execution_id, token in (
        (held.execution_id, other.token),
        (held.execution_id, held.token[:-1] + ("A" if held.token[-1] != "A" else "B")),
        (held.execution_id, "nonsense"),
        (unknown, held.token),
        ("nonsense", held.token),
    ):
        for what in ("heartbeat", "complete", "fail"):
            answer = api.anonymous("POST", f"/api/v1/executions/{execution_id}/{what}", {"token": token})
            told.add((answer.status, answer.json["code"], answer.json["message"].replace(execution_id, "…")))
            missing = api.anonymous("POST", f"/api/v1/executions/{execution_id}/{what}", {})
            assert (missing.status, missing.json["code"]) == (401, "UNAUTHENTICATED")
    assert told == {(404, "NOT_FOUND", "no execution …")}
    assert held("complete").status == other("complete").status == 200


@pytest.mark.parametrize(
    ("what", "body", "field"),
    [
        ("heartbeat", {"percent": 101}, "percent"),
        ("heartbeat", {"message": "so far"}, "percent"),
        ("heartbeat", {"percent": 1, "message": "x" * 201}, "message"),
        ("complete", {"result": 1}, "result"),
        ("fail", {"code": "not a code"}, "code"),
        ("fail", {"message": ""}, "message"),
        ("fail", {"retryable": "no"}, "retryable"),
        ("fail", {"token": 7}, "token"),
    ],
)
def test_what_is_not_acceptable_is_refused_by_field(
    api: Api, owner: Client, elsewhere: Elsewhere, what: str, body: dict[str, Any], field: str
) -> None:
    held = Held(api, owner, elsewhere)
    answer = held(what, **body)
    assert (answer.status, answer.fields) == (422, [field])


def test_a_token_is_in_no_answer(api: Api, owner: Client, elsewhere: Elsewhere) -> None:
    held = Held(api, owner, elsewhere)
    secret = held.token.rpartition(".")[2]
    for path in (f"/api/v1/executions/{held.execution_id}", f"/api/v1/jobs/{held.job_id}"):
        assert secret not in str(owner("GET", path).json)
    assert secret not in str(held("complete").json)
