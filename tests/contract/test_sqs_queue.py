"""How the SQS adapter speaks to SQS, and what it makes of partial failures."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from tests.contract.queue_engines import REGION, JobQueue, SqsEngine
from tests.contract.test_queues import job_message, outgoing
from tickwell.adapters.aws.sqs import SqsQueue, batch_failures, deliveries_from_event
from tickwell.application.ports import Delivery, Outgoing
from tickwell.domain.errors import UnavailableError
from tickwell.domain.message import Unreadable
from tickwell.messages import decode_job_message, encode_job_message

URL = f"https://sqs.{REGION}.amazonaws.com/123456789012/lane"


@pytest.fixture
def stubbed(aws: str) -> Iterator[tuple[JobQueue, Stubber]]:
    """A queue whose service answers what the test says, in that order."""
    client = boto3.client("sqs", region_name=aws)
    with Stubber(client) as stubber:
        yield SqsQueue(client, URL, None, encode_job_message, decode_job_message), stubber
        stubber.assert_no_pending_responses()


def entry(number: int) -> dict[str, Any]:
    return {
        "Id": str(number),
        "MessageBody": encode_job_message(job_message(number)),
        "DelaySeconds": 0,
        "MessageGroupId": "tenant",
    }


def failed(number: int, code: str = "InternalError") -> dict[str, Any]:
    return {"Id": str(number), "Code": code, "SenderFault": False}


def answer(*failures: dict[str, Any]) -> dict[str, Any]:
    return {"Successful": [], "Failed": list(failures)}


def delivery(number: int) -> Delivery[Any]:
    return Delivery(message=job_message(number), message_id=f"m{number}", receipt=f"r{number}", receive_count=1)


def test_the_tenant_is_the_message_group(sqs_engine: SqsEngine) -> None:
    pair = sqs_engine.pair()
    pair.queue.send([Outgoing(message=job_message(), group="tenant-7")])
    (message,) = sqs_engine.client.receive_message(
        QueueUrl=sqs_engine.urls[0], MessageSystemAttributeNames=["MessageGroupId"]
    )["Messages"]
    assert message["Attributes"]["MessageGroupId"] == "tenant-7"


@pytest.mark.parametrize("delay_seconds", [0, 0.001, 1, 1.5, 899.2])
def test_delays_are_rounded_up_to_whole_seconds(stubbed: tuple[JobQueue, Stubber], delay_seconds: float) -> None:
    queue, stubber = stubbed
    entries = [entry(0) | {"DelaySeconds": math.ceil(delay_seconds)}]
    stubber.add_response("send_message_batch", answer(), {"QueueUrl": URL, "Entries": entries})
    queue.send(outgoing(delay_seconds=delay_seconds))


@pytest.mark.parametrize("delay_seconds", [0, 0.001, 1, 1.5, 899.2])
def test_delays_are_rounded_down_for_receivers_that_wait(
    stubbed: tuple[JobQueue, Stubber], delay_seconds: float
) -> None:
    queue, stubber = stubbed
    entries = [entry(0) | {"DelaySeconds": math.floor(delay_seconds)}]
    stubber.add_response("send_message_batch", answer(), {"QueueUrl": URL, "Entries": entries})
    queue.send([replace(item, rather_early=True) for item in outgoing(delay_seconds=delay_seconds)])


def test_messages_travel_ten_at_a_time(stubbed: tuple[JobQueue, Stubber]) -> None:
    queue, stubber = stubbed
    for numbers in (range(10), range(10, 20), range(20, 23)):
        entries = [entry(number) for number in numbers]
        stubber.add_response("send_message_batch", answer(), {"QueueUrl": URL, "Entries": entries})
    queue.send(outgoing(23))


def test_a_batch_stays_under_the_size_limit(aws: str) -> None:
    client = boto3.client("sqs", region_name=aws)
    url = client.create_queue(QueueName="large")["QueueUrl"]
    queue = SqsQueue[str](client, url, None, str, str)
    queue.send([Outgoing(message=f"{number}" + "ü" * 150_000, group="t") for number in range(7)])
    assert queue.depth().waiting == 7


def test_what_was_refused_is_sent_once_more(stubbed: tuple[JobQueue, Stubber]) -> None:
    queue, stubber = stubbed
    stubber.add_response("send_message_batch", answer(failed(1)))
    stubber.add_response("send_message_batch", answer(), {"QueueUrl": URL, "Entries": [entry(1)]})
    queue.send(outgoing(3))


def test_what_is_refused_twice_is_an_error(stubbed: tuple[JobQueue, Stubber]) -> None:
    queue, stubber = stubbed
    for _ in range(2):
        stubber.add_response("send_message_batch", answer(failed(1)))
    with pytest.raises(UnavailableError, match="InternalError"):
        queue.send(outgoing(3))


def test_a_failed_deletion_is_tried_once_more(stubbed: tuple[JobQueue, Stubber]) -> None:
    queue, stubber = stubbed
    again = {"QueueUrl": URL, "Entries": [{"Id": "2", "ReceiptHandle": "r2"}]}
    stubber.add_response("delete_message_batch", answer(failed(2), failed(1, "ReceiptHandleIsInvalid")))
    stubber.add_response("delete_message_batch", answer(), again)
    queue.delete([delivery(number) for number in range(3)])


def test_a_deletion_that_fails_twice_is_an_error(stubbed: tuple[JobQueue, Stubber]) -> None:
    queue, stubber = stubbed
    for _ in range(2):
        stubber.add_response("delete_message_batch", answer(failed(0)))
    with pytest.raises(UnavailableError, match="InternalError"):
        queue.delete([delivery(0)])


@pytest.mark.parametrize(("wait_seconds", "asked"), [(0, 0), (0.2, 1), (5, 5), (20, 20), (60, 20)])
def test_waiting_is_the_services_long_polling(
    stubbed: tuple[JobQueue, Stubber], wait_seconds: float, asked: int
) -> None:
    queue, stubber = stubbed
    expected = {
        "QueueUrl": URL,
        "MaxNumberOfMessages": 5,
        "WaitTimeSeconds": asked,
        "MessageSystemAttributeNames": ["ApproximateReceiveCount"],
    }
    stubber.add_response("receive_message", {}, expected)
    assert not queue.receive(5, wait_seconds=wait_seconds)


@pytest.mark.parametrize("operation", ["send_message_batch", "receive_message", "delete_message_batch"])
def test_a_throttled_service_is_unavailable(stubbed: tuple[JobQueue, Stubber], operation: str) -> None:
    queue, stubber = stubbed
    stubber.add_client_error(operation, "RequestThrottled", http_status_code=400)
    actions: dict[str, Callable[[], object]] = {
        "send_message_batch": lambda: queue.send(outgoing()),
        "receive_message": lambda: queue.receive(1, wait_seconds=0),
        "delete_message_batch": lambda: queue.delete([delivery(0)]),
    }
    with pytest.raises(UnavailableError, match="sqs: RequestThrottled"):
        actions[operation]()


def test_a_missing_queue_is_not_mistaken_for_a_busy_service(aws: str) -> None:
    client = boto3.client("sqs", region_name=aws)
    queue = SqsQueue(client, URL, None, encode_job_message, decode_job_message)
    with pytest.raises(client.exceptions.QueueDoesNotExist):
        queue.send(outgoing())


def record(number: int, body: str, receive_count: int = 1) -> dict[str, Any]:
    return {
        "messageId": f"m{number}",
        "receiptHandle": f"r{number}",
        "body": body,
        "attributes": {"ApproximateReceiveCount": str(receive_count), "SentTimestamp": "1795348800000"},
        "eventSource": "aws:sqs",
    }


def test_a_lambda_event_becomes_deliveries() -> None:
    event = {"Records": [record(1, encode_job_message(job_message(1))), record(2, "{", receive_count=3)]}
    first, second = deliveries_from_event(event, decode_job_message)
    assert first == delivery(1)
    assert isinstance(second.message, Unreadable)
    assert (second.message_id, second.receipt, second.receive_count) == ("m2", "r2", 3)


def test_the_answer_names_the_messages_that_must_come_again() -> None:
    assert batch_failures([]) == {"batchItemFailures": []}
    assert batch_failures(["m1", "m2"]) == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
