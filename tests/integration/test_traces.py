"""A caller's trace through everything that its request leads to (X27)."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.notification_lab import Hook, new_notification_lab, serve_hook
from tests.task_contexts import task_context
from tests.world import task
from tickwell.application.task import Task
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.trace import span_in_trace, trace_id_of
from tickwell.tasks.http_request import HttpRequestPayload, _request

JOBS = "/api/v1/jobs"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
GIVEN = f"00-{TRACE}-00f067aa0ba902b7-01"
WITH_TRACE = {"traceparent": GIVEN}
SPAN = re.compile(f"00-{TRACE}-(?!00f067aa0ba902b7)[0-9a-f]{{16}}-01")

seen: list[str | None] = []


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    seen.clear()

    def note(payload: Any, context: Any) -> Any:
        seen.append(context.traceparent)
        if payload == "fail":
            raise AttemptFailedError("BROKEN", "broke")

    return [task("note", note)]


def make(client: Client, headers: dict[str, str] | None = None, **fields: Any) -> Any:
    answer = client("POST", JOBS, {"name": "a job", "task": "note", **fields}, headers=WITH_TRACE | (headers or {}))
    assert answer.status == 201, answer.json
    return answer.data


def test_each_attempt_is_a_span_of_its_own_in_the_trace_of_the_request(api: Api, ada: Client) -> None:
    job = make(ada, payload="fail", max_retries=1, retry={"strategy": "fixed", "delay_seconds": 5})
    assert job["traceparent"] == GIVEN
    api.world.work()
    api.world.clock.advance(6)
    api.world.work()
    assert len(set(seen)) == 2
    assert all(SPAN.fullmatch(one or "") for one in seen)
    shown = ada("GET", f"{JOBS}/{job['id']}/executions").data["executions"]
    assert [one["traceparent"] for one in reversed(shown)] == seen
    one = ada("GET", f"/api/v1/executions/{shown[0]['id']}").data
    assert one["traceparent"] == seen[1]
    started, *_ = ada("GET", f"/api/v1/executions/{shown[0]['id']}/logs").data["logs"]
    assert started["metadata"]["traceparent"] == seen[1]


@pytest.mark.parametrize("header", [None, "", "nonsense", f"ff-{TRACE}-00f067aa0ba902b7-01", f"{GIVEN}-more"])
def test_what_is_no_trace_is_ignored(api: Api, ada: Client, header: str | None) -> None:
    headers = {} if header is None else {"traceparent": header}
    answer = ada("POST", JOBS, {"name": "a job", "task": "note"}, headers=headers)
    assert (answer.status, answer.data["traceparent"]) == (201, None)
    api.world.work()
    [execution] = ada("GET", f"{JOBS}/{answer.data['id']}/executions").data["executions"]
    started, *_ = ada("GET", f"/api/v1/executions/{execution['id']}/logs").data["logs"]
    assert (seen, execution["traceparent"], "traceparent" in started["metadata"]) == ([None], None, False)


def test_all_ways_to_make_jobs_take_the_trace(api: Api, ada: Client) -> None:
    made = [
        ada("POST", f"{JOBS}/batch", {"jobs": [{"name": "a job", "task": "note"}] * 2}, headers=WITH_TRACE),
        ada("PUT", f"{JOBS}/by-key/a", {"name": "a job", "task": "note"}, headers=WITH_TRACE),
        ada("POST", f"{JOBS}/apply", {"jobs": [{"key": "b", "name": "a job", "task": "note"}]}, headers=WITH_TRACE),
    ]
    assert [answer.status for answer in made] == [200, 201, 200]
    api.world.work()
    assert {trace_id_of(one) for one in seen} == {TRACE}
    assert len(set(seen)) == 4


def test_a_definition_that_comes_again_in_another_trace_changes_nothing(ada: Client) -> None:
    body = {"name": "a job", "task": "note", "interval_seconds": 60}
    ada("PUT", f"{JOBS}/by-key/a", body, headers=WITH_TRACE)
    again = ada("PUT", f"{JOBS}/by-key/a", body, headers={"traceparent": GIVEN.replace("4bf9", "5bf9")})
    assert (again.status, again.data["action"]) == (200, "unchanged")
    assert ada("GET", f"{JOBS}/by-key/a").data["traceparent"] == GIVEN


def test_a_request_that_comes_again_in_another_span_makes_the_same_job(api: Api, ada: Client) -> None:
    first = make(ada, {"Idempotency-Key": "once"})
    second = make(ada, {"Idempotency-Key": "once", "traceparent": GIVEN.replace("00f067", "11f067")})
    assert first == second
    api.world.work()
    assert len(seen) == 1


def test_children_edits_and_retries_of_dead_letters_stay_in_the_trace(api: Api, ada: Client) -> None:
    recurring = make(ada, interval_seconds=3600)
    ada("POST", f"{JOBS}/{recurring['id']}/execute")
    ada("PATCH", f"{JOBS}/{recurring['id']}", {"payload": {"a": 1}})
    assert ada("GET", f"{JOBS}/{recurring['id']}").data["traceparent"] == GIVEN
    make(ada, payload="fail", max_retries=0)
    api.world.work()
    [letter] = ada("GET", "/api/v1/dead-letters").data["dead_letters"]
    retried = ada("POST", f"/api/v1/dead-letters/{letter['id']}/retry")
    assert retried.status in {200, 201, 202}
    api.world.work()
    api.world.clock.advance(timedelta(minutes=50))
    api.world.sync()
    api.world.clock.advance(timedelta(minutes=10))
    api.world.work()
    assert {trace_id_of(one) for one in seen} == {TRACE}
    assert len(set(seen)) == len(seen) == 4


def test_http_requests_carry_the_attempts_span_unless_the_payload_has_its_own() -> None:
    context = task_context(traceparent=span_in_trace(GIVEN, "an execution"))
    request = asyncio.run(_request(HttpRequestPayload(url="https://example.com/"), context))
    assert dict(request.headers)["traceparent"] == context.traceparent
    own = HttpRequestPayload(url="https://example.com/", headers={"Traceparent": GIVEN})
    found = [value for name, value in asyncio.run(_request(own, context)).headers if name.lower() == "traceparent"]
    assert found == [GIVEN]
    without = asyncio.run(_request(HttpRequestPayload(url="https://example.com/"), task_context()))
    assert "traceparent" not in dict(without.headers)


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


def test_a_webhook_is_told_of_a_failure_in_the_trace(tmp_path: Path, hook: Hook, tasks: Sequence[Task[Any]]) -> None:
    lab = new_notification_lab(tmp_path, mail_port=9, tasks=[*tasks])
    lab.add_webhook(hook.url)
    for trace in (GIVEN, None):
        lab.world.create(task="note", payload="fail", max_retries=0, traceparent=trace)
    lab.pump()
    lab.close()
    told = {headers.get("traceparent") for headers, _ in hook.seen} - {None}
    [traceparent] = told
    assert SPAN.fullmatch(str(traceparent))
    assert traceparent not in seen
    assert len(hook.seen) == 2
