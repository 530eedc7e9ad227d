"""What workers tell of themselves, in DynamoDB.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| worker | ``S#B`` | ``{worker}`` | the active workers, one query; vanishes by TTL | 1 write a minute and worker |

A thousand workers are 17 writes a second: far from what one partition key takes.
"""

from collections.abc import Sequence

from tickwell.adapters.aws.dynamodb.attributes import number, text
from tickwell.adapters.aws.dynamodb.items import expiry, is_expired, stamp
from tickwell.adapters.aws.dynamodb.keys import LAST, Key, match_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.worker_documents import longest_at_work_first, worker_from, worker_text
from tickwell.application.ports import Clock
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.worker import Worker

WORKERS = "S#B"
"""The partition of all workers."""

_READ = ("ex", "doc", "id")


def worker_key(worker_id: str) -> Key:
    """Where a worker is."""
    return Key(WORKERS, worker_id)


def parse_worker_key(key: Key) -> str:
    """The worker of a key. Raises UnknownKeyError."""
    match_key(r"(S#B)", key.pk)
    return key.sk


class DynamoWorkerLog:
    """The ``WorkerLog`` of the ``aws`` engine."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def put(self, worker: Worker) -> None:
        """See the port."""
        item = {
            **stamp("worker"),
            **expiry(to_epoch_ms(worker.expires_at)),
            "doc": worker_text(worker),
            "id": worker.worker_id,
        }
        self._table.put(worker_key(worker.worker_id), item)

    def remove(self, worker_id: str) -> None:
        """See the port."""
        self._table.delete_many([worker_key(worker_id)])

    def active(self) -> Sequence[Worker]:
        """See the port. Eventually consistent."""
        now_ms = to_epoch_ms(self._clock.now())
        items = self._table.all_of(WORKERS, low="!", high=LAST, attributes=_READ)
        return longest_at_work_first(
            [
                worker_from(text(item, "id"), expires_ms=number(item, "ex"), text=text(item, "doc"))
                for item in items
                if not is_expired(item, now_ms)
            ]
        )
