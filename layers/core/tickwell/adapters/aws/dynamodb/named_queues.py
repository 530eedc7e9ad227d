"""Named queues in DynamoDB; see ``QueueStore`` for what they promise."""

import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from tickwell.adapters.aws.dynamodb import queue_keys
from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, number, text
from tickwell.adapters.aws.dynamodb.items import expiry, stamp
from tickwell.adapters.aws.dynamodb.keys import LAST, Key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Refused, Write, Written
from tickwell.adapters.documents import message_from, message_text
from tickwell.adapters.queue_documents import gate_from, gate_text, queue_from, queue_text
from tickwell.application.ports import Clock, QueueKey
from tickwell.domain.admission import Gate
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage, place_number
from tickwell.domain.queue import MOST_QUEUES, Queue, effective_queue

_NAMES: Final = {"kind": "kind", "v": "v", "version": "n", "document": "doc", "seen": "at"}
_PAGE: Final = 1000
_SAID_AGAIN: Final = timedelta(minutes=1)
"""A process that parks says so for a queue once in this time."""

_FORGOTTEN_AFTER: Final = timedelta(minutes=5)
"""An empty waiting list is forgotten when nobody has said for this long that it parked."""

_STEP_ASIDE_SECONDS: Final = 0.1
"""Who meets another one at a gate waits up to this long, at random, so that they do not meet again and again."""

_NEVER: Final = threading.Event()
"""Waiting for it is waiting for the time that one gives it."""


class DynamoQueueStore:
    """The ``QueueStore`` of the ``aws`` engine. ``draw`` gives random numbers in [0, 1); ``wait`` waits for seconds."""

    def __init__(
        self,
        table: Table,
        clock: Clock,
        *,
        draw: Callable[[], float],
        wait: Callable[[float], object] = _NEVER.wait,
    ) -> None:
        self._table = table
        self._clock = clock
        self._draw = draw
        self._wait = wait
        self._said_at: dict[QueueKey, datetime] = {}

    def put(self, queue: Queue, *, read: Queue | None) -> bool:
        """See the port. The SDK's own retry may meet what its first try wrote."""
        values: dict[str, Value] = {**stamp("queue"), "version": queue.version, "document": queue_text(queue)}
        outcome = self._write(
            queue_keys.queue_key(queue.tenant_id, queue.name), values, None if read is None else read.version
        )
        return isinstance(outcome, Written) or _is_own(outcome, values)

    def find(self, key: QueueKey) -> Queue | None:
        """See the port."""
        item = self._table.get(queue_keys.queue_key(key.tenant_id, key.name))
        return None if item is None else _queue(item)

    def list_queues(self, tenant_id: str) -> Sequence[Queue]:
        """See the port. One query: a tenant has no more than ``MOST_QUEUES`` and the default ones."""
        low, high = queue_keys.queue_sort(""), queue_keys.queue_sort(LAST)
        limit = 2 * MOST_QUEUES
        found = self._table.query(
            queue_keys.queue_partition(tenant_id), low=low, high=high, limit=limit, consistent=True
        )
        return [_queue(item) for item in found.items]

    def delete(self, queue: Queue) -> bool:
        """See the port. The gate goes after the queue; one that a crash leaves behind is empty by then."""
        key = queue_keys.queue_key(queue.tenant_id, queue.name)
        write = Write(update="", condition="#version = :read", values={"read": queue.version})
        if not self._table.delete_if(key, write, _NAMES):
            return False
        self._table.delete_many([queue_keys.gate_key(queue.tenant_id, queue.name)])
        return True

    def gate(self, key: QueueKey) -> Gate:
        """See the port."""
        return _gate(self._table.get(queue_keys.gate_key(key.tenant_id, key.name)))

    def gates(self, keys: Collection[QueueKey]) -> Mapping[QueueKey, Gate]:
        """See the port; a hundred in one call."""
        places = {key: queue_keys.gate_key(key.tenant_id, key.name) for key in keys}
        items = self._table.get_many(places.values())
        return {key: _gate(items.get(place)) for key, place in places.items()}

    def save_gate(self, key: QueueKey, gate: Gate, *, read: Gate) -> bool:
        """See the port. A write that the SDK repeated may be taken for somebody else's: then it is decided again."""
        values: dict[str, Value] = {**stamp("gate"), "version": read.version + 1, "document": gate_text(gate)}
        place = queue_keys.gate_key(key.tenant_id, key.name)
        if isinstance(self._write(place, values, read.version or None), Written):
            return True
        self._wait(self._draw() * _STEP_ASIDE_SECONDS)
        return False

    def park(self, messages: Sequence[JobMessage]) -> None:
        """See the port. It is said first that the queue has a waiting list, so that nobody is forgotten on it."""
        for key in {_queue_of(message) for message in messages}:
            self._say_that_somebody_waits(key)
        self._table.put_many({_place(m): {**stamp("parked"), "doc": message_text(m)} for m in messages})

    def parked(self, messages: Sequence[JobMessage]) -> Collection[JobMessage]:
        """See the port."""
        found = self._table.get_many((_place(message) for message in messages), attributes=["kind"])
        return {message for message in messages if _place(message) in found}

    def waiting(self, key: QueueKey, *, limit: int) -> Sequence[JobMessage]:
        """See the port."""
        partition = queue_keys.parked_partition(key.tenant_id, key.name)
        found = self._table.query(partition, low="0", high=LAST, limit=limit, consistent=True)
        return [message_from(text(item, "doc")) for item in found.items]

    def count_waiting(self, keys: Collection[QueueKey], *, most: int) -> Mapping[QueueKey, int]:
        """See the port. A query for each list, side by side; costs a read unit for every 8 KB of it."""
        asked = list(keys)
        return dict(zip(asked, self._table.each(lambda key: self._count_waiting(key, most), asked), strict=True))

    def unpark(self, messages: Sequence[JobMessage]) -> None:
        """See the port."""
        self._table.delete_many([_place(message) for message in messages])

    def with_waiting(self, *, limit: int, after: QueueKey | None) -> Sequence[QueueKey]:
        """See the port."""
        low = "!" if after is None else queue_keys.with_waiting_key(after.tenant_id, after.name).sk + "!"
        found = self._table.query(queue_keys.WITH_WAITING, low=low, high=LAST, limit=limit, consistent=True)
        named = (queue_keys.parse_with_waiting_key(key_of(item)) for item in found.items)
        return [QueueKey(tenant_id=tenant_id, name=name) for tenant_id, name in named]

    def forget_waiting(self, key: QueueKey, *, now: datetime) -> None:
        """See the port. Not before everybody who parked meanwhile has said so again."""
        write = Write(update="", condition="#seen <= :before", values={"before": to_epoch_ms(now - _FORGOTTEN_AFTER)})
        self._table.delete_if(queue_keys.with_waiting_key(key.tenant_id, key.name), write, _NAMES)

    def add_ended(self, jobs: Sequence[Job]) -> None:
        """See the port."""
        items = {
            _ended(job): {**stamp("ended"), **expiry(to_epoch_ms(job.expires_at))}
            for job in jobs
            if job.expires_at is not None
        }
        self._table.put_many(items)

    def forget_ended(self, jobs: Sequence[Job]) -> None:
        """See the port."""
        self._table.delete_many([_ended(job) for job in jobs])

    def nth_ended(self, key: QueueKey, *, completed: bool, count: int) -> datetime | None:
        """See the port. Reads ``count`` small rows."""
        partition, kind = queue_keys.ended_partition(key.tenant_id, key.name), _kind(completed)
        found = self._table.query(partition, low=f"{kind}#", high=f"{kind}#{LAST}", limit=count, newest_first=True)
        now_ms = to_epoch_ms(self._clock.now())
        living = [item for item in found.items if number(item, "ex") > now_ms]
        if len(living) < count:
            return None
        return from_epoch_ms(queue_keys.parse_ended_key(key_of(living[-1]))[3])

    def _count_waiting(self, key: QueueKey, most: int) -> int:
        partition = queue_keys.parked_partition(key.tenant_id, key.name)
        counted, low = 0, "0"
        while counted < most:
            found = self._table.query(partition, low=low, high=LAST, limit=min(_PAGE, most - counted))
            counted += len(found.items)
            if not found.more or not found.items:
                break
            low = text(found.items[-1], "sk") + " "
        return counted

    def _say_that_somebody_waits(self, key: QueueKey) -> None:
        now = self._clock.now()
        said_at = self._said_at.get(key)
        if said_at is None or now - said_at >= _SAID_AGAIN:
            place = queue_keys.with_waiting_key(key.tenant_id, key.name)
            self._table.put(place, {**stamp("with_waiting"), "at": to_epoch_ms(now)})
            self._said_at[key] = now

    def _write(self, key: Key, values: dict[str, Value], read_version: int | None) -> Written | Refused:
        """Write, if the item is still of ``read_version``; None: if there is none."""
        sets = ", ".join(f"#{name} = :{name}" for name in values)
        condition = "attribute_not_exists(#version)" if read_version is None else "#version = :read"
        known: dict[str, Value] = {} if read_version is None else {"read": read_version}
        return self._table.update(key, Write(update=f"SET {sets}", condition=condition, values=values | known), _NAMES)


def _is_own(outcome: Refused, values: dict[str, Value]) -> bool:
    item = outcome.item
    return outcome.retried and item is not None and all(item[_NAMES[name]] == values[name] for name in values)


def _queue(item: Item) -> Queue:
    tenant_id, name = queue_keys.parse_queue_key(key_of(item))
    return queue_from(tenant_id, name, number(item, "n"), text(item, "doc"))


def _gate(item: Item | None) -> Gate:
    return Gate() if item is None else gate_from(number(item, "n"), text(item, "doc"))


def _queue_of(message: JobMessage) -> QueueKey:
    return QueueKey(tenant_id=message.tenant_id, name=effective_queue(message.queue, message.lane))


def _place(message: JobMessage) -> Key:
    """Where a message stands on its queue's waiting list; see ``place_number``."""
    key, due_ms = _queue_of(message), to_epoch_ms(message.due_at)
    return queue_keys.parked_key(
        key.tenant_id, key.name, due_ms, message.job_id, place_number(message), message.version
    )


def _ended(job: Job) -> Key:
    """Where it is said that a job has ended."""
    kind = _kind(job.status is JobStatus.COMPLETED)
    name = effective_queue(job.queue, job.lane)
    return queue_keys.ended_key(job.tenant_id, name, kind, to_epoch_ms(job.updated_at), job.job_id)


def _kind(completed: bool) -> str:
    return "C" if completed else "F"
