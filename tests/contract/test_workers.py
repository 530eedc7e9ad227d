"""What workers tell of themselves, on every engine; and how often they do."""

import asyncio
import threading
from datetime import timedelta

import pytest

from tests.contract.store_engines import EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.keys import Key, UnknownKeyError
from tickwell.adapters.aws.dynamodb.workers import parse_worker_key, worker_key
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.application.heartbeat import Heartbeat
from tickwell.domain.errors import UnavailableError
from tickwell.domain.lane import Lane
from tickwell.domain.worker import Worker

MINUTE = timedelta(minutes=1)


def heartbeat(stores: Stores, worker_id: str = "worker-1", interval: timedelta = MINUTE) -> Heartbeat:
    return Heartbeat(workers=stores.workers, clock=stores.clock, worker_id=worker_id, interval=interval)


def test_a_worker_is_active_from_its_first_sign_until_it_has_given_none_for_a_while(stores: Stores) -> None:
    assert stores.workers.active() == []
    beating = heartbeat(stores)
    stores.clock.advance(5)
    assert beating.beat((Lane.HIGH, Lane.LOW), 3)
    told = Worker(
        worker_id="worker-1",
        lanes=(Lane.HIGH, Lane.LOW),
        running=3,
        started_at=NOON,
        last_heartbeat_at=NOON + timedelta(seconds=5),
        expires_at=NOON + timedelta(minutes=3, seconds=5),
    )
    assert stores.workers.active() == [told]
    stores.clock.set(told.expires_at - timedelta(milliseconds=1))
    assert stores.workers.active() == [told]
    stores.clock.set(told.expires_at)
    assert stores.workers.active() == []


def test_a_worker_tells_of_itself_once_in_an_interval(stores: Stores) -> None:
    beating = heartbeat(stores)
    assert beating.beat((Lane.HIGH,), 1)
    stores.clock.advance(59)
    assert not beating.beat((Lane.HIGH,), 2)
    assert [worker.running for worker in stores.workers.active()] == [1]
    stores.clock.advance(1)
    assert beating.beat((Lane.HIGH,), 2)
    assert [worker.running for worker in stores.workers.active()] == [2]


def test_an_interval_of_zero_means_never(stores: Stores) -> None:
    beating = heartbeat(stores, interval=timedelta(0))
    assert not beating.beat((Lane.HIGH,), 1)
    asyncio.run(beating.keep((Lane.HIGH,), lambda: 1))
    assert stores.workers.active() == []


def test_workers_are_listed_longest_at_work_first_and_gone_when_they_end(stores: Stores) -> None:
    workers = []
    for number in (2, 1, 3):
        workers.append(heartbeat(stores, f"worker-{number}"))
        stores.clock.advance(1)
    for beating in reversed(workers):
        beating.beat((Lane.HIGH,), 0)
    assert [worker.worker_id for worker in stores.workers.active()] == ["worker-2", "worker-1", "worker-3"]
    workers[0].end()
    workers[0].end()
    assert [worker.worker_id for worker in stores.workers.active()] == ["worker-1", "worker-3"]


def test_workers_that_are_gone_are_deleted(sqlite: EmbeddedStores) -> None:
    heartbeat(sqlite.stores).beat((Lane.HIGH,), 0)
    sqlite.stores.clock.advance(MINUTE * 4)
    assert EmbeddedExpiry(sqlite.database, sqlite.stores.clock).sweep() == 1


class BrokenLog:
    """A log that never answers."""

    def __init__(self) -> None:
        self.tries = 0
        self.asked = threading.Event()

    def put(self, worker: Worker) -> None:
        del worker
        self.tries += 1
        self.asked.set()
        raise UnavailableError("store", "throttled")

    def remove(self, worker_id: str) -> None:
        raise UnavailableError("store", worker_id)

    def active(self) -> list[Worker]:
        raise UnavailableError("store", "throttled")


def test_a_store_that_fails_does_not_keep_a_worker_from_its_work(sqlite: EmbeddedStores) -> None:
    log = BrokenLog()
    beating = Heartbeat(workers=log, clock=sqlite.stores.clock, worker_id="worker-1", interval=MINUTE)

    async def work() -> str:
        telling = asyncio.create_task(beating.keep((Lane.HIGH,), lambda: 1))
        assert await asyncio.to_thread(log.asked.wait, 10)
        assert not telling.done()
        telling.cancel()
        return "done"

    assert asyncio.run(work()) == "done"
    assert log.tries == 1


def test_the_key_of_a_worker_has_a_parser() -> None:
    assert parse_worker_key(worker_key("worker-1")) == "worker-1"
    with pytest.raises(UnknownKeyError):
        parse_worker_key(Key("S#W", "worker-1"))
