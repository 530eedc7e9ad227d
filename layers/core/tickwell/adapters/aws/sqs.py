"""Queues on SQS (standard queues): always in batches, with the tenant as message group for fair delivery."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from botocore.exceptions import ClientError

from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.adapters.delay import LONGEST_RELEASE_SECONDS, require_delay
from tickwell.application.ports import Delivery, Depth, Outgoing
from tickwell.domain.errors import UnavailableError
from tickwell.domain.message import Unreadable

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import (
        BatchResultErrorEntryTypeDef,
        DeleteMessageBatchRequestEntryTypeDef,
        SendMessageBatchRequestEntryTypeDef,
    )

T = TypeVar("T")

_SERVICE = "sqs"
_MOST_PER_BATCH = 10
_MOST_BYTES_PER_BATCH = 1_048_576
_LONGEST_WAIT_SECONDS = 20
_STALE_RECEIPT = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)
"""About messages that were deleted or delivered again since; an expired receipt is an invalid parameter to SQS."""


class SqsQueue(Generic[T]):
    """One SQS queue; visibility timeout, retention and redrive are set on the queue itself.

    ``dead_letter_url`` is needed by ``bury`` only. The client's read timeout must be longer than the longest
    ``wait_seconds`` that is asked for.
    """

    def __init__(
        self,
        client: "SQSClient",
        url: str,
        dead_letter_url: str | None,
        encode: Callable[[T], str],
        decode: Callable[[str], T | Unreadable],
    ) -> None:
        self._client = client
        self._url = url
        self._dead_letter_url = dead_letter_url
        self._encode = encode
        self._decode = decode

    def send(self, outgoing: Sequence[Outgoing[T]]) -> None:
        """Send in batches; delays are rounded to whole seconds as the port says. ValueError for a delay above 900 s.

        What SQS refuses of a batch is sent once more; then UnavailableError.
        """
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {
                "Id": str(number),
                "MessageBody": self._encode(item.message),
                "DelaySeconds": _whole_seconds(item),
                "MessageGroupId": item.group,
            }
            for number, item in enumerate(outgoing)
        ]
        for batch in _batches(entries):
            refused = self._send_batch(self._url, batch)
            if refused:
                refused = self._send_batch(self._url, [entry for entry in batch if entry["Id"] in refused])
            _require_none(refused)

    def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery[T]]:
        """See the port; waiting is rounded up to whole seconds, 20 at most."""
        with service_errors(_SERVICE):
            answer = self._client.receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=min(limit, _MOST_PER_BATCH),
                WaitTimeSeconds=min(math.ceil(wait_seconds), _LONGEST_WAIT_SECONDS),
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            )
        return [
            Delivery(
                message=self._decode(message["Body"]),
                message_id=message["MessageId"],
                receipt=message["ReceiptHandle"],
                receive_count=int(message["Attributes"]["ApproximateReceiveCount"]),
            )
            for message in answer.get("Messages", [])
        ]

    def delete(self, deliveries: Sequence[Delivery[T]]) -> None:
        """Done with them, in batches. What SQS fails to delete is tried once more; then UnavailableError."""
        for start in range(0, len(deliveries), _MOST_PER_BATCH):
            entries: list[DeleteMessageBatchRequestEntryTypeDef] = [
                {"Id": str(number), "ReceiptHandle": delivery.receipt}
                for number, delivery in enumerate(deliveries[start : start + _MOST_PER_BATCH])
            ]
            failed = self._delete_batch(entries)
            if failed:
                failed = self._delete_batch([entry for entry in entries if entry["Id"] in failed])
            _require_none(failed)

    def release(self, delivery: Delivery[T], *, delay_seconds: int) -> None:
        """Make it deliverable again after ``delay_seconds``, unless somebody else has it by now."""
        timeout_seconds = math.ceil(require_delay(delay_seconds, LONGEST_RELEASE_SECONDS))
        try:
            with service_errors(_SERVICE):
                self._client.change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=delivery.receipt, VisibilityTimeout=timeout_seconds
                )
        except ClientError as error:
            if error_code(error) not in _STALE_RECEIPT:
                raise

    def bury(self, delivery: Delivery[T]) -> None:
        """Send it to the dead letter queue, then delete it here. ValueError where there is no such queue.

        SQS cannot do both at once: a crash in between leaves it in both queues, and records of dead letters are
        put once. Of an unreadable message only the part that ``Unreadable`` kept goes along.
        """
        if self._dead_letter_url is None:
            raise ValueError("this queue has no dead letter queue")
        message = delivery.message
        body = message.body if isinstance(message, Unreadable) else self._encode(message)
        entries: list[SendMessageBatchRequestEntryTypeDef] = [{"Id": "0", "MessageBody": body}]
        _require_none(self._send_batch(self._dead_letter_url, entries))
        self.delete([delivery])

    def depth(self, *, most: int | None = None) -> Depth:
        """SQS's own approximate counts, up to a minute old; it does not tell the age of the oldest.

        It counts by itself, whatever ``most`` is.
        """
        del most
        with service_errors(_SERVICE):
            attributes = self._client.get_queue_attributes(
                QueueUrl=self._url,
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesDelayed",
                    "ApproximateNumberOfMessagesNotVisible",
                ],
            )["Attributes"]
        return Depth(
            waiting=int(attributes["ApproximateNumberOfMessages"]),
            delayed=int(attributes["ApproximateNumberOfMessagesDelayed"]),
            in_flight=int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    def _send_batch(self, url: str, entries: "Sequence[SendMessageBatchRequestEntryTypeDef]") -> dict[str, str]:
        """Code by entry id of what was refused."""
        with service_errors(_SERVICE):
            return _failures(self._client.send_message_batch(QueueUrl=url, Entries=entries).get("Failed", []))

    def _delete_batch(self, entries: "Sequence[DeleteMessageBatchRequestEntryTypeDef]") -> dict[str, str]:
        """Code by entry id of what is still there for a reason that may pass."""
        with service_errors(_SERVICE):
            answer = self._client.delete_message_batch(QueueUrl=self._url, Entries=entries)
        failures = _failures(answer.get("Failed", []))
        return {number: code for number, code in failures.items() if code not in _STALE_RECEIPT}


def deliveries_from_event(event: Mapping[str, Any], decode: Callable[[str], T | Unreadable]) -> list[Delivery[T]]:
    """The deliveries in the event that Lambda passes for an SQS queue; ``message_id`` is its item identifier."""
    return [
        Delivery(
            message=decode(record["body"]),
            message_id=record["messageId"],
            receipt=record["receiptHandle"],
            receive_count=int(record["attributes"]["ApproximateReceiveCount"]),
        )
        for record in event["Records"]
    ]


def batch_failures(message_ids: Iterable[str]) -> dict[str, Any]:
    """Lambda's answer for an SQS batch: deliver these messages again, the others are done with.

    Each id must be one of the batch: at an unknown one Lambda fails the whole batch.
    """
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in message_ids]}


def _batches(
    entries: "Sequence[SendMessageBatchRequestEntryTypeDef]",
) -> "Iterator[list[SendMessageBatchRequestEntryTypeDef]]":
    """As few batches as the limits on number and size allow, in order."""
    batch: list[SendMessageBatchRequestEntryTypeDef] = []
    batch_bytes = 0
    for entry in entries:
        entry_bytes = len(entry["MessageBody"].encode())
        if batch and (len(batch) == _MOST_PER_BATCH or batch_bytes + entry_bytes > _MOST_BYTES_PER_BATCH):
            yield batch
            batch, batch_bytes = [], 0
        batch.append(entry)
        batch_bytes += entry_bytes
    if batch:
        yield batch


def _whole_seconds(item: Outgoing[Any]) -> int:
    delay_seconds = require_delay(item.delay_seconds)
    return math.floor(delay_seconds) if item.rather_early else math.ceil(delay_seconds)


def _failures(failed: "Sequence[BatchResultErrorEntryTypeDef]") -> dict[str, str]:
    return {entry["Id"]: entry["Code"] for entry in failed}


def _require_none(failures: Mapping[str, str]) -> None:
    if failures:
        raise UnavailableError(_SERVICE, ", ".join(sorted(set(failures.values()))))
