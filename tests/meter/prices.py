"""What AWS and the peers charge: list prices of us-east-1 in USD, read on ``READ_ON``, free tiers left out."""

from enum import StrEnum
from typing import Final

from tickwell.domain.prices import PRICES

_LIST: Final = PRICES.per_million
READ_ON: Final = PRICES.as_of

MILLION: Final = 1_000_000


class Charge(StrEnum):
    """What is billed, in the units that it is billed by."""

    WRITE_UNITS = "write units"
    READ_UNITS = "read units"
    SQS = "SQS requests"
    SCHEDULER = "schedules fired"
    HTTP = "HTTP requests"
    LAMBDA = "Lambda requests"
    LAMBDA_TIME = "Lambda GB-seconds"
    BLOB_WRITES = "S3 writes"
    BLOB_READS = "S3 reads"
    MAILS = "mails"


PER_MILLION: Final[dict[Charge, float]] = {
    Charge.WRITE_UNITS: _LIST.write_units,  # DynamoDB on demand: 1 KB; in a transaction twice
    Charge.READ_UNITS: _LIST.read_units,  # 4 KB, consistent; half of it where not
    Charge.SQS: _LIST.sqs_requests,  # standard queues: 64 KB; a batch of ten is one where it fits
    Charge.SCHEDULER: _LIST.scheduler_invocations,  # creating and deleting schedules is free
    Charge.HTTP: _LIST.http_requests,  # HTTP API: 512 KB
    Charge.LAMBDA: _LIST.lambda_requests,
    Charge.LAMBDA_TIME: _LIST.gb_seconds,  # arm64
    Charge.BLOB_WRITES: 5.00,
    Charge.BLOB_READS: 0.40,
    Charge.MAILS: 100.00,
}
"""USD for a million units; what the product itself reckons with stands in ``domain/prices.py``."""

STORAGE_GB_MONTH: Final = 0.25
"""DynamoDB, for items with 100 bytes more than they are billed by."""

LOGS_GB: Final = 0.50
"""CloudWatch Logs, taking in."""

# Lambda's time cannot be measured on an emulator. These are assumptions, not prices.

INVOCATION_MS: Final = 10.0
"""What an invocation of a warm function takes besides its calls, at 512 MB."""

CALL_MS: Final = 5.0
"""What each call of the SDK takes of it: 1.4 ms of a core's time are 5 ms with the 0.29 cores that 512 MB come with.

Calls side by side share those; their answers take 3 to 5 ms, and are waited for meanwhile.
"""

PEERS: Final[dict[str, float]] = {
    "QStash": 10.00,  # 1 per 100,000 messages, pay as you go; runs no code
    "Step Functions, standard, 2 transitions a job": 50.00,  # 25 per million transitions; runs no code
    "Step Functions, standard, 3 transitions a job": 75.00,
    # One schedule a job, and the function that it invokes (no record, no retry beyond its own, a minute's precision).
    "EventBridge Scheduler alone": _LIST.scheduler_invocations + _LIST.lambda_requests,
    # Send, receive, delete, one at a time; the result is looked for and put (celery.backends.dynamodb).
    "Celery on SQS, results in DynamoDB": 3 * _LIST.sqs_requests + _LIST.write_units + _LIST.read_units / 2,
}
"""USD for a million jobs elsewhere. Celery needs servers as well, which are there whether jobs are or not."""

CELERY_SERVER_MONTH: Final = 12.26
"""A t4g.small on demand, the least that keeps Celery's worker going."""
