"""When a deployed function ran: read from its log, as an operator would."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

from tests.e2e import sam
from tests.e2e.deployment import Deployment

_REPORT = re.compile(r"REPORT RequestId: .*?\tDuration: ([\d.]+) ms")


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """One invocation. An instance serves one at a time: those that overlap ran in instances of their own."""

    started_at: datetime
    ended_at: datetime

    def overlaps(self, other: "Invocation") -> bool:
        """Whether there was an instant at which both ran."""
        return self.started_at < other.ended_at and other.started_at < self.ended_at


def invocations(deployment: Deployment, function: str) -> list[Invocation]:
    """All that have ended."""
    pages = (
        deployment.aws.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{sam.STACK}-{function}")
    )
    found = []
    for event in [event for page in pages for event in page["events"]]:
        report = _REPORT.match(event["message"])
        if report is not None:
            ended_at = datetime.fromtimestamp(event["timestamp"] / 1000, UTC)
            started_at = ended_at - timedelta(milliseconds=float(report[1]))
            found.append(Invocation(started_at=started_at, ended_at=ended_at))
    return found


def any_overlap(found: Sequence[Invocation]) -> bool:
    """Whether two of ``found`` ran at the same time."""
    return any(one.overlaps(other) for one, other in combinations(found, 2))
