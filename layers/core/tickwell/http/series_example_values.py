"""The values of series in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

SERIES: Mapping[str, Any] = {
    "getStatisticsSeries.from": "2026-11-26T09:00:00.000Z",
    "getStatisticsSeries.until": "2026-11-26T10:00:00.000Z",
    "step": "hour",
    "PointBody.total": 51,
    "PointBody.by_status": {"failed": 2, "success": 48, "timeout": 1},
    "PointBody.successful": 48,
    "PointBody.failed": 3,
    "avg_duration_ms": 834.2,
    "p50_ms": 640.7,
    "p95_ms": 2447.6,
    "p99_ms": 4781.0,
    "QueueBacklogBody.executions": 51,
    "QueueBacklogBody.executions_failed": 3,
}
"""By field, as ``example_values`` has them."""
