"""What CloudWatch is told in numbers, in its Embedded Metric Format: a line in the log, no call and no permission.

Only what is above zero is told: a deployment with nothing to tell pays for no metric, and the alarms of template.yaml
take silence for zero. One dimension, the stage; never the tenant, since each value would be a metric of its own.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tickwell.domain.instant import to_epoch_ms

if TYPE_CHECKING:
    from tickwell.application.execute_batch import BatchReport
    from tickwell.application.ports import Clock
    from tickwell.application.safety_sync import SyncReport

NAMESPACE = "Tickwell"

RECOVERED = "Recovered"
"""Lost messages that were sent again, and attempts that were taken over from dead workers."""

UNFINISHED = "Unfinished"
"""Shards of due items that a run of the safety sync left to the next one."""

LATE = "Late"
"""Attempts that began more than a minute behind their start time, not counting those that a limit held back."""

MISSED = "Missed"
"""Occurrences that were left out because they were too late."""


def _to_stdout(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Tells of what the entry points did."""

    stage: str
    clock: "Clock"
    write: Callable[[str], object] = _to_stdout

    def of_sync(self, report: "SyncReport") -> None:
        """What a run of the safety sync had to repair, and what it could not finish."""
        self._tell({RECOVERED: report.resent + report.recovered, UNFINISHED: report.behind + report.unavailable})

    def of_batch(self, report: "BatchReport") -> None:
        """What a worker began late, and what it found to be too late."""
        self._tell({LATE: report.late, MISSED: report.missed})

    def _tell(self, figures: dict[str, int]) -> None:
        told = {name: figure for name, figure in figures.items() if figure}
        if not told:
            return
        metrics = [{"Name": name, "Unit": "Count"} for name in told]
        directive = {"Namespace": NAMESPACE, "Dimensions": [["Stage"]], "Metrics": metrics}
        head = {"Timestamp": to_epoch_ms(self.clock.now()), "CloudWatchMetrics": [directive]}
        self.write(json.dumps({"_aws": head, "Stage": self.stage, **told}))
