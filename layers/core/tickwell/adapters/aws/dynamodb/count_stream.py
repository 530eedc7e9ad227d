"""Reads the table's stream for the counts: what each write of a job or a dead letter adds to them (rule 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tickwell.adapters.aws.dynamodb.attributes import Item, optional_number, plain_item
from tickwell.adapters.aws.dynamodb.count_keys import parse_counted_partition
from tickwell.adapters.aws.dynamodb.history_items import DEAD_LETTER
from tickwell.adapters.aws.dynamodb.items import NAMES, job_from
from tickwell.domain.counts import Counts, EndedExecution, change_of_job
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job
from tickwell.domain.usage import Used, usage_of_change

_IMAGES = ("OldImage", "NewImage")


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What one stream record adds to the counts of a tenant.

    ``sequence`` rises with each write to the partition that ``family`` and ``shard`` name. ``used`` is what follows
    for the tenant's usage, if anything does.
    """

    tenant_id: str
    family: str
    shard: int
    sequence: int
    counts: Counts
    used: Used | None = None

    @property
    def partition(self) -> str:
        """The partition's name among those of its tenant."""
        return f"{self.family}{self.shard:x}"


def changes_from(event: Mapping[str, Any]) -> list[Change]:
    """What the event that Lambda passes for the stream adds to counts, in its order; what adds nothing is left out.

    Whatever adds to the usage changes the counts as well.

    The stream's view must include new and old images.
    """
    found = [_change(record["dynamodb"]) for record in event.get("Records", ()) if _kind(record) is not None]
    return [each for each in found if each is not None and each.counts != Counts()]


def _kind(record: Mapping[str, Any]) -> str | None:
    """The kind of the record's item, if it is one that is counted."""
    for name in _IMAGES:
        image = record.get("dynamodb", {}).get(name)
        if image is not None:
            kind = image.get("kind", {}).get("S")
            return kind if kind in {"job", DEAD_LETTER} else None
    return None


def _change(images: Mapping[str, Any]) -> Change | None:
    old, new = (None if images.get(name) is None else plain_item(images[name]) for name in _IMAGES)
    item = old if new is None else new
    if item is None:
        return None
    tenant_id, family, shard = parse_counted_partition(str(item["pk"]))
    counts, used = (_of_dead_letter(old, new), None) if item["kind"] == DEAD_LETTER else _of_job(old, new)
    return Change(
        tenant_id=tenant_id,
        family=family,
        shard=shard,
        sequence=int(images["SequenceNumber"]),
        counts=counts,
        used=used,
    )


def _of_dead_letter(old: Item | None, new: Item | None) -> Counts:
    return Counts(dead_letters=int(new is not None) - int(old is not None))


def _of_job(old: Item | None, new: Item | None) -> tuple[Counts, Used | None]:
    before = None if old is None else job_from(old, None)
    after = None if new is None else job_from(new, None)
    ended = None
    if old is not None and new is not None and before is not None and after is not None:
        ended = _ended(old, new, before, after)
    return change_of_job(before, after, ended), usage_of_change(before, after, ended)


def _ended(old: Item, new: Item, before: Job, after: Job) -> EndedExecution | None:
    """The attempt that a finishing write ended: the slot before it, and what the write added to the tally."""
    slot = before.slot
    if slot is None or after.tally.executions != before.tally.executions + 1:
        return None
    duration_ms = after.tally.duration_ms - before.tally.duration_ms
    started_at = before.last_executed_at or slot.due_at
    finished_at = started_at + timedelta(milliseconds=duration_ms)
    outside_ms = None
    if slot.outside is not None:
        outside_ms = max(0, to_epoch_ms(finished_at) - to_epoch_ms(max(slot.outside.since, started_at)))
    return EndedExecution(
        job_id=after.job_id,
        due_at=slot.due_at,
        attempt=slot.attempt,
        status=_status(old, new, before, after),
        finished_at=finished_at,
        duration_ms=duration_ms,
        outside_ms=outside_ms,
    )


def _status(old: Item, new: Item, before: Job, after: Job) -> ExecutionStatus:
    if after.tally.successful > before.tally.successful:
        return ExecutionStatus.SUCCESS
    if _counted(new, "timeouts") > _counted(old, "timeouts"):
        return ExecutionStatus.TIMEOUT
    if _counted(new, "lost") > _counted(old, "lost"):
        return ExecutionStatus.LOST
    return ExecutionStatus.FAILED if after.tally.failed > before.tally.failed else ExecutionStatus.CANCELLED


def _counted(item: Item, name: str) -> int:
    return optional_number(item, NAMES[name]) or 0
