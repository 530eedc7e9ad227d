"""What workers tell of themselves, in SQLite."""

from collections.abc import Sequence

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.worker_documents import longest_at_work_first, worker_from, worker_text
from tickwell.application.ports import Clock
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.worker import Worker

_PUT = """
    INSERT INTO workers (worker_id, expires_ms, document) VALUES (?, ?, ?)
    ON CONFLICT DO UPDATE SET expires_ms = excluded.expires_ms, document = excluded.document
"""
_REMOVE = "DELETE FROM workers WHERE worker_id = ?"
_ACTIVE = "SELECT worker_id, expires_ms, document FROM workers WHERE expires_ms > ?"


class EmbeddedWorkerLog:
    """The embedded ``WorkerLog``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, worker: Worker) -> None:
        """See the port."""
        values = (worker.worker_id, to_epoch_ms(worker.expires_at), worker_text(worker))
        with self._database.transaction() as cursor:
            cursor.execute(_PUT, values)

    def remove(self, worker_id: str) -> None:
        """See the port."""
        with self._database.transaction() as cursor:
            cursor.execute(_REMOVE, (bindable(worker_id),))

    def active(self) -> Sequence[Worker]:
        """See the port."""
        with self._database.read() as cursor:
            rows = cursor.execute(_ACTIVE, (to_epoch_ms(self._clock.now()),)).fetchall()
        return longest_at_work_first([worker_from(row[0], expires_ms=row[1], text=row[2]) for row in rows])
