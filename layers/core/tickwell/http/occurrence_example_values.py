"""The values of occurrences in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

OCCURRENCES: Mapping[str, Any] = {
    "OccurrenceBody.outcome": "executed",
    "OccurrenceBody.status": "success",
    "OccurrenceBody.reason": None,
    "OccurrenceBody.count": 1,
    "last_due_at": None,
    "next_attempt_at": None,
    "BackfillBody.created": 21,
    "BackfillBody.until": "2026-11-25T16:20:00.000Z",
    "existing": 0,
    "executed": 4,
    "next_from": None,
    "last_start_at": "2026-11-25T16:20:20.000Z",
    "backfillJob.message": "Backfill started",
    "local_time": "2026-11-26T09:00:00.000+00:00",
    "zone": "UTC",
    "ends": False,
}
"""As in ``VALUES``."""
