"""Messages that a lane gives up: received ten times, never deleted, and moved by SQS to the dead letter queue."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from tests.e2e import sam
from tests.e2e.deployment import Deployment, Json, wait_for
from tests.e2e.receiver import Receiver

LANE = "low"
"""Nothing else travels in this lane."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Redriven:
    """The jobs of one deployment whose messages were given up: once, and each time. They belong to a user of their own.

    ``calls_before``: how many requests there had been when the worker got the lane back.
    """

    name: str
    deployment: Deployment
    receiver: Receiver
    revived_job: str
    lost_job: str
    calls_before: int


def redrive(name: str, deployment: Deployment, receiver: Receiver, *, at: datetime) -> Redriven:
    """Keep the worker from the lane, and receive the jobs' messages in its place until the lane gives them up.

    It begins at ``at``, when the machine has started all functions and nobody's punctuality is measured.
    """
    time.sleep(max((at - datetime.now(UTC)).total_seconds(), 0))
    own = replace(deployment, token=None)
    own.register(f"redrive-{name}@user.example")
    with _nobody_receives(own):
        lost_job = own.create_job(_job(f"{receiver.url}/lost/{name}"))
        _receive_in_vain(own, lost_job, attempt=1)
        own.finished(lost_job, count=1, timeout_seconds=60)
        _receive_in_vain(own, lost_job, attempt=2)
        own.finished(lost_job, count=2, timeout_seconds=60)
        revived_job = own.create_job(_job(f"{receiver.url}/revived/{name}"))
        _receive_in_vain(own, revived_job, attempt=1)
        own.finished(revived_job, count=1, timeout_seconds=60)
        calls_before = len(receiver.at(f"/lost/{name}") + receiver.at(f"/revived/{name}"))
    return Redriven(
        name=name,
        deployment=own,
        receiver=receiver,
        revived_job=revived_job,
        lost_job=lost_job,
        calls_before=calls_before,
    )


def _job(url: str) -> Json:
    """One that must not run twice: what no worker ever began may be tried again nevertheless."""
    return {
        "name": "Redriven",
        "task": "http_request",
        "priority": LANE,
        "on_lost": "fail",
        "payload": {"url": url, "method": "POST"},
    }


@contextmanager
def _nobody_receives(deployment: Deployment) -> Iterator[None]:
    """The worker does not get the lane's messages until the block ends."""
    client = deployment.aws.client("lambda")
    mappings = client.list_event_source_mappings(FunctionName=f"{sam.STACK}-worker")["EventSourceMappings"]
    [mapping] = [one["UUID"] for one in mappings if one["EventSourceArn"].endswith(f"-lane-{LANE}")]
    client.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=mapping, Enabled=True)


def _receive_in_vain(deployment: Deployment, job_id: str, *, attempt: int) -> None:
    """Receive the job's message as often as the lane allows. The next receive is the one that SQS moves it at."""
    client = deployment.aws.client("sqs")
    url = deployment.outputs[f"Lane{LANE.title()}Url"]
    attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    for _ in range(int(json.loads(attributes["RedrivePolicy"])["maxReceiveCount"])):
        [received] = wait_for(
            lambda: client.receive_message(QueueUrl=url, VisibilityTimeout=0, WaitTimeSeconds=1).get("Messages"),
            timeout_seconds=30,
            what=lambda: f"the message of {job_id} in the lane:\n{deployment.recent_log()}",
        )
        message = json.loads(received["Body"])
        assert (message["job"], message["attempt"]) == (job_id, attempt), message
    assert "Messages" not in client.receive_message(QueueUrl=url, VisibilityTimeout=0)
