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
from tests.function_stack import Stack
from tests.integration.test_functions import stack  # noqa: F401 - a fixture
from tests.queue_events import event_of_bodies
from tickwell.adapters.system import SystemClock

Call = tuple[str, dict[str, Any]]

MINUTE = timedelta(minutes=1)

ACCEPTED = {"dynamodb.GetItem": 1, "dynamodb.BatchWriteItem": 1, "dynamodb.PutItem": 1}
"""The user of the token, the due item, the job."""

RUN = {"dynamodb.UpdateItem": 2, "dynamodb.PutItem": 1}
"""Claim and finish, the record."""


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
        return event_of_bodies("tw-lane-medium", [entry["MessageBody"] for entry in bodies])

    def delays(self) -> list[int]:
        """The delays in seconds of all messages sent so far."""
        batches = [request["Entries"] for name, request in self.calls if name == "sqs.SendMessageBatch"]
        return [entry["DelaySeconds"] for batch in batches for entry in batch if "DelaySeconds" in entry]


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> Sdk:  # noqa: ARG001, F811 - the fixture
    monkeypatch.setenv("TICKWELL_RATE_LIMIT_PER_HOUR", "0")
    boto3.client("scheduler", region_name=REGION).create_schedule_group(Name="group")
    return Sdk(monkeypatch)


@pytest.fixture
def token(stack: Stack, sdk: Sdk) -> str:  # noqa: F811 - the fixture
    """A user, in a stack whose functions have started: they remember queues and stop switches for five seconds."""
    user = stack.register()
    warm(stack, sdk, user)
    return user


def warm(stack: Stack, sdk: Sdk, token: str) -> None:  # noqa: F811 - the fixture
    """Let a job pass through API and worker right now."""
    create(stack, token)
    stack.run("worker", sdk.sent())


def create(stack: Stack, token: str, **fields: Any) -> str:  # noqa: F811 - the fixture
    status, answer = stack.call("POST", "/api/v1/jobs", {"name": "x", **fields}, token)
    assert status == 201, answer
    return str(answer["data"]["id"])


def synced(stack: Stack, sdk: Sdk) -> Counter[str]:  # noqa: F811 - the fixture
    """The calls of one run of the safety sync."""
    with sdk.recording() as calls:
        stack.run("safety_sync", {})
    return calls


def invoked(stack: Stack, sdk: Sdk, function: str, sent: dict[str, Any]) -> Counter[str]:  # noqa: F811
    """The calls of a function that gets ``sent``."""
    with sdk.recording() as calls:
        stack.run(function, sent)
    return calls


@pytest.mark.parametrize(
    ("fields", "delay_seconds"),
    [
        ({}, 0),
        ({"delay_seconds": 60}, 60),
        ({"delay_seconds": 60.5}, 61),
        ({"delay_seconds": 60.5, "precision": "subsecond"}, 60),
        ({"delay_seconds": 900}, 900),
    ],
)
def test_a_job_within_the_horizon(
    stack: Stack,  # noqa: F811 - the fixture
    sdk: Sdk,
    token: str,
    fields: dict[str, Any],
    delay_seconds: int,
) -> None:
    with sdk.recording() as accepted:
        create(stack, token, **fields)
    assert accepted == {**ACCEPTED, "sqs.SendMessageBatch": 1}
    assert sdk.delays()[-1] == delay_seconds
    sent = sdk.sent()
    sdk.now += timedelta(seconds=901)
    warm(stack, sdk, token)
    assert invoked(stack, sdk, "worker", sent) == RUN


def test_ten_jobs_at_once_share_what_can_be_shared(stack: Stack, sdk: Sdk, token: str) -> None:  # noqa: F811
    with sdk.recording() as accepted:
        stack.call("POST", "/api/v1/jobs/batch", {"jobs": [{"name": f"job {n}"} for n in range(10)]}, token)
    together = {"dynamodb.BatchExecuteStatement": 1, "sqs.SendMessageBatch": 1}
    assert accepted == {**ACCEPTED, **together}, "the PutItem is for the audit log"
    ran = invoked(stack, sdk, "worker", sdk.sent())
    assert ran == {"dynamodb.BatchExecuteStatement": 3}, "one claim, one record, one finish for all ten"


@pytest.mark.parametrize("schedule", [{"interval_seconds": 60}, {"cron_expression": "* * * * *"}])
def test_an_occurrence_of_a_recurring_job(
    stack: Stack,  # noqa: F811 - the fixture
    sdk: Sdk,
    token: str,
    schedule: dict[str, Any],
) -> None:
    create(stack, token, **schedule)
    sent = sdk.sent()
    sdk.now += timedelta(seconds=60)
    warm(stack, sdk, token)
    rearmed = {"dynamodb.BatchGetItem": 1, "dynamodb.BatchWriteItem": 1, "sqs.SendMessageBatch": 1}
    assert invoked(stack, sdk, "worker", sent) == {**RUN, **rearmed}
    assert sdk.delays()[-1] == 60


def test_a_far_job_by_the_sweep(stack: Stack, sdk: Sdk, token: str) -> None:  # noqa: F811
    synced(stack, sdk)
    with sdk.recording() as accepted:
        create(stack, token, delay_seconds=3600)
    assert accepted == ACCEPTED
    sdk.now = NOON + timedelta(minutes=44, seconds=30)
    synced(stack, sdk)
    sdk.now += MINUTE
    idle = synced(stack, sdk)
    sdk.now += MINUTE
    assert synced(stack, sdk) - idle == {"sqs.SendMessageBatch": 1}
    assert sdk.delays()[-1] == 810
    sent = sdk.sent()
    sdk.now = NOON + timedelta(hours=1)
    warm(stack, sdk, token)
    assert invoked(stack, sdk, "worker", sent) == RUN


def test_a_far_job_by_eventbridge_scheduler(
    stack: Stack,  # noqa: F811 - the fixture
    sdk: Sdk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TICKWELL_FAR_TIMER", "scheduler")
    token = stack.register()
    warm(stack, sdk, token)
    synced(stack, sdk)
    with sdk.recording() as accepted:
        create(stack, token, delay_seconds=3600)
    assert accepted == {**ACCEPTED, "scheduler.CreateSchedule": 1}
    body = sdk.calls[-1][1]["Target"]["Input"]
    sdk.now = NOON + timedelta(minutes=45, seconds=30)
    idle = synced(stack, sdk)
    sdk.now = NOON + timedelta(minutes=58, seconds=20)
    assert invoked(stack, sdk, "dispatcher", event_of_bodies("tw-dispatch", [body])) == {"sqs.SendMessageBatch": 1}
    assert sdk.delays()[-1] == 100
    sent = sdk.sent()
    assert "sqs.SendMessageBatch" not in synced(stack, sdk) | idle, "the sweep leaves it to its schedule"
    sdk.now = NOON + timedelta(hours=1)
    warm(stack, sdk, token)
    assert invoked(stack, sdk, "worker", sent) == RUN


def test_whoever_ends_a_far_job_deletes_its_schedule(
    stack: Stack,  # noqa: F811 - the fixture
    sdk: Sdk,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TICKWELL_FAR_TIMER", "scheduler")
    token = stack.register()
    warm(stack, sdk, token)
    far, near = create(stack, token, delay_seconds=3600), create(stack, token, delay_seconds=30)
    for job_id, schedules in ((far, 1), (near, 0)):
        with sdk.recording() as calls:
            assert stack.call("POST", f"/api/v1/jobs/{job_id}/cancel", token=token)[0] == 200
        assert calls["scheduler.DeleteSchedule"] == schedules


def test_the_check_afterwards_is_one_read(stack: Stack, sdk: Sdk, token: str) -> None:  # noqa: F811
    synced(stack, sdk)
    sdk.now += timedelta(minutes=2)
    synced(stack, sdk)
    sdk.now += MINUTE
    idle = synced(stack, sdk)
    warm(stack, sdk, token)
    sdk.now += MINUTE
    assert synced(stack, sdk) - idle == {"dynamodb.BatchGetItem": 1}
