"""The events that Lambda makes of what a queue holds."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.contract.queue_engines import REGION


def queue_event(queue: str, messages: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The event of ``messages``, as SQS gives them to whoever receives from ``queue``, a name or a URL."""
    return {
        "Records": [
            {
                "messageId": message["MessageId"],
                "receiptHandle": message["ReceiptHandle"],
                "body": message["Body"],
                "attributes": message["Attributes"],
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:{queue.rpartition('/')[2]}",
            }
            for message in messages
        ]
    }


def event_of_bodies(queue: str, bodies: Iterable[str], *, receives: int = 1) -> dict[str, Any]:
    """The same of messages that nobody has sent."""
    return queue_event(
        queue,
        [
            {
                "MessageId": str(number),
                "ReceiptHandle": f"receipt-{number}",
                "Body": body,
                "Attributes": {"ApproximateReceiveCount": str(receives)},
            }
            for number, body in enumerate(bodies)
        ],
    )
