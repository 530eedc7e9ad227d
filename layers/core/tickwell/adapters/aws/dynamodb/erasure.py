"""The deletion of tenants in DynamoDB; see ``Erasure`` for what it promises.

Without a Scan: all partitions of a tenant can be named, from its id, its queues and its jobs. What vanishes by TTL
within two days (requests counted, answers to ``Idempotency-Key``) is left to that.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice

from tickwell.adapters.aws.dynamodb import account_keys, count_keys, keys, queue_keys, tenant_keys
from tickwell.adapters.aws.dynamodb.api_key_keys import api_key_partition
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, optional_number, text
from tickwell.adapters.aws.dynamodb.caller_key_keys import caller_key_partitions
from tickwell.adapters.aws.dynamodb.items import NAMES, stamp
from tickwell.adapters.aws.dynamodb.keys import LAST
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write
from tickwell.domain.account import email_key
from tickwell.domain.deletion import Deletion
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.queue import default_queues

_FIRST = "!"
"""Sorts before every sort key."""

_KEYS = ("pk", "sk")
_PAGE = 500
_STOPPED = "a deletion is under way"
_MEMBERSHIP = ("I#", "T", "U#")
"""What sort keys in a tenant's own partition begin with: invitations, the tenant, users."""


class DynamoErasure:
    """The ``Erasure`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def condemn(self, deletion: Deletion) -> None:
        """See the port. The tenant goes first of all, so that nobody can join it any more.

        Consistent reads: who joined a moment before, or made a key, is not overlooked.
        """
        tenant_id = deletion.tenant_id
        since: dict[str, Value | None] = {"at": to_epoch_ms(deletion.begun_at)}
        self._table.put(tenant_keys.deletion_key(tenant_id), _item(deletion))
        self._table.put(tenant_keys.stop_key(tenant_id), {**stamp("stop"), **since, "reason": _STOPPED})
        self._table.put(tenant_keys.stopped_key(tenant_id), {**stamp("stop"), **since, "reason": _STOPPED})
        self._table.delete_many([account_keys.tenant_key(tenant_id)])
        for page in self._pages(f"T#{tenant_id}", ("email",), consistent=True):
            users = [item for item in page if text(item, "sk").startswith("U#")]
            self._free_addresses(tenant_id, [text(user, "email") for user in users if "email" in user])
            self._delete(item for item in page if text(item, "sk").startswith(_MEMBERSHIP))
        for page in self._pages(api_key_partition(tenant_id), (), consistent=True):
            self._delete(page)

    def condemned(self, *, limit: int) -> Sequence[Deletion]:
        """See the port. One query for each megabyte: some 8,000 deletions of the last two days."""
        pages = self._pages(tenant_keys.DELETIONS, ("begun", "look"), consistent=True)
        deletions = [_deletion(item) for page in pages for item in page]
        return sorted(deletions, key=lambda deletion: deletion.look_at)[:limit]

    def erase(self, tenant_id: str, *, now: datetime, has_time: Callable[[], bool]) -> bool:
        """See the port. Jobs first: each one's history, then itself, so that a crash loses no history's name."""
        for shard in range(keys.SHARDS):
            if not self._erase_jobs(tenant_id, shard, to_epoch_ms(now), has_time):
                return False
        queues = self._queues(tenant_id)
        for partition in _partitions(tenant_id, queues):
            if not self._empty(partition, has_time):
                return False
        self._table.delete_many([queue_keys.with_waiting_key(tenant_id, name) for name in queues])
        for page in self._pages(f"T#{tenant_id}", ()):
            self._delete(item for item in page if text(item, "sk") != tenant_keys.stop_key(tenant_id).sk)
        return True

    def postpone(self, deletion: Deletion) -> None:
        """See the port."""
        self._table.put(tenant_keys.deletion_key(deletion.tenant_id), _item(deletion))

    def forget(self, tenant_id: str) -> None:
        """See the port. The deletion last: a crash leaves something to go on with."""
        places = (tenant_keys.stop_key, tenant_keys.stopped_key, tenant_keys.deletion_key)
        for place in places:
            self._table.delete_many([place(tenant_id)])

    def _erase_jobs(self, tenant_id: str, shard: int, now_ms: int, has_time: Callable[[], bool]) -> bool:
        """The jobs of a shard with their histories, but those that run; whether none are left."""
        partition, running = keys.job_partition(tenant_id, shard), False
        for page in self._pages(partition, (NAMES["lease_until"], NAMES["outside"])):
            idle = [item for item in page if _is_idle(item, now_ms)]
            running = running or len(idle) < len(page)
            jobs = [keys.parse_job_key(key_of(item)) for item in idle if text(item, "sk").startswith("J#")]
            if not has_time():
                return False
            self._table.each(self._erase_history, jobs)
            self._delete(idle)
        return not running

    def _erase_history(self, job: JobKey) -> None:
        """What is listed under the job; of a child also what was told of it, which lies under its own id."""
        for partition in {keys.executions_partition(job), keys.history_partition(job)}:
            self._empty(partition, lambda: True)

    def _queues(self, tenant_id: str) -> list[str]:
        """The names of all queues that may have something: those that exist, and those on which somebody waits."""
        named = [
            queue_keys.parse_queue_key(key_of(item))[1]
            for page in self._pages(queue_keys.queue_partition(tenant_id), ())
            for item in page
        ]
        low, high = (queue_keys.with_waiting_key(tenant_id, end).sk for end in ("!", LAST))
        waiting = self._table.all_of(queue_keys.WITH_WAITING, low=low, high=high, attributes=_KEYS)
        names = [queue_keys.parse_with_waiting_key(key_of(item))[1] for item in waiting]
        return sorted({*default_queues(tenant_id), *named, *names})

    def _free_addresses(self, tenant_id: str, emails: Sequence[str]) -> None:
        """Let the addresses be used again, unless another tenant has them by now."""
        for email in emails:
            ours = Write(update="", condition="#tenant = :tenant", values={"tenant": tenant_id})
            self._table.delete_if(account_keys.address_key(email_key(email)), ours, {"tenant": "tenant"})

    def _empty(self, partition: str, has_time: Callable[[], bool]) -> bool:
        for page in self._pages(partition, ()):
            self._delete(page)
            if not has_time():
                return False
        return True

    def _pages(self, partition: str, attributes: Sequence[str], *, consistent: bool = False) -> Iterator[list[Item]]:
        """The items of a partition, keys and ``attributes``, some hundred at a time."""
        items = self._table.all_of(
            partition, low=_FIRST, high=LAST, attributes=(*_KEYS, *attributes), consistent=consistent
        )
        while page := list(islice(items, _PAGE)):
            yield page

    def _delete(self, items: Iterable[Item]) -> None:
        self._table.delete_many([key_of(item) for item in items])


def _partitions(tenant_id: str, queues: Sequence[str]) -> list[str]:
    """All partitions of a tenant besides its own, its jobs' and their histories'."""
    return [
        *(keys.dead_letter_partition(tenant_id, shard) for shard in range(keys.SHARDS)),
        *(queue_keys.parked_partition(tenant_id, name) for name in queues),
        *(queue_keys.ended_partition(tenant_id, name) for name in queues),
        *(queue_keys.gate_key(tenant_id, name).pk for name in queues),
        queue_keys.queue_partition(tenant_id),
        *(count_keys.counts_key(tenant_id, group).pk for group in range(count_keys.GROUPS)),
        *tenant_keys.audit_partitions(tenant_id),
        *caller_key_partitions(tenant_id),
    ]


def _item(deletion: Deletion) -> dict[str, Value | None]:
    instants = {"begun": to_epoch_ms(deletion.begun_at), "look": to_epoch_ms(deletion.look_at)}
    return {**stamp("deletion"), **instants}


def _deletion(item: Item) -> Deletion:
    return Deletion(
        tenant_id=tenant_keys.parse_deletion_key(key_of(item)),
        begun_at=from_epoch_ms(number(item, "begun")),
        look_at=from_epoch_ms(number(item, "look")),
    )


def _is_idle(item: Item, now_ms: int) -> bool:
    """Whether no worker runs the job of ``item``: what goes on outside may do so for weeks, and finds no job then."""
    return NAMES["outside"] in item or (optional_number(item, NAMES["lease_until"]) or 0) <= now_ms
