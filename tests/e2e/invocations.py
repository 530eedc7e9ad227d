"""When a deployed function ran, and what it said: read from its log, as an operator would."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import combinations

from tests.e2e import sam
from tests.e2e.deployment import Deployment

_DURATION = re.compile(r"^REPORT RequestId: .*?\tDuration: ([\d.]+) ms", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """One invocation. An instance serves one at a time: those that overlap ran in instances of their own."""

    started_at: datetime
    ended_at: datetime
    log: str

    def overlaps(self, other: "Invocation") -> bool:
        """Whether there was an instant at which both ran."""
        return self.started_at < other.ended_at and other.started_at < self.ended_at


def invocations(deployment: Deployment, function: str) -> list[Invocation]:
    """All that have ended. The local AWS gives each a log stream of its own, written at its end."""
    pages = (
        deployment.aws.client("logs")
        .get_paginator("filter_log_events")
        .paginate(logGroupName=f"/aws/lambda/{sam.STACK}-{function}")
    )
    streams = defaultdict(list)
    for page in pages:
        for event in page["events"]:
            streams[event["logStreamName"]].append(event)
    return [found for events in streams.values() for found in _invocation(events)]


def _invocation(events: Sequence[dict[str, object]]) -> Iterator[Invocation]:
    log = "\n".join(str(event["message"]) for event in events)
    report = _DURATION.search(log)
    if report is not None:
        ended_at = datetime.fromtimestamp(int(str(events[-1]["timestamp"])) / 1000, UTC)
        started_at = ended_at - timedelta(milliseconds=float(report[1]))
        yield Invocation(started_at=started_at, ended_at=ended_at, log=log)


def settlers(found: Sequence[Invocation], executions: Collection[str]) -> list[Invocation]:
    """Those of ``found`` that settled any of ``executions``."""
    return [one for one in found if any(f'"{execution_id}"' in one.log for execution_id in executions)]


def any_overlap(found: Sequence[Invocation]) -> bool:
    """Whether two of ``found`` ran at the same time."""
    return any(one.overlaps(other) for one, other in combinations(found, 2))
