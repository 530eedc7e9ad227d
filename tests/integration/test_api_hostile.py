"""Hostile input: whatever comes, the answer is an envelope and never a 500."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api_hosts import Answer, Api, Client, Wire, memory_world, new_api
from tests.hostile_input import ODD_HEADERS, ODD_PAYLOADS, ODD_QUERIES, ODD_SEGMENTS, RAW_BODIES
from tickwell.http import openapi

JOBS, REGISTER, LOGIN = "/api/v1/jobs", "/api/v1/auth/register", "/api/v1/auth/login"
MANY = ("/api/v1/jobs/batch", "/api/v1/jobs/bulk", "/api/v1/dead-letters/retry", "/api/v1/dead-letters/delete")
CREDENTIALS = {"email": "eve@example.com", "password": "Correct-Horse-9"}


@pytest.fixture(scope="module", params=["lambda", "asgi"])
def shared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    folder: Path = tmp_path_factory.mktemp("api")
    world = memory_world(folder)
    yield new_api(request.param, world).user()
    world.close()


@pytest.mark.parametrize("raw", [pytest.param(raw, id=name) for name, raw in RAW_BODIES.items()])
def test_malformed_bodies_are_422(shared: Client, raw: bytes) -> None:
    for path in (JOBS, REGISTER, LOGIN, *MANY):
        answer = shared("POST", path, raw=raw)
        assert (answer.status, answer.json["code"]) == (422, "VALIDATION_ERROR"), path
        assert 1 <= len(answer.json["details"]) <= 20
        assert len(answer.body) < 20_000


@pytest.mark.parametrize("payload", ODD_PAYLOADS)
def test_odd_payloads_are_kept_as_they_are(api: Api, ada: Client, payload: Any) -> None:
    created = ada("POST", JOBS, {"name": "x", "payload": payload})
    assert created.status == 201, created.json
    api.world.work()
    assert ada("GET", f"{JOBS}/{created.data['id']}").data["payload"] == payload
    (listed,) = ada("GET", f"{JOBS}/{created.data['id']}/executions").data["executions"]
    assert listed["status"] == "success", listed
    assert ada("GET", f"/api/v1/executions/{listed['id']}").data["output"] == payload


@pytest.mark.parametrize("segment", ODD_SEGMENTS)
def test_odd_paths_are_not_found(shared: Client, segment: str) -> None:
    for target in (
        f"{JOBS}/{segment}",
        f"{JOBS}/{segment}/executions",
        f"/api/v1/executions/{segment}",
        f"/api/v1/executions/{segment}/logs",
        f"/api/v1/executions/{segment}/email",
        f"/api/v1/dead-letters/{segment}",
        f"/{segment}/{segment}",
    ):
        answer = shared("GET", target)
        assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND"), target
    assert shared("DELETE", f"{JOBS}/{segment}").status == 404
    assert shared("DELETE", f"/api/v1/dead-letters/{segment}").status == 404
    for action in (f"{JOBS}/{segment}/pause", f"{JOBS}/{segment}/cancel", f"{JOBS}/{segment}/retry"):
        assert shared("POST", action).status == 404, action
    assert shared("POST", f"/api/v1/dead-letters/{segment}/retry").status == 404


@pytest.mark.parametrize("query", ODD_QUERIES)
def test_odd_queries_are_answered(shared: Client, query: str) -> None:
    assert shared("GET", f"{JOBS}?{query}").status in {200, 422}


@pytest.mark.parametrize("headers", ODD_HEADERS)
def test_odd_headers_change_nothing(shared: Client, headers: dict[str, str]) -> None:
    answer = shared("GET", JOBS, headers=headers)
    assert answer.status == 200
    assert answer.json["success"] is True
    assert answer.headers["x-request-id"] != "mine"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=10), children, max_size=3),
    max_leaves=8,
)
_FIELDS = sorted(openapi.document("1.2.3")["components"]["schemas"]["JobRequest"]["properties"])
_VALUES = _JSON | st.sampled_from(
    [
        "echo",
        "send_email",
        "one-time",
        "recurring",
        "cron",
        "* * * * *",
        "@daily",
        "UTC",
        "2026-11-25T09:00:00Z",
        "high",
    ]
)


_MANY = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])


@_MANY
@given(fields=st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=10), _VALUES, max_size=6))
def test_any_job_is_accepted_or_its_fields_are_named(shared: Client, fields: dict[str, Any]) -> None:
    answer = shared("POST", JOBS, {"name": "x", **fields})
    if answer.status == 201:
        assert shared("GET", f"{JOBS}/{answer.data['id']}").data["status"] == "active"
    else:
        assert answer.fields


@_MANY
@given(raw=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes_are_answered(shared: Client, raw: bytes) -> None:
    for path in (JOBS, LOGIN, *MANY):
        _require_envelope(shared("POST", path, raw=raw))


@_MANY
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD", "OPTIONS", "get", "X"]),
    path=st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
    query=st.text(st.characters(max_codepoint=255), max_size=40),
)
def test_any_target_is_answered(shared: Client, method: str, path: bytes, query: str) -> None:
    quoted = "".join(f"%{octet:02x}" for octet in path)
    for prefix in ("/", f"{JOBS}/", "/api/v1/executions/"):
        wire = Wire(
            method=method,
            target=f"{prefix}{quoted}?{query.replace('#', '')}",
            headers=(("Authorization", f"Bearer {shared.token}"),),
            body=b"",
        )
        _require_envelope(shared.host(wire))


@_MANY
@given(
    jobs=st.lists(
        _JSON | st.dictionaries(st.sampled_from(_FIELDS) | st.text(max_size=10), _VALUES, max_size=6), max_size=5
    )
)
def test_any_batch_has_a_result_for_each_of_its_jobs(shared: Client, jobs: list[Any]) -> None:
    answer = shared("POST", MANY[0], {"jobs": jobs})
    if answer.status == 422:
        assert answer.fields
        return
    assert [result["index"] for result in answer.data["results"]] == list(range(len(jobs)))
    for result in answer.data["results"]:
        assert result["success"] or result["error"]["details"]


@_MANY
@given(
    fields=st.dictionaries(
        st.sampled_from(["status", "state", "task", "job_type", "tag", "queue", "created_after", "all", "error_code"])
        | st.text(max_size=5),
        _VALUES,
        max_size=4,
    ),
    action=st.sampled_from(["cancel", "retry", "pause", "resume"]) | _JSON,
    more=st.dictionaries(st.sampled_from(["all", "dry_run"]) | st.text(max_size=5), st.booleans() | _JSON, max_size=2),
)
def test_any_bulk_request_is_done_or_its_fields_are_named(
    shared: Client, fields: dict[str, Any], action: Any, more: dict[str, Any]
) -> None:
    chosen = {"filter": fields, **more}
    for path, body in ((MANY[1], {"action": action, **chosen}), (MANY[2], chosen)):
        answer = shared("POST", path, body)
        assert answer.status == 200 or answer.fields


def test_a_batch_of_hopeless_jobs_has_an_answer_of_bearable_size(shared: Client) -> None:
    hopeless = {f"\u00e4{number}": 1 for number in range(60)}
    answer = shared("POST", MANY[0], {"jobs": [hopeless] * 900})
    assert answer.status == 200
    assert answer.data["failed"] == 900
    assert len(answer.body) < 5_000_000


def test_a_field_with_a_very_long_name_is_not_repeated_at_length(shared: Client) -> None:
    answer = shared("POST", JOBS, raw=b'{"name": "x", "' + "\u00e4".encode() * 500_000 + b'": 1}')
    assert answer.status == 422
    assert len(answer.body) < 20_000


def _require_envelope(answer: Answer) -> None:
    assert answer.status < 500
    if answer.body:
        document = json.loads(answer.body)
        assert document.get("success") is True or document.get("error") is True or "openapi" in document
