"""Counts as items: one JSON document each, and what was counted last of each partition (``seen``)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tickwell.adapters.aws.dynamodb.attributes import Item, number, text
from tickwell.adapters.count_documents import ended_execution
from tickwell.adapters.documents import VERSION, from_json, to_json
from tickwell.domain.counts import Counts, EndedExecution, ExecutionCell, ExecutionTally, JobCell
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import JobType

NAMES: Final = {"kind": "kind", "spelling": "v", "version": "n", "document": "doc", "expires": "ex", "ttl": "ttl"}
"""What of the items is read and written, by its spelling in the table."""

Seen = Mapping[str, int]
"""The number of the last stream record that was counted, by the partition that it came from (``J3``)."""

_STATUSES: Final = (
    ExecutionStatus.SUCCESS,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMEOUT,
    ExecutionStatus.CANCELLED,
    ExecutionStatus.LOST,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class CountsRow:
    """The counts of a group; ``version`` is 0 where there is no item yet."""

    version: int
    seen: Seen
    counts: Counts


@dataclass(frozen=True, kw_only=True, slots=True)
class DayRow:
    """The hours of a day of a group; ``version`` is 0 where there is no item yet."""

    version: int
    seen: Seen
    hours: Mapping[datetime, ExecutionTally]


def counts_text(counts: Counts, seen: Seen) -> str:
    """The document of ``counts``."""
    return to_json(
        {
            "v": VERSION,
            "seen": _seen_document(seen),
            "jobs": [
                [cell.queue, cell.lane, cell.status, cell.job_type is JobType.RECURRING, cell.running, count]
                for cell, count in counts.jobs.items()
            ],
            "executions": [[cell.queue, cell.lane, *_tally_document(t)] for cell, t in counts.executions.items()],
            "recent": [_ended_document(ended) for ended in counts.recent],
            "dead": counts.dead_letters,
        }
    )


def counts_row(item: Item | None) -> CountsRow:
    """What ``counts_text`` wrote; nothing where there is no item."""
    if item is None:
        return CountsRow(version=0, seen={}, counts=Counts())
    document = from_json(text(item, NAMES["document"]))
    counts = Counts(
        jobs={_job_cell(*cell): count for *cell, count in document["jobs"]},
        executions={
            ExecutionCell(queue=queue, lane=Lane(lane)): _tally_from(tally)
            for queue, lane, *tally in document["executions"]
        },
        recent=tuple(ended_execution(*each) for each in document["recent"]),
        dead_letters=document["dead"],
    )
    return CountsRow(version=number(item, NAMES["version"]), seen=_seen_from(document["seen"]), counts=counts)


def day_text(hours: Mapping[datetime, ExecutionTally], seen: Seen) -> str:
    """The document of a day's hours."""
    entries = [[to_epoch_ms(hour), *_tally_document(tally)] for hour, tally in hours.items()]
    return to_json({"v": VERSION, "seen": _seen_document(seen), "hours": entries})


def day_row(item: Item | None) -> DayRow:
    """What ``day_text`` wrote; nothing where there is no item."""
    if item is None:
        return DayRow(version=0, seen={}, hours={})
    document = from_json(text(item, NAMES["document"]))
    hours = {from_epoch_ms(hour_ms): _tally_from(tally) for hour_ms, *tally in document["hours"]}
    return DayRow(version=number(item, NAMES["version"]), seen=_seen_from(document["seen"]), hours=hours)


def _seen_document(seen: Seen) -> dict[str, str]:
    """Numbers of stream records have up to 40 digits: as text, other readers of JSON keep them all."""
    return {partition: str(sequence) for partition, sequence in seen.items()}


def _seen_from(document: Mapping[str, str]) -> Seen:
    return {partition: int(sequence) for partition, sequence in document.items()}


def _job_cell(queue: str, lane: str, status: str, recurring: bool, running: bool) -> JobCell:
    return JobCell(
        queue=queue,
        lane=Lane(lane),
        status=JobStatus(status),
        job_type=JobType.RECURRING if recurring else JobType.ONE_TIME,
        running=running,
    )


def _tally_document(tally: ExecutionTally) -> list[Any]:
    numbers = [tally.by_status.get(status, 0) for status in _STATUSES]
    return [*numbers, tally.duration_ms, tally.shortest_ms, tally.longest_ms]


def _tally_from(document: list[Any]) -> ExecutionTally:
    *numbers, duration_ms, shortest_ms, longest_ms = document
    return ExecutionTally(
        by_status={status: count for status, count in zip(_STATUSES, numbers, strict=True) if count},
        duration_ms=duration_ms,
        shortest_ms=shortest_ms,
        longest_ms=longest_ms,
    )


def _ended_document(ended: EndedExecution) -> list[Any]:
    due_ms, finished_ms = to_epoch_ms(ended.due_at), to_epoch_ms(ended.finished_at)
    return [ended.job_id, due_ms, ended.attempt, ended.status, finished_ms, ended.duration_ms]
