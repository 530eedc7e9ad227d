"""One task in memory, as users test their own."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import BaseModel

from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import InvalidInputError
from tickwell.sdk import AttemptCancelledError, AttemptFailedError, PlainContext, TaskContext, task
from tickwell.tasks.echo import ECHO
from tickwell.tasks.http_request import HTTP_REQUEST
from tickwell.tasks.send_email import SEND_EMAIL
from tickwell.testing import http_answer, run_task
from tickwell.testing.clock import SimulatedClock
from tickwell.testing.loop import SimulatedLoop, StandstillError

AT = datetime(2027, 5, 1, tzinfo=UTC)


class Count(BaseModel):
    """How often."""

    times: int


@task()
def count(payload: Count, context: PlainContext) -> int:
    """Says how far it is."""
    for done in range(payload.times):
        context.progress(done, "counting")
    context.log("info", "counted", times=payload.times)
    return payload.times


@task()
async def wait(payload: Count, context: TaskContext) -> str:
    """Waits for hours."""
    async with asyncio.timeout(payload.times * 3600 + 1):
        await asyncio.sleep(payload.times * 3600)
    return context.now().isoformat()


@task()
async def mail(_payload: Count, context: TaskContext) -> Any:
    """Tries what it may not."""
    return context.blobs.get("tenants/a/b")


def test_output_log_and_progress() -> None:
    run = run_task(count, {"times": 3})
    assert run.output == 3
    assert [one.percent for one in run.progress] == [0, 1, 2]
    assert [(line.message, line.metadata) for line in run.log] == [("counted", {"times": 3})]


def test_waiting_takes_simulated_time() -> None:
    run = run_task(wait, {"times": 5}, at=AT)
    assert run.took == timedelta(hours=5)
    assert run.output == "2027-05-01T05:00:00+00:00"


def test_a_payload_that_would_not_be_accepted() -> None:
    with pytest.raises(InvalidInputError, match="times"):
        run_task(count, {"times": "often"})


def test_a_cancelled_attempt() -> None:
    with pytest.raises(AttemptCancelledError):
        run_task(count, {"times": 3}, cancel_at_sign=2)


def test_mail_is_kept() -> None:
    run = run_task(SEND_EMAIL, {"to": "ada@example.com", "subject": "hello", "body": "you"})
    assert [(one.to, one.subject) for one in run.mails] == [(("ada@example.com",), "hello")]


@task()
def double(_payload: Count, context: PlainContext) -> int:
    """Doubles a file."""
    data = context.files.read("in.txt")
    context.files.write("out/twice.txt", data + data, content_type="text/plain")
    return len(context.files.list())


def test_files_are_given_and_kept() -> None:
    run = run_task(double, {"times": 1}, files={"in.txt": b"tea"})
    assert (run.output, run.files) == (2, {"in.txt": b"tea", "out/twice.txt": b"teatea"})
    with pytest.raises(AttemptFailedError, match=r"no file in\.txt"):
        run_task(double, {"times": 1})


def test_tasks_of_users_have_no_blobs() -> None:
    with pytest.raises(AttemptFailedError, match="no access to blobs"):
        run_task(mail, {"times": 1})


def test_an_output_that_cannot_be_stored() -> None:
    @task()
    def strange(_payload: Count, _context: PlainContext) -> object:
        """Returns no JSON."""
        return object()

    with pytest.raises(AttemptFailedError):
        run_task(strange, {"times": 1})


def test_the_network_answers() -> None:
    run = run_task(HTTP_REQUEST, {"url": "https://example.com/"}, http=lambda request: http_answer(request, 201))
    assert run.output["status_code"] == 201


def test_any_payload() -> None:
    assert run_task(ECHO, [1, 2]).output == [1, 2]


def test_a_wait_without_end_is_told() -> None:
    loop = SimulatedLoop(SimulatedClock(AT))
    with pytest.raises(StandstillError):
        loop.run_until_complete(loop.create_future())
    loop.close()


@task()
def hand_on(_payload: Count, context: PlainContext) -> Any:
    """Hands its work on."""
    context.files.write("token", context.completion_token.encode())
    return context.pending(timeout_seconds=60)


def test_work_that_goes_on_elsewhere() -> None:
    run = run_task(hand_on, {"times": 1})
    assert run.output == PendingCompletion(timeout_seconds=60)
    assert run.files["token"]
