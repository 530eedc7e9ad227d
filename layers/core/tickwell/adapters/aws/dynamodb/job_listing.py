"""Finds jobs in DynamoDB; see ``JobListing`` for what it promises.

By creation: a merge of the tenant's 16 shards, which costs the same at any depth. Any other order, a tag and part of a
name have no index: all of the tenant's jobs are read, up to ``MOST_SORTED`` of them.
"""

import threading
from collections.abc import Iterable
from datetime import datetime, timedelta

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, optional_number, text
from tickwell.adapters.aws.dynamodb.items import NAMES, is_expired, job_from
from tickwell.adapters.aws.dynamodb.listing import Range, in_order
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.upcoming_keys import UPCOMING, parse_upcoming_sort, upcoming_sort
from tickwell.adapters.job_cursors import job_cursor, position_of, upcoming_cursor, upcoming_position
from tickwell.application.ports import MOST_SORTED, Clock, JobsFound, Page, Span, TenantCounts
from tickwell.domain.child import child_id, stands_in_for
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job, JobKey, JobStatus
from tickwell.domain.job_listing import CLOCKS_APART, NEAR, JobQuery, JobSort, Position, earliest_id

_HEAD = ("pk", "sk", *(name for long, name in NAMES.items() if long not in {"content", "body", "ttl"}))
_LOW, _HIGH = keys.job_sort(""), keys.job_sort(keys.LAST)


_DUE_DIGITS = 12
"""What of a child's id, behind its parent's, tells the occurrence."""


class DynamoJobListing:
    """The ``JobListing`` of the ``aws`` engine. Eventually consistent; ``counts`` may be some seconds behind."""

    def __init__(self, table: Table, clock: Clock, counts: TenantCounts) -> None:
        self._table = table
        self._clock = clock
        self._counts = counts

    def find(
        self, tenant_id: str, query: JobQuery, *, limit: int, cursor: str | None = None, skip: int | None = None
    ) -> JobsFound:
        """See the port."""
        position = position_of(query, cursor)
        unindexed = _unindexed(query)
        if unindexed is None:
            return self._by_creation(tenant_id, query, position, limit=limit, skip=skip)
        jobs = self._sorted(tenant_id, query, unindexed)
        if position is None:
            first = skip or 0
        elif query.descending:
            first = sum(query.position(job) >= position for job in jobs)
        else:
            first = sum(query.position(job) <= position for job in jobs)
        shown = tuple(jobs[first : first + limit])
        last = job_cursor(query, query.position(shown[-1])) if first + limit < len(jobs) else None
        return JobsFound(items=shown, next_cursor=last, total=len(jobs))

    def upcoming(
        self, tenant_id: str, *, after: datetime, until: datetime, limit: int, cursor: str | None
    ) -> Page[Job]:
        """See the port. 16 queries of the index, and 16 of the newest jobs, of which up to 1,000 are looked at."""
        place = upcoming_position(cursor)
        low = f"{to_epoch_ms(after) + 1:013d}" if place is None else upcoming_sort(*place)
        high = f"{to_epoch_ms(until):013d}#{keys.LAST}"
        places = _partitions(tenant_id)
        span = Range(low=low, high=high, ascending=True, index=UPCOMING)
        indexed = in_order(self._table, places, span, limit=limit, wanted=lambda _: True)
        sorts = [text(item, UPCOMING.sort) for item in indexed.items]
        near = self._near(tenant_id, after=low, until=high)
        if indexed.last is not None:  # what comes behind the last one of the index belongs to a later page
            near = {sort: job for sort, job in near.items() if sort <= indexed.last}
        chosen = sorted({*sorts, *near})
        more = indexed.last is not None or len(chosen) > limit
        chosen = chosen[:limit]
        jobs = self._standing(tenant_id, [sort for sort in chosen if sort not in near]) | near
        last = chosen[-1] if chosen else indexed.last
        return Page(
            items=tuple(jobs[sort] for sort in chosen if sort in jobs),
            next_cursor=upcoming_cursor(*parse_upcoming_sort(last)) if more and last is not None else None,
        )

    def stand_ins(self, tenant_id: str, parent_id: str, *, since: datetime, until: datetime, limit: int) -> Span[Job]:
        """See the port. 16 queries, merged: the ids of children tell parent and occurrence."""
        now_ms = to_epoch_ms(self._clock.now())
        low = keys.job_sort(child_id(parent_id, since - timedelta(milliseconds=1), keys.LAST))
        high = keys.job_sort(child_id(parent_id, until, keys.LAST))
        listed = in_order(
            self._table,
            _partitions(tenant_id),
            Range(low=low, high=high, ascending=True),
            limit=limit,
            wanted=lambda item: stands_in_for(_id_of(item)) is not None and not is_expired(item, now_ms),
        )
        jobs = tuple(job_from(item, None) for item in listed.items)
        if listed.last is None:
            return Span(items=jobs, reached=None)
        due = listed.last.rpartition(".")[2][:_DUE_DIGITS]
        return Span(items=jobs, reached=from_epoch_ms(int(due, 16)))

    def _by_creation(
        self, tenant_id: str, query: JobQuery, position: Position | None, *, limit: int, skip: int | None
    ) -> JobsFound:
        now = self._clock.now()
        place = None if position is None else keys.job_sort(position[1])
        only = _only(query)
        span = Range(low=_LOW, high=place or _HIGH, only=only)
        if not query.descending:
            span = Range(low=place or _LOW, high=_HIGH, ascending=True, only=only)
        listed = in_order(
            self._table,
            _partitions(tenant_id),
            span,
            limit=limit,
            wanted=lambda item: _wants(query, item, now),
            skip=skip,
        )
        jobs = tuple(job_from(item, None) for item in listed.items)
        last = None if listed.last is None else job_cursor(query, (0, listed.last.removeprefix(_LOW)))
        seen = listed.skipped + len(jobs)
        total = seen if position is None and last is None else self._counted(tenant_id, query, seen)
        return JobsFound(items=jobs, next_cursor=last, total=total)

    def _counted(self, tenant_id: str, query: JobQuery, seen: int) -> int | None:
        """What the counters say; None where they do not know, or cannot know yet: they count fewer than were seen."""
        chosen = query.chosen
        if query.past_kept or not query.counted or not chosen.is_plain:
            return None
        statuses = {JobStatus(word) for words in chosen.words() for word in words}
        if len(statuses) > 1:
            return 0
        total = self._counts.read(tenant_id).count_jobs(
            status=next(iter(statuses), None), job_type=chosen.job_type, queue=chosen.queue
        )
        return total if total >= seen else None

    def _sorted(self, tenant_id: str, query: JobQuery, unindexed: str) -> list[Job]:
        """All that ``query`` chooses, in its order. ``unindexed`` is the parameter that makes this necessary."""
        now = self._clock.now()
        allowance = _Allowance(unindexed)

        def read(partition: str) -> list[Job]:
            rows = self._table.all_of(partition, low=_LOW, high=_HIGH, attributes=_HEAD)
            return [job_from(item, None) for item in allowance.take(rows) if _wants(query, item, now)]

        shards = self._table.each(read, _partitions(tenant_id))
        found = [job for shard in shards for job in shard]
        return sorted(found, key=query.position, reverse=query.descending)

    def _near(self, tenant_id: str, *, after: str, until: str) -> dict[str, Job]:
        """What is to come and is not in the index, because it is due soon after its creation."""
        now = self._clock.now()
        now_ms = to_epoch_ms(now)
        span = Range(low=keys.job_sort(earliest_id(now - NEAR - CLOCKS_APART)), high=_HIGH)
        found: dict[str, Job] = {}

        def note(item: Item) -> bool:
            next_run_ms = optional_number(item, NAMES["next_run"])
            if next_run_ms is None or UPCOMING.sort in item or is_expired(item, now_ms):
                return False
            job = job_from(item, None)
            sort = upcoming_sort(next_run_ms, job.job_id)
            if job.status is JobStatus.ACTIVE and after < sort <= until:
                found[sort] = job
            return False

        in_order(self._table, _partitions(tenant_id), span, limit=1, wanted=note)
        return found

    def _standing(self, tenant_id: str, sorts: Iterable[str]) -> dict[str, Job]:
        """The jobs of places in the index, without those that have moved on since."""
        now_ms = to_epoch_ms(self._clock.now())
        places = {
            keys.job_key(JobKey(tenant_id=tenant_id, job_id=parse_upcoming_sort(sort)[1])): sort for sort in sorts
        }
        standing = [
            item
            for item in self._table.get_many(places, attributes=_HEAD[2:]).values()
            if item.get(UPCOMING.sort) == places[key_of(item)] and not is_expired(item, now_ms)
        ]
        return {places[key_of(item)]: job_from(item, None) for item in standing}


class _Allowance:
    """Counts the rows that several threads read; raises InvalidInputError(``field``) when there are too many."""

    def __init__(self, field: str) -> None:
        self._field = field
        self._left = MOST_SORTED
        self._lock = threading.Lock()

    def take(self, rows: Iterable[Item]) -> Iterable[Item]:
        """``rows``, as long as there are few enough."""
        for row in rows:
            with self._lock:
                self._left -= 1
                if self._left < 0:
                    raise InvalidInputError(
                        self._field,
                        f"works over up to {MOST_SORTED:,} jobs, and there are more: list them by created_at, "
                        "without tag and search",
                    )
            yield row


def _unindexed(query: JobQuery) -> str | None:
    """The parameter of a listing that needs all of a tenant's jobs, if there is one."""
    if query.sort_by is not JobSort.CREATED_AT:
        return "sort_by"
    if query.chosen.search is not None:
        return "search"
    return None if query.chosen.tag is None else "tag"


def _only(query: JobQuery) -> dict[str, str] | None:
    """What DynamoDB itself looks at: of a queue's jobs, which may be few, and so may those of one status."""
    queue, status = query.chosen.queue, query.chosen.status
    if queue is None:
        return None
    only = {NAMES["queue"]: queue}
    return only | {NAMES["status"]: status} if status is not None and status in set(JobStatus) else only


def _id_of(item: Item) -> str:
    return text(item, "sk").removeprefix(_LOW)


def _partitions(tenant_id: str) -> list[str]:
    return [keys.job_partition(tenant_id, shard) for shard in range(keys.SHARDS)]


def _wants(query: JobQuery, item: Item, now: datetime) -> bool:
    """Whether the job of ``item`` is listed; what one attribute can tell is asked before all is read."""
    chosen = query.chosen
    if item[NAMES["status"]] == JobStatus.DELETED or is_expired(item, to_epoch_ms(now)):
        return False
    if chosen.queue not in (None, item[NAMES["queue"]]):
        return False
    return query.wants(job_from(item, None), now)
