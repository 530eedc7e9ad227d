"""What Lambda does for functions/worker, in a process of its own: ``python -m tests.bench.aws.working URL [alone]``.

Receives up to ten messages, invokes the function with them, deletes those that it does not want again. ``alone``: each
write of the function is a call of its own, as it was before ADR 0042.
"""

import sys
from typing import Any

from functions.worker.handler import handler
from tests.function_stack import Context
from tests.queue_events import queue_event
from tickwell.adapters.aws.dynamodb import table
from tickwell.bootstrap.aws.clients import client

_WAIT_SECONDS = 2


def main() -> None:
    """Until it is killed."""
    url, *how = sys.argv[1:]
    if how:
        setattr(table, "_can_be_batched", lambda _keys: False)  # noqa: B010 - of another module
    sqs = client("sqs")
    while True:
        answer = sqs.receive_message(
            QueueUrl=url,
            MaxNumberOfMessages=10,
            WaitTimeSeconds=_WAIT_SECONDS,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        if messages := answer.get("Messages"):
            failed = handler(queue_event(url, messages), Context())["batchItemFailures"]
            again = {each["itemIdentifier"] for each in failed}
            done = [each["ReceiptHandle"] for each in messages if each["MessageId"] not in again]
            entries: Any = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in enumerate(done)]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)


if __name__ == "__main__":
    main()
