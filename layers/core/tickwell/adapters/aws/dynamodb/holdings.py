"""All that a tenant has in DynamoDB; see ``Holdings`` for what it promises."""

from collections.abc import Sequence
from datetime import timedelta

from tickwell.adapters.aws.dynamodb import keys, tenant_keys
from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, text
from tickwell.adapters.aws.dynamodb.audit import audit_record_of
from tickwell.adapters.aws.dynamodb.bodies import Bodies
from tickwell.adapters.aws.dynamodb.history_items import dead_letter_of, detail_of, execution_of, skip_of
from tickwell.adapters.aws.dynamodb.items import is_expired, job_from
from tickwell.adapters.aws.dynamodb.listing import Listed, Range, in_order
from tickwell.adapters.aws.dynamodb.notifying import notification_of
from tickwell.adapters.aws.dynamodb.reads import Found
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.export_cursors import HistoryKind, HistoryPosition, read_position
from tickwell.application.ports import Clock, HistoryItem, Stretch
from tickwell.domain.audit import AuditRecord
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobKey

_BEFORE_ALL = "!"
"""Sorts before every sort key."""

_DETAIL = "L#"
_BEHIND_DETAILS = HistoryPosition(kind=HistoryKind.NOTIFICATION)


class DynamoHoldings:
    """The ``Holdings`` of the ``aws`` engine: merges of 16 shards, and a query or two for each job's history."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._bodies = Bodies(table, timedelta(0))
        self._clock = clock

    def jobs(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[Job]:
        """See the port. Long payloads come in one batch."""
        partitions = [keys.job_partition(tenant_id, shard) for shard in range(keys.SHARDS)]
        listed = self._listed(partitions, low=keys.job_sort(after or ""), high=keys.job_sort(keys.LAST), limit=limit)
        contents = self._bodies.contents(listed.items)
        jobs = [job_from(item, content) for item, content in zip(listed.items, contents, strict=True)]
        reached = None if listed.last is None else listed.last.removeprefix(keys.job_sort(""))
        return Stretch(items=tuple((job.job_id, job) for job in jobs), reached=reached)

    def history(self, tenant_id: str, job_id: str, *, after: str | None, limit: int) -> Stretch[HistoryItem]:
        """See the port. Details lie between skips and notifications: the query brings those of short histories."""
        job = JobKey(tenant_id=tenant_id, job_id=job_id)
        low = keys.execution_sort(0, 0) if after is None else f"{_sort(read_position(after))}\0"
        found = self._table.query(
            keys.history_partition(job),
            low=low,
            high=keys.notification_sort(keys.LATEST_MS, 0, keys.LAST),
            limit=limit,
            consistent=True,
        )
        now_ms = to_epoch_ms(self._clock.now())
        rows = [item for item in found.items if not (_is_detail(item) or is_expired(item, now_ms))]
        items = zip([_position(job, item).spell() for item in rows], self._whole(rows, found), strict=True)
        reached = None
        if found.more and found.items:
            last = found.items[-1]
            reached = (_BEHIND_DETAILS if _is_detail(last) else _position(job, last)).spell()
        return Stretch(items=tuple(items), reached=reached)

    def dead_letters(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[DeadLetter]:
        """See the port."""
        partitions = [keys.dead_letter_partition(tenant_id, shard) for shard in range(keys.SHARDS)]
        low = _BEFORE_ALL if after is None else keys.dead_letter_sort(after)
        listed = self._listed(partitions, low=low, high=keys.LAST, limit=limit)
        letters = [dead_letter_of(item) for item in listed.items]
        reached = None if listed.last is None else listed.last.partition("#")[2]
        return Stretch(items=tuple((letter.dead_letter_id, letter) for letter in letters), reached=reached)

    def audit_records(self, tenant_id: str, *, after: str | None, limit: int) -> Stretch[AuditRecord]:
        """See the port."""
        partitions = tenant_keys.audit_partitions(tenant_id)
        low, high = tenant_keys.audit_sort(after or ""), tenant_keys.audit_sort(keys.LAST)
        listed = self._listed(partitions, low=low, high=high, limit=limit)
        records = [audit_record_of(item) for item in listed.items]
        reached = None if listed.last is None else tenant_keys.parse_audit_sort(listed.last)
        return Stretch(items=tuple((record.record_id, record) for record in records), reached=reached)

    def _listed(self, partitions: Sequence[str], *, low: str, high: str, limit: int) -> Listed:
        """What has not expired behind ``low``, lowest sort key first."""
        now_ms = to_epoch_ms(self._clock.now())
        span = Range(low=low, high=high, ascending=True, consistent=True)
        return in_order(self._table, partitions, span, limit=limit, wanted=lambda item: not is_expired(item, now_ms))

    def _whole(self, rows: Sequence[Item], found: Found) -> list[HistoryItem]:
        """The items of ``rows``; details that ``found`` does not have are read in one batch."""
        places = {key_of(row): place for row in rows if (place := _detail_of(row)) is not None}
        details = {key_of(item): item for item in found.items if _is_detail(item)}
        details |= self._table.get_many(place for place in places.values() if place not in details)
        whole: list[HistoryItem] = []
        for row in rows:
            match _kind(row):
                case HistoryKind.EXECUTION:
                    place = places.get(key_of(row))
                    whole.append(execution_of(row, row if place is None else details.get(place, {}), with_logs=True))
                case HistoryKind.SKIP:
                    whole.append(skip_of(row))
                case HistoryKind.NOTIFICATION:
                    whole.append(notification_of(row))
        return whole


def _is_detail(item: Item) -> bool:
    return text(item, "sk").startswith(_DETAIL)


def _kind(item: Item) -> HistoryKind:
    return HistoryKind(text(item, "sk")[0])


def _detail_of(item: Item) -> keys.Key | None:
    return detail_of(item) if _kind(item) is HistoryKind.EXECUTION else None


def _position(job: JobKey, item: Item) -> HistoryPosition:
    kind, key = _kind(item), key_of(item)
    match kind:
        case HistoryKind.EXECUTION:
            ran, due_ms, attempt = keys.parse_execution_key(key)
            mark = ran.job_id.removeprefix(job.job_id)
            return HistoryPosition(kind=kind, at_ms=due_ms, attempt=attempt, rest=mark)
        case HistoryKind.SKIP:
            return HistoryPosition(kind=kind, at_ms=keys.parse_skip_key(key)[1])
        case HistoryKind.NOTIFICATION:
            _, due_ms, attempt, notification_id = keys.parse_notification_key(key)
            return HistoryPosition(kind=kind, at_ms=due_ms, attempt=attempt, rest=notification_id)


def _sort(position: HistoryPosition) -> str:
    """The sort key of an item at ``position``."""
    match position.kind:
        case HistoryKind.EXECUTION:
            return keys.execution_sort(position.at_ms, position.attempt, position.rest)
        case HistoryKind.SKIP:
            return keys.skip_sort(position.at_ms)
        case HistoryKind.NOTIFICATION:
            return keys.notification_sort(position.at_ms, position.attempt, position.rest)
