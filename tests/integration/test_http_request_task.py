"""``http_request`` against real servers on loopback."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON, FakeClock
from tests.integration.http_lab import Names, Respond, Seen, Wires, always, answer, by_target, guarded, serve
from tests.ssrf_vectors import PUBLIC
from tests.task_contexts import JOB_ID, task_context
from tickwell import __version__
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.outbound import OutboundRules
from tickwell.tasks.registry import built_in_tasks

LOOPBACK = OutboundRules.allowing(["127.0.0.1"])


def call(respond: Respond, context: TaskContext | None = None, **payload: Any) -> tuple[Any, list[Seen]]:
    """Run the task; the URL's place is taken by the server's."""

    async def scenario() -> tuple[Any, list[Seen]]:
        async with serve(respond) as lab:
            used = context or task_context(http=guarded(LOOPBACK))
            whole = {"url": f"http://127.0.0.1:{lab.port}{payload.pop('path', '/')}", **payload}
            return await built_in_tasks().execute("http_request", whole, used), lab.seen

    return asyncio.run(scenario())


def fail(respond: Respond, context: TaskContext | None = None, **payload: Any) -> AttemptFailedError:
    with pytest.raises(AttemptFailedError) as caught:
        call(respond, context, **payload)
    return caught.value


def test_a_plain_get_gives_status_headers_and_body() -> None:
    json_answer = answer("200 OK", ["Content-Type: application/json", "X-Any: a"], b'{"a": [1, null]}')
    output, (seen,) = call(always(json_answer), path="/status?x=1")
    assert output["status_code"] == 200
    assert output["headers"]["x-any"] == "a"
    assert (output["body"], output["body_encoding"], output["truncated"]) == ({"a": [1, None]}, "json", False)
    assert output["url"].endswith("/status?x=1")
    assert (seen.method, seen.target, seen.body) == ("GET", "/status?x=1", b"")
    assert seen.headers["user-agent"] == f"tickwell/{__version__}"


def test_every_attempt_at_an_occurrence_sends_the_same_idempotency_key() -> None:
    keys = []
    for attempt in (1, 2, 3):
        context = task_context(http=guarded(LOOPBACK), attempt=attempt)
        _, (seen,) = call(always(answer("200 OK")), context)
        keys.append(seen.headers["idempotency-key"])
    assert len(set(keys)) == 1
    assert keys[0].startswith(JOB_ID)


@pytest.mark.parametrize(
    ("payload", "body", "content_type"),
    [
        ({"json": {"ä": [1, None]}}, {"ä": [1, None]}, "application/json"),
        ({"json": None}, None, "application/json"),
        ({"json": 1e308}, 1e308, "application/json"),
        ({"json": 2**70}, 2**70, "application/json"),
        ({"body": "ä=1"}, "ä=1", "text/plain; charset=utf-8"),
        (
            {"body": "a=1", "headers": {"content-type": "application/x-www-form-urlencoded"}},
            "a=1",
            "application/x-www-form-urlencoded",
        ),
        ({"json": [], "headers": {"Content-Type": "application/vnd.api+json"}}, [], "application/vnd.api+json"),
    ],
)
@pytest.mark.parametrize("method", ["POST", "put", "PATCH", "DELETE"])
def test_bodies_are_sent_with_their_type(method: str, payload: dict[str, Any], body: Any, content_type: str) -> None:
    _, (seen,) = call(always(answer("201 Created")), method=method, **payload)
    assert seen.method == method.upper()
    assert (json.loads(seen.body) if "json" in payload else seen.body.decode()) == body
    assert seen.headers["content-type"] == content_type


def test_the_callers_headers_are_sent() -> None:
    _, (seen,) = call(
        always(answer("200 OK")), headers={"Authorization": "Bearer x", "User-Agent": "mine", "X-Empty": ""}
    )
    assert (seen.headers["authorization"], seen.headers["user-agent"], seen.headers["x-empty"]) == (
        "Bearer x",
        "mine",
        "",
    )


def test_a_head_request_has_no_body() -> None:
    output, _ = call(always(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n"), method="HEAD")
    assert (output["status_code"], output["body"]) == (200, "")


def test_a_large_body_is_cut_at_64_kb() -> None:
    output, _ = call(always(answer("200 OK", ["Content-Type: application/json"], b'"' + b"x" * 100_000 + b'"')))
    assert (len(output["body"]), output["truncated"], output["body_encoding"]) == (65_536, True, "text")


def test_the_time_taken_is_measured_and_logged() -> None:
    clock = FakeClock()

    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen
        clock.advance(1.25)
        writer.write(answer("200 OK"))

    context = task_context(http=guarded(LOOPBACK), clock=clock)
    output, _ = call(respond, context)
    assert output["elapsed_ms"] == 1250
    (line,) = context.logbook.entries()
    assert (line.level, line.metadata) == ("info", {"status_code": 200, "elapsed_ms": 1250})


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        (408, True),
        (425, True),
        (429, True),
        (500, True),
        (502, True),
        (503, True),
        (504, True),
        (599, True),
        (400, False),
        (401, False),
        (403, False),
        (404, False),
        (409, False),
        (410, False),
        (422, False),
        (489, False),
        (300, False),
        (302, False),
    ],
)
def test_an_unexpected_status_is_tried_again_where_that_may_help(status: int, retryable: bool) -> None:
    context = task_context(http=guarded(LOOPBACK))
    caught = fail(always(answer(f"{status} Status", body=b"because")), context)
    assert (caught.error_code, caught.retryable, caught.retry_after_seconds) == ("HTTP_STATUS", retryable, None)
    assert str(status) in caught.message
    (line,) = context.logbook.entries()
    assert (line.level, line.metadata["status_code"], line.metadata["body"]) == ("warning", status, "because")


@pytest.mark.parametrize(
    ("chosen", "status", "retryable"), [(503, 503, False), ([429, 503], 429, False), (503, 500, True)]
)
def test_a_chosen_status_is_not_tried_again(chosen: Any, status: int, retryable: bool) -> None:
    caught = fail(always(answer(f"{status} No", ["Retry-After: 7"])), no_retry_status=chosen)
    assert (caught.error_code, caught.retryable) == ("HTTP_STATUS", retryable)
    assert caught.retry_after_seconds == (7.0 if retryable else None)


def test_the_log_of_a_failure_holds_the_beginning_of_the_answer() -> None:
    context = task_context(http=guarded(LOOPBACK))
    fail(always(answer("500 No", body=b"because " * 10_000)), context)
    (line,) = context.logbook.entries()
    assert line.metadata["body"].startswith("because because")
    assert (len(line.metadata["body"]), line.metadata["truncated"]) == (2_000, True)


@pytest.mark.parametrize(
    ("status", "value", "seconds"),
    [
        (429, "7", 7.0),
        (503, "Sun, 22 Nov 2026 12:01:30 GMT", 90.0),
        (503, "Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        (503, "soon", None),
        (404, "7", None),
    ],
)
def test_retry_after_is_honoured(status: int, value: str, seconds: float | None) -> None:
    assert fail(always(answer(f"{status} No", [f"Retry-After: {value}"]))).retry_after_seconds == seconds


def test_the_expected_status_is_the_callers_choice() -> None:
    assert call(always(answer("404 Not Found")), expected_status=404)[0]["status_code"] == 404
    assert call(always(answer("503 No")), expected_status=[200, 503])[0]["status_code"] == 503
    caught = fail(always(answer("200 OK")), expected_status=204)
    assert (caught.error_code, caught.retryable) == ("HTTP_STATUS", False)


def test_redirects_are_followed_unless_one_is_expected() -> None:
    targets = by_target(a=answer("302 Found", ["Location: /b"]), b=answer("200 OK", body=b"there"))
    assert call(targets, path="/a")[0]["body"] == "there"
    output, seen = call(targets, path="/a", expected_status=302)
    assert (output["status_code"], output["headers"]["location"], len(seen)) == (302, "/b", 1)


def test_an_address_that_may_not_be_reached_ends_the_occurrence() -> None:
    caught = fail(always(answer("200 OK")), task_context(http=guarded(OutboundRules())))
    assert (caught.error_code, caught.retryable) == ("BLOCKED_ADDRESS", False)


def test_the_payloads_time_limit_holds() -> None:
    async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
        del seen, writer
        await asyncio.sleep(30)

    caught = fail(respond, timeout_seconds=0.2)
    assert (caught.error_code, caught.retryable) == ("HTTP_TIMEOUT", True)


def test_a_cancelled_attempt_ends_at_once() -> None:
    """The worker's own time limit must not be mistaken for the exchange's."""

    async def scenario() -> None:
        async def respond(seen: Seen, writer: asyncio.StreamWriter) -> None:
            del seen, writer
            await asyncio.sleep(30)

        async with serve(respond) as lab:
            payload = {"url": f"http://127.0.0.1:{lab.port}/"}
            async with asyncio.timeout(0.2):
                await built_in_tasks().execute("http_request", payload, task_context(http=guarded(LOOPBACK)))

    with pytest.raises(TimeoutError):
        asyncio.run(scenario())


def test_many_attempts_share_a_client() -> None:
    async def scenario() -> list[Any]:
        async with serve(always(answer("200 OK", body=b"x"))) as lab:
            http = guarded(OutboundRules(), resolver=Names(a_example=[[PUBLIC]]), network=Wires(lab.port))
            payload = {"url": "http://a.example/"}
            runs = (built_in_tasks().execute("http_request", payload, task_context(http=http)) for _ in range(50))
            return await asyncio.gather(*runs)

    assert [output["body"] for output in asyncio.run(scenario())] == ["x"] * 50


def test_a_date_is_measured_from_now() -> None:
    context = task_context(http=guarded(LOOPBACK), clock=FakeClock(NOON - timedelta(minutes=1)))
    caught = fail(always(answer("503 No", ["Retry-After: Sun, 22 Nov 2026 12:00:30 GMT"])), context)
    assert caught.retry_after_seconds == 90.0
