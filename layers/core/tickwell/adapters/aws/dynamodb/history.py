"""Executions, skips and dead letters in DynamoDB; see ``History`` for what they promise."""

from collections.abc import Callable, Sequence
from datetime import datetime

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, optional_text
from tickwell.adapters.aws.dynamodb.history_items import (
    MARK_NAMES,
    OUTCOME,
    SKIP_LAST,
    Placed,
    dead_letter_item,
    dead_letter_of,
    detail_of,
    execution_items,
    execution_of,
    job_of,
    skip_item,
    skip_of,
)
from tickwell.adapters.aws.dynamodb.history_spans import read_executions, read_skips
from tickwell.adapters.aws.dynamodb.items import is_expired
from tickwell.adapters.aws.dynamodb.listing import Listed, Range, in_order
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write, Written
from tickwell.adapters.cursors import encode_cursor, number_cursor, text_cursor
from tickwell.adapters.execution_cursors import beginning, encode_execution_cursor, execution_cursor
from tickwell.application.ports import Clock, Page, Span
from tickwell.domain.child import child_mark, parent_of
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.errors import NotFoundError
from tickwell.domain.execution import Execution, ExecutionStatus, OccurrenceKey, Skip, parse_execution_id
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey

_SKIPS, _DEAD_LETTERS = "skips", "dead_letters"
_MOST_ATTEMPTS = 1000


class DynamoHistory:
    """The ``History`` of the ``aws`` engine. A record that has expired gives way to a new one of its id."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def record_many(self, executions: Sequence[Execution]) -> Sequence[Execution]:
        """See the port. All in one request; what it did not write, one by one. Long details are written before."""
        placed = [execution_items(execution) for execution in executions]
        if details := dict(detail for _, detail in placed if detail is not None):
            self._table.put_many(details)
        written = self._table.put_new_many([record for record, _ in placed])
        left = [number for number, is_written in enumerate(written) if not is_written]
        standing = self._table.each(lambda number: self._recorded(executions[number], placed[number][0]), left)
        return [*(dict(enumerate(executions)) | dict(zip(left, standing, strict=True))).values()]

    def get_execution(self, tenant_id: str, execution_id: str) -> Execution:
        """See the port. Consistent."""
        job_id, due_at, attempt = parse_execution_id(execution_id)
        job = JobKey(tenant_id=tenant_id, job_id=job_id)
        item = self._table.get(keys.execution_key(job, to_epoch_ms(due_at), attempt))
        if item is None or is_expired(item, self._now_ms()):
            raise NotFoundError("execution", execution_id)
        return self._whole(item)

    def list_executions(
        self,
        tenant_id: str,
        job_id: str,
        *,
        limit: int,
        cursor: str | None,
        with_children: bool = False,
        status: ExecutionStatus | None = None,
        skip: int | None = None,
    ) -> Page[Execution]:
        """See the port. Eventually consistent."""
        place = execution_cursor(cursor)
        before = f"E#{keys.LAST}" if place is None else keys.execution_sort(*place)
        partition = keys.executions_partition(JobKey(tenant_id=tenant_id, job_id=job_id))
        all_of_it = with_children and parent_of(job_id) is None
        listed = self._list(
            [partition],
            low="E#",
            before=before,
            limit=limit or 1,
            wanted=lambda item: (all_of_it or job_of(item).job_id == job_id) and _is(item, status),
            skip=skip,
        )
        found = self._without_logs(listed.items[:limit])
        last = None
        if limit == 0 and listed.items:
            last = beginning()
        elif listed.last is not None:
            job, due_ms, attempt = keys.parse_execution_key(keys.Key(partition, listed.last))
            last = encode_execution_cursor(due_ms, attempt, child_mark(job.job_id))
        return Page(items=tuple(found), next_cursor=last)

    def executions_between(
        self, tenant_id: str, job_id: str, *, since: datetime, until: datetime, limit: int, consistent: bool = False
    ) -> Span[Execution]:
        """See the port. One query, more where much has expired; a page ends once 1,000 rows were read."""
        key = JobKey(tenant_id=tenant_id, job_id=job_id)
        now_ms = self._now_ms()
        return read_executions(
            self._table, key, since=since, until=until, limit=limit, consistent=consistent, now_ms=now_ms
        )

    def attempts_at(self, occurrence: OccurrenceKey) -> Sequence[Execution]:
        """See the port. One query, and a batch for details that lie elsewhere."""
        low, high = keys.attempts_range(to_epoch_ms(occurrence.due_at))
        partition = keys.executions_partition(occurrence.job)
        found = self._table.query(partition, low=low, high=high, limit=_MOST_ATTEMPTS, consistent=True)
        now_ms = self._now_ms()
        return self._without_logs(
            [item for item in found.items if job_of(item) == occurrence.job and not is_expired(item, now_ms)]
        )

    def put_skip(self, skip: Skip) -> None:
        """See the port."""
        key, item = skip_item(skip)
        self._table.put_if_absent(key, item, now_ms=self._now_ms(), or_less=SKIP_LAST)

    def list_skips(self, tenant_id: str, job_id: str, *, limit: int, cursor: str | None) -> Page[Skip]:
        """See the port. Eventually consistent."""
        place = number_cursor(_SKIPS, cursor, 1)
        before = f"K#{keys.LAST}" if place is None else keys.skip_sort(*place)
        partition = keys.history_partition(JobKey(tenant_id=tenant_id, job_id=job_id))
        listed = self._list([partition], low="K#", before=before, limit=limit)
        last = None
        if listed.last is not None:
            last = encode_cursor(_SKIPS, [keys.parse_skip_key(keys.Key(partition, listed.last))[1]])
        return Page(items=tuple(skip_of(item) for item in listed.items), next_cursor=last)

    def skips_between(self, tenant_id: str, job_id: str, *, since: datetime, until: datetime, limit: int) -> Span[Skip]:
        """See the port."""
        key = JobKey(tenant_id=tenant_id, job_id=job_id)
        return read_skips(self._table, key, since=since, until=until, limit=limit, now_ms=self._now_ms())

    def put_dead_letters(self, dead_letters: Sequence[DeadLetter]) -> None:
        """See the port. What follows is derived from the table's stream; see ``stream``."""
        self._table.each(self._put, [dead_letter_item(dead_letter) for dead_letter in dead_letters])

    def get_dead_letter(self, tenant_id: str, dead_letter_id: str) -> DeadLetter:
        """See the port. Consistent."""
        item = self._table.get(keys.dead_letter_key(tenant_id, dead_letter_id))
        if item is None or is_expired(item, self._now_ms()):
            raise NotFoundError("dead letter", dead_letter_id)
        return dead_letter_of(item)

    def list_dead_letters(
        self,
        tenant_id: str,
        *,
        limit: int,
        cursor: str | None,
        wanted: Callable[[DeadLetter], bool] | None = None,
    ) -> Page[DeadLetter]:
        """See the port. Eventually consistent."""
        place = text_cursor(_DEAD_LETTERS, cursor)
        before = keys.LAST if place is None else keys.dead_letter_sort(place)
        partitions = [keys.dead_letter_partition(tenant_id, shard) for shard in range(keys.SHARDS)]
        listed = self._list(
            partitions,
            low="0",
            before=before,
            limit=limit,
            wanted=lambda item: wanted is None or wanted(dead_letter_of(item)),
        )
        last = None
        if listed.last is not None:
            last = encode_cursor(_DEAD_LETTERS, [listed.last.partition("#")[2]])
        return Page(items=tuple(dead_letter_of(item) for item in listed.items), next_cursor=last)

    def mark_retried(
        self, tenant_id: str, dead_letter_id: str, *, job_id: str, at: datetime, earlier: str | None
    ) -> bool:
        """See the port. The mark lies in attributes of its own, which readers of the stream do not look at."""
        unchanged = "attribute_not_exists(#retried_as)" if earlier is None else "#retried_as = :earlier"
        values: dict[str, Value] = {"job": job_id, "at": to_epoch_ms(at), "now": self._now_ms()}
        if earlier is not None:
            values["earlier"] = earlier
        write = Write(
            update="SET #retried_as = :job, #retried_ms = :at",
            condition=f"attribute_exists(#kind) AND #expires > :now AND {unchanged}",
            values=values,
        )
        outcome = self._table.update(keys.dead_letter_key(tenant_id, dead_letter_id), write, MARK_NAMES)
        if isinstance(outcome, Written):
            return True
        return outcome.item is not None and optional_text(outcome.item, MARK_NAMES["retried_as"]) == job_id

    def delete_dead_letter(self, tenant_id: str, dead_letter_id: str) -> None:
        """See the port."""
        key = keys.dead_letter_key(tenant_id, dead_letter_id)
        if key.is_possible():
            self._table.delete_many([key])

    def _recorded(self, execution: Execution, record: Placed) -> Execution:
        standing = self._put(record)
        return execution if standing is None else self._whole(standing)

    def _whole(self, item: Item) -> Execution:
        key = detail_of(item)
        long = item if key is None else self._table.get(key) or {}
        return execution_of(item, long, with_logs=True)

    def _put(self, placed: Placed) -> Item | None:
        """Put unless it is there; what is there then."""
        return self._table.put_if_absent(*placed, now_ms=self._now_ms())

    def _without_logs(self, records: Sequence[Item]) -> list[Execution]:
        """The executions of ``records``, with output; details are read in one batch."""
        places = [detail_of(item) for item in records]
        details = self._table.get_many((place for place in places if place is not None), attributes=[OUTCOME])
        return [
            execution_of(item, item if place is None else details.get(place, {}), with_logs=False)
            for item, place in zip(records, places, strict=True)
        ]

    def _list(
        self,
        partitions: Sequence[str],
        *,
        low: str,
        before: str,
        limit: int,
        wanted: Callable[[Item], bool] = lambda _: True,
        skip: int | None = None,
    ) -> Listed:
        now_ms = self._now_ms()
        return in_order(
            self._table,
            partitions,
            Range(low=low, high=before),
            limit=limit,
            wanted=lambda item: not is_expired(item, now_ms) and wanted(item),
            skip=skip,
        )

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _is(item: Item, status: ExecutionStatus | None) -> bool:
    """Whether the record of an execution has ``status``."""
    return status is None or execution_of(item, item, with_logs=False).status is status
