"""What is read of the jobs in DynamoDB; see ``JobStore``. Whoever writes them reads as well, to see what it met."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, text
from tickwell.adapters.aws.dynamodb.bodies import Bodies
from tickwell.adapters.aws.dynamodb.items import NAMES, is_expired, job_from
from tickwell.adapters.aws.dynamodb.listing import newest_first
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.cursors import encode_cursor, text_cursor
from tickwell.application.ports import Clock, Page
from tickwell.domain.child import parent_of
from tickwell.domain.errors import NotFoundError
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import Job, JobKey, JobStatus

_LISTING = "jobs"
_PING = keys.Key("PING", "PING")
_COUNTED = (NAMES["queue"], NAMES["status"], NAMES["expires"])


class JobReads:
    """The reading half of the ``JobStore`` of the ``aws`` engine. ``retention`` is how long ended jobs are kept."""

    def __init__(self, table: Table, clock: Clock, retention: timedelta = timedelta(days=30)) -> None:
        self._table = table
        self._bodies = Bodies(table, retention)
        self._clock = clock

    def get(self, tenant_id: str, job_id: str) -> Job:
        """See the port."""
        item = self._table.get(keys.job_key(JobKey(tenant_id=tenant_id, job_id=job_id)))
        if item is None or is_expired(item, self._now_ms()):
            raise NotFoundError("job", job_id)
        return self._with_content([item])[0]

    def get_many(self, keys_: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        """See the port."""
        return {job.key: job for job in (job_from(item, None) for item in self._standing(keys_))}

    def get_many_whole(self, keys_: Sequence[JobKey]) -> Mapping[JobKey, Job]:
        """See the port. One batch of jobs, and one of bodies."""
        return {job.key: job for job in self._with_content(self._standing(keys_))}

    def _standing(self, keys_: Sequence[JobKey]) -> list[Item]:
        now_ms = self._now_ms()
        items = self._table.get_many(keys.job_key(key) for key in keys_)
        return [item for item in items.values() if not is_expired(item, now_ms)]

    def list_jobs(self, tenant_id: str, *, limit: int, cursor: str | None) -> Page[Job]:
        """See the port. Eventually consistent."""
        now_ms = self._now_ms()
        listed = newest_first(
            self._table,
            [keys.job_partition(tenant_id, shard) for shard in range(keys.SHARDS)],
            low=keys.job_sort(""),
            before=keys.job_sort(text_cursor(_LISTING, cursor) or keys.LAST),
            limit=limit,
            wanted=lambda item: _is_listed(item) and not is_expired(item, now_ms),
        )
        last = None if listed.last is None else encode_cursor(_LISTING, [listed.last.removeprefix(keys.job_sort(""))])
        return Page(items=tuple(job_from(item, None) for item in listed.items), next_cursor=last)

    def count_by_status(self, tenant_id: str, queue: str) -> Mapping[JobStatus, int]:
        """See the port. The shards are read side by side; costs a read unit for every 8 KB of the tenant's jobs."""
        now_ms = self._now_ms()

        def count(shard: int) -> Counter[str]:
            partition = keys.job_partition(tenant_id, shard)
            statuses: Counter[str] = Counter()
            low = keys.job_sort("")
            for item in self._table.all_of(partition, low=low, high=keys.job_sort(keys.LAST), attributes=_COUNTED):
                if item[NAMES["queue"]] == queue and not is_expired(item, now_ms):
                    statuses[text(item, NAMES["status"])] += 1
            return statuses

        counted = sum(self._table.each(count, range(keys.SHARDS)), Counter[str]())
        return {JobStatus(status): n for status, n in counted.items() if status != JobStatus.DELETED}

    def ping(self) -> None:
        """See the port."""
        self._table.get(_PING, consistent=False)

    def _with_content(self, items: Sequence[Item]) -> list[Job]:
        """The jobs of ``items`` with payload and description. A body that is missing reads as none."""
        contents = self._bodies.contents(items)
        return [job_from(item, content) for item, content in zip(items, contents, strict=True)]

    def _now_ms(self) -> int:
        return to_epoch_ms(self._clock.now())


def _is_listed(item: Item) -> bool:
    """Whether listings show the job: neither deleted ones nor children."""
    is_child = parent_of(keys.parse_job_key(key_of(item)).job_id) is not None
    return item[NAMES["status"]] != JobStatus.DELETED and not is_child
