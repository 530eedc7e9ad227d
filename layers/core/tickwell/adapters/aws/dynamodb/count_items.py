"""Counts as items: one JSON document each, and what was counted last of each partition (``seen``)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, repeat
from typing import Any, Final

from tickwell.adapters.aws.dynamodb.attributes import Item, number, text
from tickwell.adapters.count_documents import (
    durations_from,
    durations_text,
    ended_execution,
    job_cell,
    tally_from,
    tally_numbers,
)
from tickwell.adapters.documents import VERSION, from_json, to_json
from tickwell.domain.counts import Counts, EndedExecution, ExecutionCell, ExecutionTally, HourTally
from tickwell.domain.durations import Durations, bucket_of, durations_of
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import JobType
from tickwell.domain.usage import Activity, QueueUsage, Usage

NAMES: Final = {"kind": "kind", "spelling": "v", "version": "n", "document": "doc", "expires": "ex", "ttl": "ttl"}
"""What of the items is read and written, by its spelling in the table."""

Seen = Mapping[str, int]
"""The number of the last stream record that was counted, by the partition that it came from (``J3``)."""

_BOTH: Final = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class DayUsage:
    """The usage of the newest day that has any, which stands in the counts until another day begins."""

    day: date
    usage: QueueUsage


@dataclass(frozen=True, kw_only=True, slots=True)
class CountsRow:
    """The counts of a group; ``version`` is 0 where there is no item yet. ``today``: None before the first usage."""

    version: int
    seen: Seen
    counts: Counts
    today: DayUsage | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DayRow:
    """The hours of a day of a group; ``version`` is 0 where there is no item yet.

    ``usage`` is the day's, once it is over; ``usage_of`` is the version of the counts that it was taken from.
    """

    version: int
    seen: Seen
    hours: Mapping[datetime, HourTally]
    usage: QueueUsage
    usage_of: int


def counts_text(counts: Counts, seen: Seen, today: DayUsage | None) -> str:
    """The document of ``counts``."""
    usage = {} if today is None else {"usage": [today.day.isoformat(), _usage_document(today.usage)]}
    return to_json(
        {
            "v": VERSION,
            "seen": _seen_document(seen),
            "jobs": [
                [cell.queue, cell.lane, cell.status, cell.job_type is JobType.RECURRING, cell.running, count]
                for cell, count in counts.jobs.items()
            ],
            "executions": [[cell.queue, cell.lane, *tally_numbers(t)] for cell, t in counts.executions.items()],
            "recent": [_ended_document(ended) for ended in counts.recent],
            "dead": counts.dead_letters,
            **usage,
        }
    )


def counts_row(item: Item | None) -> CountsRow:
    """What ``counts_text`` wrote; nothing where there is no item."""
    if item is None:
        return CountsRow(version=0, seen={}, counts=Counts())
    document = from_json(text(item, NAMES["document"]))
    counts = Counts(
        jobs={job_cell(*cell): count for *cell, count in document["jobs"]},
        executions={
            ExecutionCell(queue=queue, lane=Lane(lane)): tally_from(tally)
            for queue, lane, *tally in document["executions"]
        },
        recent=tuple(ended_execution(*each) for each in document["recent"]),
        dead_letters=document["dead"],
    )
    return CountsRow(
        version=number(item, NAMES["version"]),
        seen=_seen_from(document["seen"]),
        counts=counts,
        today=_today_from(document.get("usage")),
    )


def day_text(row: DayRow) -> str:
    """The document of a day. Durations stand beside the hours, in their order: an older release overlooks them."""
    entries = [[to_epoch_ms(hour), *tally_numbers(of_hour.tally)] for hour, of_hour in row.hours.items()]
    durations = [_durations_document(of_hour) for of_hour in row.hours.values()]
    usage = {"usage": [row.usage_of, _usage_document(row.usage)]} if row.usage_of else {}
    spread = {"durations": durations} if any(durations) else {}
    return to_json({"v": VERSION, "seen": _seen_document(row.seen), "hours": entries, **spread, **usage})


def day_row(item: Item | None) -> DayRow:
    """What ``day_text`` wrote; nothing where there is no item."""
    if item is None:
        return DayRow(version=0, seen={}, hours={}, usage={}, usage_of=0)
    document = from_json(text(item, NAMES["document"]))
    entries = document["hours"]
    spread = chain(document.get("durations", ()), repeat(""))
    hours = {
        from_epoch_ms(hour_ms): _hour_from(tally, durations)
        for (hour_ms, *tally), durations in zip(entries, spread, strict=False)
    }
    usage_of, usage = document.get("usage", (0, ()))
    return DayRow(
        version=number(item, NAMES["version"]),
        seen=_seen_from(document["seen"]),
        hours=hours,
        usage=_usage_from(usage),
        usage_of=usage_of,
    )


def _seen_document(seen: Seen) -> dict[str, str]:
    """Numbers of stream records have up to 40 digits: as text, other readers of JSON keep them all."""
    return {partition: str(sequence) for partition, sequence in seen.items()}


def _seen_from(document: Mapping[str, str]) -> Seen:
    return {partition: int(sequence) for partition, sequence in document.items()}


def _durations_document(of_hour: HourTally) -> str:
    """Empty where the tally tells as much: a tenant with few jobs pays for no byte more."""
    return "" if of_hour.durations == _implied(of_hour.tally) else durations_text(of_hour.durations)


def _hour_from(document: list[Any], durations: str) -> HourTally:
    tally = tally_from(document)
    return HourTally(tally=tally, durations=durations_from(durations) if durations else _implied(tally))


def _implied(tally: ExecutionTally) -> Durations:
    """The durations that follow from the shortest and the longest: of up to two, or of all in one bucket; else none."""
    if tally.shortest_ms is None or tally.longest_ms is None:
        return Durations()
    if tally.total == _BOTH:
        return durations_of([tally.shortest_ms, tally.longest_ms])
    bucket = bucket_of(tally.shortest_ms)
    return Durations(by_bucket={bucket: tally.total} if bucket == bucket_of(tally.longest_ms) else {})


def _ended_document(ended: EndedExecution) -> list[Any]:
    due_ms, finished_ms = to_epoch_ms(ended.due_at), to_epoch_ms(ended.finished_at)
    return [ended.job_id, due_ms, ended.attempt, ended.status, finished_ms, ended.duration_ms]


def _usage_document(usage: QueueUsage) -> list[list[Any]]:
    return [
        [cell.queue, cell.lane, used.duration_ms, *(used.activities.get(activity, 0) for activity in Activity)]
        for cell, used in usage.items()
    ]


def _usage_from(document: Sequence[Sequence[Any]]) -> QueueUsage:
    """What an older release has not counted yet is missing at the end."""
    return {
        ExecutionCell(queue=queue, lane=Lane(lane)): Usage(
            activities={activity: count for activity, count in zip(Activity, numbers, strict=False) if count},
            duration_ms=duration_ms,
        )
        for queue, lane, duration_ms, *numbers in document
    }


def _today_from(document: Sequence[Any] | None) -> DayUsage | None:
    if document is None:
        return None
    day, usage = document
    return DayUsage(day=date.fromisoformat(day), usage=_usage_from(usage))
