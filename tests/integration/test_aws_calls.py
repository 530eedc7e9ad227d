"""What one occurrence costs in calls to AWS, recorded at the SDK below the real functions.

Lambda's own requests (receiving and deleting a message) are not among them, nor EventBridge Scheduler's delivery.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pytest

from tests.contract.queue_engines import REGION
from tests.doubles import NOON
from tests.integration.test_functions import Stack, stack  # noqa: F401 - a fixture
from tickwell.adapters.system import SystemClock

Call = tuple[str, dict[str, Any]]

ACCEPT = {"dynamodb.GetItem": 1}
WORK = {"dynamodb.UpdateItem": 2, "dynamodb.PutItem": 1}


class Sdk:
    """Records what the SDK is asked for, and holds the clock that all functions read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[Call] = []
        self.now = NOON
        real = boto3.client("sqs", region_name=REGION)._make_api_call.__func__  # type: ignore[attr-defined]

        def recorded(client: Any, operation: str, request: dict[str, Any]) -> Any:
            self.calls.append((f"{client.meta.service_model.service_name}.{operation}", request))
            return real(client, operation, request)

        monkeypatch.setattr("botocore.client.BaseClient._make_api_call", recorded)
        monkeypatch.setattr(SystemClock, "now", lambda _clock: self.now)

    @contextmanager
    def recording(self) -> Iterator[Counter[str]]:
        """How often what was called in the block; complete at its end."""
        counted: Counter[str] = Counter()
        first = len(self.calls)
        yield counted
        counted.update(name for name, _ in self.calls[first:])

    def sent(self) -> dict[str, Any]:
        """Lambda's event for what was sent to queues last, in one batch."""
        bodies = [request["Entries"] for name, request in self.calls if name == "sqs.SendMessageBatch"][-1]
        return event([entry["MessageBody"] for entry in bodies])

    def delays(self) -> list[int]:
        """The delays in seconds of all messages sent so far."""
        batches = [request["Entries"] for name, request in self.calls if name == "sqs.SendMessageBatch"]
        return [entry["DelaySeconds"] for batch in batches for entry in batch if "DelaySeconds" in entry]


def event(bodies: list[str]) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": str(number),
                "receiptHandle": f"receipt-{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:tw-lane-medium",
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> Sdk:  # noqa: F811 - the fixture
    monkeypatch.setenv("TICKWELL_RATE_LIMIT_PER_HOUR", "0")
    boto3.client("scheduler", region_name=REGION).create_schedule_group(Name="group")
    return Sdk(monkeypatch)


def warm(stack: Stack) -> str:  # noqa: F811
    """A user's token, once every function has remembered what it remembers."""
    token = stack.register()
    return token


def create(stack: Stack, token: str, **fields: Any) -> str:  # noqa: F811
    status, answer = stack.call("POST", "/api/v1/jobs", {"name": "x", **fields}, token)
    assert status == 201, answer
    return str(answer["data"]["id"])


def test_print(stack: Stack, sdk: Sdk, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    token = warm(stack)
    create(stack, token)
    stack.run("worker", sdk.sent())
    for fields in (
        {},
        {"delay_seconds": 60.5},
        {"delay_seconds": 60.5, "precision": "subsecond"},
        {"interval_seconds": 60},
        {"delay_seconds": 3600},
    ):
        with sdk.recording() as accepted:
            create(stack, token, **fields)
        print(fields, dict(accepted), sdk.delays()[-1:])
        if "delay_seconds" in fields and fields["delay_seconds"] == 3600:
            continue
        sdk.now += timedelta(seconds=61)
        create(stack, token)  # warm
        sent = sdk.sent()
        with sdk.recording() as worked:
            stack.run("worker", sent)
        print("   warm", dict(worked))
