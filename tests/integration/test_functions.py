"""The Lambda functions on AWS's emulated services: events in, what they did out."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto.ses.models import ses_backends

from tests.contract.queue_engines import REGION
from tests.function_stack import Context, Stack, open_stack
from tests.notification_lab import Hook, serve_hook
from tests.unit.test_webhook import verified
from tickwell.settings.reading import SettingsError


@pytest.fixture
def hook() -> Iterator[Hook]:
    yield from serve_hook()


@pytest.fixture
def stack(aws: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:  # noqa: ARG001 - an account must be there
    with open_stack(monkeypatch) as opened:
        yield opened


def executions(stack: Stack, token: str, job_id: str) -> list[dict[str, Any]]:
    _, answer = stack.call("GET", f"/api/v1/jobs/{job_id}/executions", token=token)
    found: list[dict[str, Any]] = answer["data"]["executions"]
    return found


def test_a_job_goes_from_the_request_to_its_recorded_result(stack: Stack) -> None:
    token = stack.register()
    status, answer = stack.call("POST", "/api/v1/jobs", {"name": "x", "priority": "high", "payload": [1, 2]}, token)
    assert status == 201
    assert stack.run("worker", stack.event("lane-high")) == {"batchItemFailures": []}
    (execution,) = executions(stack, token, answer["data"]["id"])
    assert (execution["status"], execution["output"]) == ("success", [1, 2])


def test_an_unreadable_message_ends_as_a_dead_letter_of_the_operator(stack: Stack) -> None:
    stack.send("lane-low", "{]")
    assert stack.run("worker", stack.event("lane-low")) == {"batchItemFailures": []}
    event = stack.event("lane-dlq")
    assert [record["body"] for record in event["Records"]] == ["{]"]
    assert stack.run("dead_letter", event) == {"batchItemFailures": []}
    (record,) = stack.dead_letter_records()
    assert "operator" in record["dynamodb"]["NewImage"]["pk"]["S"]
    assert stack.run("outcomes", {"Records": [record]}) == {"notifications": 1, "counts": 1}
    before = _sent_mails()
    assert stack.run("notifier", stack.event("notify")) == {"batchItemFailures": []}
    assert _sent_mails() == before + 1, "the operator has an address"


def test_the_owner_of_a_job_that_failed_for_good_gets_a_mail(stack: Stack) -> None:
    token = stack.register()
    _doomed(stack, token)
    records = stack.dead_letter_records()
    assert stack.run("outcomes", {"Records": records}) == {"notifications": 1, "counts": 1}
    before = _sent_mails()
    assert stack.run("notifier", stack.event("notify")) == {"batchItemFailures": []}
    assert _sent_mails() == before + 1


def test_a_webhook_is_told_and_what_it_refuses_waits_in_its_queue(stack: Stack, hook: Hook) -> None:
    token = stack.register()
    status, answer = stack.call("POST", "/api/v1/webhooks", {"url": hook.url}, token)
    assert status == 201
    hook.statuses = [500, 204]
    job_id = _doomed(stack, token)
    assert stack.run("outcomes", {"Records": stack.dead_letter_records()}) == {"notifications": 2, "counts": 1}
    event = stack.event("notify")
    answered = stack.run("notifier", event)
    (again,) = answered["batchItemFailures"]
    assert stack.messages("notify") == [], "it is invisible for its pause"
    assert stack.run(
        "notifier", {"Records": [r for r in event["Records"] if r["messageId"] == again["itemIdentifier"]]}
    )
    ((first, _), (second, body)) = hook.seen
    assert first["webhook-id"] == second["webhook-id"]
    assert verified(answer["data"]["secret"], second, body)
    (execution,) = executions(stack, token, job_id)
    _, logs = stack.call("GET", f"/api/v1/executions/{execution['id']}/logs", token=token)
    told = [line["metadata"] for line in logs["data"]["logs"] if line["message"] == "Notification sent"]
    assert [line["channel"] for line in told] == ["email", "webhook"]


def test_expired_history_can_be_read_back(stack: Stack) -> None:
    token = stack.register()
    job_id = _doomed(stack, token)
    (execution,) = executions(stack, token, job_id)
    month = execution["due_at"][:7]
    assert stack.run("archive", {"Records": stack.records("REMOVE", "OldImage")}) == {"lines": 2, "objects": 1}
    _, answer = stack.call("GET", f"/api/v1/archive/{month}/executions", token=token)
    (archived,) = answer["data"]["executions"]
    assert {name: archived[name] for name in execution} == execution
    _, answer = stack.call("GET", f"/api/v1/archive/{month}/dead-letters", token=token)
    assert [letter["job_id"] for letter in answer["data"]["dead_letters"]] == [job_id]


def _doomed(stack: Stack, token: str) -> str:
    """A job that has failed for good."""
    body = {"name": "doomed", "task": "http_request", "max_retries": 0, "payload": {"url": "http://127.0.0.2/"}}
    _, answer = stack.call("POST", "/api/v1/jobs", body, token)
    stack.run("worker", stack.event("lane-medium"))
    job_id: str = answer["data"]["id"]
    return job_id


def test_the_safety_sync_sweeps_and_repairs(stack: Stack) -> None:
    token = stack.register()
    stack.call("POST", "/api/v1/jobs", {"name": "far", "delay_seconds": 3600}, token)
    report = stack.run("safety_sync", {})
    assert {name: report[name] for name in ("swept", "resent", "behind", "unavailable")} == dict.fromkeys(
        ("swept", "resent", "behind", "unavailable"), 0
    )


def test_what_was_repaired_and_what_was_late_is_told_to_cloudwatch(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    token = stack.register()
    monkeypatch.setenv("TICKWELL_STAGE", "prod")
    stack.call("POST", "/api/v1/jobs", {"name": "lost", "scheduled_time": "2026-01-01T00:00:00Z"}, token)
    sqs = boto3.client("sqs", region_name=REGION)
    sqs.purge_queue(QueueUrl=stack.urls["lane-medium"])
    sync = stack.load("safety_sync")
    capsys.readouterr()
    monkeypatch.setattr("tickwell.adapters.system.SystemClock.now", lambda _: datetime.now(UTC) + timedelta(minutes=2))
    assert sync.handler({}, Context())["resent"] == 1
    assert stack.run("worker", stack.event("lane-medium")) == {"batchItemFailures": []}
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if '"_aws"' in line]
    assert [(line["Stage"], line.get("Recovered"), line.get("Late")) for line in told] == [
        ("prod", 1, None),
        ("prod", None, 1),
    ]


def test_the_dispatcher_hands_messages_to_their_lanes(stack: Stack) -> None:
    token = stack.register()
    stack.call("POST", "/api/v1/jobs", {"name": "x"}, token)
    (message,) = stack.messages("lane-medium")
    stack.send("dispatch", message["Body"])
    stack.send("dispatch", "not a message")
    assert stack.run("dispatcher", stack.event("dispatch")) == {"batchItemFailures": []}
    assert [m["Body"] for m in stack.messages("lane-medium")] == [message["Body"]]
    assert [m["Body"] for m in stack.messages("dispatch-dlq")] == ["not a message"]


@pytest.mark.parametrize(
    "function", ["api", "worker", "dispatcher", "safety_sync", "dead_letter", "outcomes", "notifier", "archive"]
)
def test_a_function_without_its_settings_does_not_start(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    monkeypatch.delenv("TICKWELL_LANE_HIGH_URL")
    monkeypatch.delenv("TICKWELL_NOTIFICATION_URL")
    monkeypatch.delenv("TICKWELL_BLOB_BUCKET")
    with pytest.raises(SettingsError, match=r"TICKWELL_(LANE_HIGH_URL|NOTIFICATION_URL|BLOB_BUCKET)"):
        stack.load(function)


def _sent_mails() -> int:
    return len(ses_backends["123456789012"][REGION].sent_messages)
