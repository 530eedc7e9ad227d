"""Executions, logs, mail and dead letters through the API, on both hosts."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from tests.api_hosts import Api, Client
from tests.world import task
from tickwell.application.task import Task, TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.notification import Channel, NotificationRecord

JOBS, EXECUTIONS, DEAD_LETTERS = "/api/v1/jobs", "/api/v1/executions", "/api/v1/dead-letters"


def _break(_payload: Any, context: TaskContext) -> Any:
    context.log("warning", "about to break", attempt=context.attempt)
    raise AttemptFailedError("BROKEN", f"broke in attempt {context.attempt}")


def _big(payload: Any, _context: TaskContext) -> Any:
    return {"text": "x" * int(payload)}


@pytest.fixture
def tasks() -> Sequence[Task[Any]]:
    return [task("break", _break), task("big", _big), task("look", _look_while_running)]


async def _look_while_running(_payload: Any, context: TaskContext) -> None:
    """Tells how far it is, and then what the API shows of it."""
    job, listed = f"{JOBS}/{context.job_id}", f"{JOBS}/{context.job_id}/executions"
    SHOWN[:] = [await _look(job), await _look(listed)]
    await context.progress(42.5, "so far")
    SHOWN.extend([await _look(job), await _look(f"{EXECUTIONS}/{context.execution_id}")])


async def _look(path: str) -> Any:
    return (await asyncio.to_thread(WHO[0], "GET", path)).data


SHOWN: list[Any] = []
WHO: list[Client] = []


def run(api: Api, client: Client, **fields: Any) -> str:
    answer = client("POST", JOBS, {"name": "a job", **fields})
    assert answer.status == 201, answer.json
    api.world.work()
    job_id: str = answer.data["id"]
    return job_id


def test_an_execution_is_shown_with_its_output_and_log(api: Api, ada: Client) -> None:
    job_id = run(api, ada, payload=[1, {"a": None}])
    (listed,) = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert listed == {
        "id": listed["id"],
        "job_id": job_id,
        "child_id": None,
        "due_at": "2026-11-22T12:00:00.000Z",
        "execution_time": "2026-11-22T12:00:00.000Z",
        "status": "success",
        "attempt": 1,
        "retry_attempt": 0,
        "duration_ms": 0,
        "progress": None,
        "output": [1, {"a": None}],
        "output_omitted": False,
        "error_message": None,
        "error_code": None,
        "traceback": None,
        "next_retry_at": None,
        "started_at": "2026-11-22T12:00:00.000Z",
        "finished_at": "2026-11-22T12:00:00.000Z",
        "created_at": "2026-11-22T12:00:00.000Z",
        "pending": False,
        "pending_until": None,
        "traceparent": None,
    }
    assert ada("GET", f"{EXECUTIONS}/{listed['id']}").data == {**listed, "job_name": "a job"}
    logs = ada("GET", f"{EXECUTIONS}/{listed['id']}/logs").data
    assert logs["execution_id"] == listed["id"]
    assert [line["message"] for line in logs["logs"]] == [
        "Job execution started",
        "echoed the payload",
        "Job completed successfully",
    ]
    assert len({line["id"] for line in logs["logs"]}) == 3


def test_failures_are_told_and_retries_announced(api: Api, ada: Client) -> None:
    retry = {"strategy": "fixed", "delay_seconds": 30}
    job_id = run(api, ada, task="break", max_retries=1, retry=retry)
    (first,) = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert (first["status"], first["error_code"], first["error_message"]) == ("failed", "BROKEN", "broke in attempt 1")
    assert first["next_retry_at"] == "2026-11-22T12:00:30.000Z"
    job = ada("GET", f"{JOBS}/{job_id}").data
    assert (job["state"], job["status"], job["retry_count"]) == ("retrying", "active", 1)
    api.world.clock.advance(30)
    api.world.work()
    second, again = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert again == first
    assert (second["attempt"], second["retry_attempt"], second["next_retry_at"]) == (2, 1, None)
    job = ada("GET", f"{JOBS}/{job_id}").data
    assert (job["status"], job["statistics"]["failed_executions"]) == ("failed", 2)
    levels = [line["level"] for line in ada("GET", f"{EXECUTIONS}/{second['id']}/logs").data["logs"]]
    assert levels == ["info", "warning", "error"]


def test_what_is_given_up_is_a_dead_letter(api: Api, ada: Client) -> None:
    job_id = run(api, ada, task="break", max_retries=0)
    page = ada("GET", DEAD_LETTERS).data
    (letter,) = page["dead_letters"]
    assert (letter["job_id"], letter["job_name"], letter["task"]) == (job_id, "a job", "break")
    assert (letter["attempts"], letter["error_code"]) == (1, "BROKEN")
    assert page["pagination"]["next_cursor"] is None
    assert letter.items() <= ada("GET", f"{DEAD_LETTERS}/{letter['id']}").data.items()
    eve = api.user("eve@example.com")
    assert eve("GET", DEAD_LETTERS).data["dead_letters"] == []
    assert eve("GET", f"{DEAD_LETTERS}/{letter['id']}").status == 404


def test_executions_are_filtered_by_status(api: Api, ada: Client) -> None:
    job_id = run(api, ada, task="break", max_retries=0)
    for status, count in [("failed", 1), ("success", 0), ("running", 0), ("timeout", 0)]:
        found = ada("GET", f"{JOBS}/{job_id}/executions?status={status}").data["executions"]
        assert len(found) == count
    assert ada("GET", f"{JOBS}/{job_id}/executions?status=pending").fields == ["status"]


def test_executions_come_page_by_page(api: Api, ada: Client) -> None:
    job_id = run(api, ada, task="break", max_retries=4, retry={"strategy": "fixed", "delay_seconds": 1})
    for _ in range(4):
        api.world.clock.advance(1)
        api.world.work()
    attempts, target = [], f"{JOBS}/{job_id}/executions?limit=2"
    for _ in range(5):
        page = ada("GET", target).data
        attempts += [execution["attempt"] for execution in page["executions"]]
        cursor = page["pagination"]["next_cursor"]
        if cursor is None:
            break
        target = f"{JOBS}/{job_id}/executions?limit=2&cursor={cursor}"
    assert attempts == [5, 4, 3, 2, 1]


@pytest.mark.parametrize("size", [20_000, 600_000])
def test_large_outputs_are_left_out_of_listings_only(api: Api, ada: Client, size: int) -> None:
    job_id = run(api, ada, task="big", payload=size)
    (listed,) = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert (listed["output"], listed["output_omitted"]) == (None, True)
    shown = ada("GET", f"{EXECUTIONS}/{listed['id']}").data
    assert (len(shown["output"]["text"]), shown["output_omitted"]) == (size, False)


def test_the_sent_mail_is_shown_as_it_was_sent(api: Api, ada: Client) -> None:
    mail = {"to": "bob@example.com", "subject": "Grüße", "body": "Hello"}
    job_id = run(api, ada, task="send_email", payload=mail)
    (listed,) = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    assert listed["status"] == "success", listed
    sent = ada("GET", listed["output"]["preview_url"]).data
    assert (sent["to"], sent["subject"]) == (["bob@example.com"], "Grüße")
    assert sent["message_id"] == listed["output"]["message_id"]
    echo = run(api, ada, name="no mail")
    (other,) = ada("GET", f"{JOBS}/{echo}/executions").data["executions"]
    assert ada("GET", f"{EXECUTIONS}/{other['id']}/email").status == 404


@pytest.mark.parametrize(
    "path",
    [
        f"{EXECUTIONS}/x",
        f"{EXECUTIONS}/x/logs",
        f"{EXECUTIONS}/x/email",
        f"{EXECUTIONS}/{'0' * 36}-0-1",
        f"{EXECUTIONS}/{'0' * 36}-{'f' * 60}-1",
        f"{EXECUTIONS}/{'0' * 36}--1-1",
        f"{EXECUTIONS}/01a20320-a200-7c21-a29f-6fc03ef5f4b3-01a20320a200-1/email",
        f"{JOBS}/x/executions",
        f"{DEAD_LETTERS}/x",
    ],
)
def test_what_does_not_exist_is_not_found(ada: Client, path: str) -> None:
    answer = ada("GET", path)
    assert (answer.status, answer.json["code"]) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=-1", "limit"),
        ("limit=1.5", "limit"),
        ("limit=ten", "limit"),
        ("limit=", "limit"),
        ("limit=5,6", "limit"),
        ("limit=" + "9" * 5000, "limit"),
        ("limit=1&limit=2", "limit"),
        ("cursor=", "cursor"),
        ("cursor=x", "cursor"),
        ("cursor=%00", "cursor"),
        ("cursor=%ff", "cursor"),
        ("cursor=W10", "cursor"),
        ("cursor=WzEsImpvYnMiLCJcdWQ4MDAiXQ", "cursor"),
        ("cursor=" + "x" * 5000, "cursor"),
        ("surprise=1", "surprise"),
        ("%ff=1", "\\ufffd"),
    ],
)
def test_listings_refuse_bad_parameters(api: Api, ada: Client, query: str, field: str) -> None:
    for path in (JOBS, DEAD_LETTERS, f"{JOBS}/{run(api, ada)}/executions"):
        assert ada("GET", f"{path}?{query}").fields == [field]


def test_progress_can_be_read_while_the_task_runs_and_no_longer(api: Api, ada: Client) -> None:
    WHO[:] = [ada]
    job_id = run(api, ada, task="look", stall_seconds=30)
    job_before, listed_before, job, execution = SHOWN
    told = {"percent": 42.5, "message": "so far", "at": "2026-11-22T12:00:00.000Z"}
    assert (job_before["state"], job_before["progress"], job_before["stall_seconds"]) == ("running", None, 30)
    assert [one["progress"] for one in listed_before["executions"]] == [None]
    assert (job["progress"], execution["progress"], execution["status"]) == (told, told, "running")
    assert ada("GET", f"{JOBS}/{job_id}").data["progress"] is None
    assert ada("GET", f"{EXECUTIONS}/{execution['id']}").data["progress"] is None


def test_a_job_that_pauses_itself_shows_why_and_starts_anew_when_it_is_resumed(api: Api, ada: Client) -> None:
    body = {"task": "break", "interval_seconds": 60, "max_retries": 0, "pause_after_failures": 2}
    created = ada("POST", JOBS, {"name": "a job", **body}).data
    assert (created["pause_after_failures"], created["paused_reason"]) == (2, None)
    for _ in range(2):
        api.world.clock.advance(60)
        api.world.work()
    job = ada("GET", f"{JOBS}/{created['id']}").data
    assert (job["status"], job["state"], job["next_run"]) == ("paused", "paused", None)
    assert (job["failures_in_a_row"], job["paused_reason"]) == (2, "2 failed occurrences in a row")
    assert job["paused_at"] == "2026-11-22T12:02:00.000Z"
    (listed,) = ada("GET", JOBS).data["jobs"]
    assert listed["paused_reason"] == "2 failed occurrences in a row"
    assert ada("POST", f"{JOBS}/{created['id']}/resume").status == 200
    job = ada("GET", f"{JOBS}/{created['id']}").data
    assert (job["status"], job["failures_in_a_row"], job["paused_reason"]) == ("active", 0, None)


def test_the_log_says_who_was_told(api: Api, ada: Client) -> None:
    job_id = run(api, ada, task="break", max_retries=0)
    (listed,) = ada("GET", f"{JOBS}/{job_id}/executions").data["executions"]
    tenant_id = api.world.accounts.by_email("ada@example.com").tenant_id
    execution = api.world.core.history.get_execution(tenant_id, listed["id"])
    record = NotificationRecord(
        tenant_id=tenant_id,
        job_id=job_id,
        due_at=execution.due_at,
        attempt=1,
        notification_id="failed-1.email",
        channel=Channel.EMAIL,
        target="a***@example.com",
        event_type="job.failed",
        at=api.world.clock.now(),
        expires_at=execution.expires_at,
    )
    api.world.notifying.records.put(record)
    *_, end, told = ada("GET", f"{EXECUTIONS}/{listed['id']}/logs").data["logs"]
    assert end["message"] == "Job execution ended as failed"
    assert (told["level"], told["message"]) == ("info", "Notification sent")
    assert told["metadata"] == {
        "event": "job.failed",
        "channel": "email",
        "target": "a***@example.com",
        "id": "failed-1.email",
    }
