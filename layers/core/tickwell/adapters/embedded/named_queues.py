"""Named queues in SQLite; see ``QueueStore`` for what they promise."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from tickwell.adapters.documents import message_from, message_text, to_json
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.queue_documents import gate_from, gate_text, queue_from, queue_text
from tickwell.application.ports import Clock, QueueKey
from tickwell.domain.admission import Gate
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage, place_number
from tickwell.domain.queue import Queue, effective_queue

_THIS = "tenant_id = :tenant AND name = :name"
_INSERT = "INSERT INTO queues VALUES (:tenant, :name, :version, :document) ON CONFLICT DO NOTHING"
_UPDATE = f"UPDATE queues SET version = :version, document = :document WHERE {_THIS} AND version = :read_version"
_FIND = f"SELECT version, document FROM queues WHERE {_THIS}"
_LIST = "SELECT name, version, document FROM queues WHERE tenant_id = ? ORDER BY name"
_DELETE = f"DELETE FROM queues WHERE {_THIS} AND version = :read_version"
_DELETE_GATE = f"DELETE FROM gates WHERE {_THIS}"
_GATE = f"SELECT version, document FROM gates WHERE {_THIS}"
_INSERT_GATE = "INSERT INTO gates VALUES (:tenant, :name, 1, :document) ON CONFLICT DO NOTHING"
_UPDATE_GATE = f"""
    UPDATE gates SET version = version + 1, document = :document WHERE {_THIS} AND version = :read_version
"""
_PARK = "INSERT INTO parked VALUES (:tenant, :name, :due, :job, :attempt, :version, :message) ON CONFLICT DO NOTHING"
_THIS_PARKED = f"{_THIS} AND due_ms = :due AND job_id = :job AND attempt = :attempt AND version = :version"
_IS_PARKED = f"SELECT 1 FROM parked WHERE {_THIS_PARKED}"
_UNPARK = f"DELETE FROM parked WHERE {_THIS_PARKED}"
_WAITING = f"SELECT message FROM parked WHERE {_THIS} ORDER BY due_ms, job_id, attempt, version LIMIT :limit"
_COUNT = """
    SELECT asked.key, (
        SELECT COUNT(*) FROM (
            SELECT 1 FROM parked WHERE tenant_id = asked.value ->> 0 AND name = asked.value ->> 1 LIMIT :limit
        )
    ) FROM json_each(:keys) AS asked
"""
_NEXT_WITH_WAITING = (
    "SELECT tenant_id, name FROM parked WHERE (tenant_id, name) > (?, ?) ORDER BY tenant_id, name LIMIT 1"
)
_ADD_ENDED = "INSERT INTO ended_jobs VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
_FORGET_ENDED = """
    DELETE FROM ended_jobs WHERE tenant_id = ? AND name = ? AND completed = ? AND ended_ms = ? AND job_id = ?
"""
_NTH_ENDED = f"""
    SELECT ended_ms FROM ended_jobs WHERE {_THIS} AND completed = :completed AND expires_ms > :now
    ORDER BY ended_ms DESC, job_id DESC LIMIT 1 OFFSET :offset
"""


class EmbeddedQueueStore:
    """The embedded ``QueueStore``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, queue: Queue, *, read: Queue | None) -> bool:
        """See the port."""
        values = _this(_key(queue)) | {"version": queue.version, "document": queue_text(queue)}
        with self._database.transaction() as cursor:
            if read is None:
                return cursor.execute(_INSERT, values).rowcount == 1
            return cursor.execute(_UPDATE, values | {"read_version": read.version}).rowcount == 1

    def find(self, key: QueueKey) -> Queue | None:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_FIND, _this(key)).fetchone()
        return None if row is None else queue_from(key.tenant_id, key.name, *row)

    def list_queues(self, tenant_id: str) -> Sequence[Queue]:
        """See the port."""
        with self._database.read() as cursor:
            rows = cursor.execute(_LIST, (tenant_id,)).fetchall()
        return [queue_from(tenant_id, name, version, text) for name, version, text in rows]

    def delete(self, queue: Queue) -> bool:
        """See the port."""
        values = _this(_key(queue))
        with self._database.transaction() as cursor:
            if not cursor.execute(_DELETE, values | {"read_version": queue.version}).rowcount:
                return False
            cursor.execute(_DELETE_GATE, values)
            return True

    def gate(self, key: QueueKey) -> Gate:
        """See the port."""
        return self.gates([key])[key]

    def gates(self, keys: Collection[QueueKey]) -> Mapping[QueueKey, Gate]:
        """See the port; all in one read."""
        with self._database.read() as cursor:
            rows = {key: cursor.execute(_GATE, _this(key)).fetchone() for key in keys}
        return {key: Gate() if row is None else gate_from(*row) for key, row in rows.items()}

    def save_gate(self, key: QueueKey, gate: Gate, *, read: Gate) -> bool:
        """See the port."""
        values = _this(key) | {"document": gate_text(gate)}
        with self._database.transaction() as cursor:
            if read.version == 0:
                return cursor.execute(_INSERT_GATE, values).rowcount == 1
            return cursor.execute(_UPDATE_GATE, values | {"read_version": read.version}).rowcount == 1

    def park(self, messages: Sequence[JobMessage]) -> None:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            cursor.executemany(_PARK, [_place(m) | {"message": message_text(m)} for m in messages])

    def parked(self, messages: Sequence[JobMessage]) -> Collection[JobMessage]:
        """See the port."""
        with self._database.read() as cursor:
            return {m for m in messages if cursor.execute(_IS_PARKED, _place(m)).fetchone() is not None}

    def waiting(self, key: QueueKey, *, limit: int) -> Sequence[JobMessage]:
        """See the port."""
        with self._database.read() as cursor:
            rows = cursor.execute(_WAITING, _this(key) | {"limit": limit}).fetchall()
        return [message_from(text) for (text,) in rows]

    def count_waiting(self, keys: Collection[QueueKey], *, most: int) -> Mapping[QueueKey, int]:
        """See the port; one statement, which stops in each list at ``most``."""
        asked = list(keys)
        names = to_json([[bindable(key.tenant_id), bindable(key.name)] for key in asked])
        with self._database.read() as cursor:
            rows = cursor.execute(_COUNT, {"keys": names, "limit": most}).fetchall()
        return {asked[number]: count for number, count in rows}

    def unpark(self, messages: Sequence[JobMessage]) -> None:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            cursor.executemany(_UNPARK, [_place(m) for m in messages])

    def with_waiting(self, *, limit: int, after: QueueKey | None) -> Sequence[QueueKey]:
        """See the port. Exact: one step of the waiting lists' own order for each queue."""
        found: list[QueueKey] = []
        place = ("", "") if after is None else (after.tenant_id, after.name)
        with self._database.read() as cursor:
            while len(found) < limit and (row := cursor.execute(_NEXT_WITH_WAITING, place).fetchone()):
                place = row
                found.append(QueueKey(tenant_id=row[0], name=row[1]))
        return found

    def forget_waiting(self, key: QueueKey, *, now: datetime) -> None:
        """See the port. Nothing is kept that could be forgotten."""

    def add_ended(self, jobs: Sequence[Job]) -> None:
        """See the port; all in one transaction."""
        rows = [(*_ended(job), to_epoch_ms(job.expires_at)) for job in jobs if job.expires_at is not None]
        with self._database.transaction() as cursor:
            cursor.executemany(_ADD_ENDED, rows)

    def forget_ended(self, jobs: Sequence[Job]) -> None:
        """See the port; all in one transaction."""
        with self._database.transaction() as cursor:
            cursor.executemany(_FORGET_ENDED, [_ended(job) for job in jobs])

    def nth_ended(self, key: QueueKey, *, completed: bool, count: int) -> datetime | None:
        """See the port."""
        values = _this(key) | {"completed": completed, "now": to_epoch_ms(self._clock.now()), "offset": count - 1}
        with self._database.read() as cursor:
            row = cursor.execute(_NTH_ENDED, values).fetchone()
        return None if row is None else from_epoch_ms(row[0])


def _key(queue: Queue) -> QueueKey:
    return QueueKey(tenant_id=queue.tenant_id, name=queue.name)


def _this(key: QueueKey) -> dict[str, Any]:
    return {"tenant": bindable(key.tenant_id), "name": bindable(key.name)}


def _ended(job: Job) -> tuple[str, str, bool, int, str]:
    """The key of a job among those that have ended."""
    name = effective_queue(job.queue, job.lane)
    return job.tenant_id, name, job.status is JobStatus.COMPLETED, to_epoch_ms(job.updated_at), job.job_id


def _place(message: JobMessage) -> dict[str, Any]:
    """Where a message stands on its queue's waiting list; see ``place_number``."""
    return {
        "tenant": message.tenant_id,
        "name": effective_queue(message.queue, message.lane),
        "due": to_epoch_ms(message.due_at),
        "job": message.job_id,
        "attempt": place_number(message),
        "version": message.version,
    }
