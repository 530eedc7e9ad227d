"""The values of jobs under keys in the document's examples; see ``example_values``."""

from collections.abc import Mapping
from typing import Any

_WITHOUT_KEY = {f"{operation}.{name}": None for operation in ("createJob", "createJobs") for name in ("key", "scope")}

KEYED_JOBS: Mapping[str, Any] = {
    **_WITHOUT_KEY,
    "key": "backup/daily",
    "scope": "backup",
    "putJob.action": "changed",
    "AppliedBody.action": "changed",
    "AppliedBody.error": ...,
    "ChangeBody.field": "cron_expression",
    "ChangeBody.from": "0 8 * * 1-5",
    "ChangeBody.to": "0 9 * * 1-5",
    "applied": 1,
    "ApplyBody.created": 0,
    "ApplyBody.changed": 1,
    "unchanged": 0,
    "deleted": 0,
    "omitted": False,
    "prune": "done",
}
