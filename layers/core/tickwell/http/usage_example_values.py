"""The values of the usage in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

USAGE: Mapping[str, Any] = {
    "getUsage.since": "2026-11-01",
    "getUsage.until": "2026-12-01",
    "UsageReportBody.since": "2026-11-01",
    "UsageReportBody.until": "2026-12-01",
    "day": "2026-11-26",
    "as_of": "2026-11-27",
    "region": "us-east-1",
    "created_soon": 240,
    "created_far": 6,
    "created_recurring": 2,
    "children": 1,
    "changes": 3,
    "ActivitiesBody.attempts": 244,
    "ActivitiesBody.occurrences": 48,
    "retries": 5,
    "given_up": 1,
    "ActivitiesBody.outside": 0,
    "execution_seconds": 61.4,
    "least": 0.00113,
    "most": 0.00242,
    "BilledBoundsBody.least": {
        "write_units": 1545.4,
        "read_units": 438.2,
        "sqs_requests": 92.1,
        "http_requests": 0.25,
        "lambda_requests": 31.9,
        "scheduler_invocations": 0.0,
        "gb_seconds": 6.9,
    },
    "BilledBoundsBody.most": {
        "write_units": 1796.0,
        "read_units": 689.0,
        "sqs_requests": 912.0,
        "http_requests": 251.0,
        "lambda_requests": 551.0,
        "scheduler_invocations": 0.0,
        "gb_seconds": 39.2,
    },
}
"""By field, as ``example_values`` has them."""
