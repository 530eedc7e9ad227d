"""What AWS and the peers charge: list prices of us-east-1 in USD, read on ``READ_ON``, free tiers left out."""

from datetime import date
from enum import StrEnum
from typing import Final

READ_ON: Final = date(2026, 11, 27)

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
    Charge.WRITE_UNITS: 0.625,  # DynamoDB on demand: 1 KB; in a transaction twice
    Charge.READ_UNITS: 0.125,  # 4 KB, consistent; half of it where not
    Charge.SQS: 0.40,  # standard queues: 64 KB; a batch of ten is one where it fits
    Charge.SCHEDULER: 1.00,  # EventBridge Scheduler: invocations; creating and deleting is free
    Charge.HTTP: 1.00,  # HTTP API: 512 KB
    Charge.LAMBDA: 0.20,
    Charge.LAMBDA_TIME: 13.3334,  # arm64
    Charge.BLOB_WRITES: 5.00,
    Charge.BLOB_READS: 0.40,
    Charge.MAILS: 100.00,
}
"""USD for a million units."""

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
    "QStash": 10.00,  # 1 per 100,000 messages, pay as you go
    "Step Functions, standard, 2 transitions a job": 50.00,  # 25 per million transitions
    "Step Functions, standard, 3 transitions a job": 75.00,
}
"""USD for a million jobs at other services that run jobs; what the job's own code costs comes on top."""
