"""The contract of ``QueueStore``, on every engine."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import TENANT, job, message
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import QueueKey
from tickwell.domain.admission import Gate, Permit
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Kept, Queue, RateLimit, Retention
from tickwell.domain.retry import OnLost, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import OneTime

KEY = QueueKey(tenant_id=TENANT, name="images")
MINUTE = timedelta(minutes=1)


def a_queue(**fields: Any) -> Queue:
    return Queue(**{"tenant_id": TENANT, "name": "images", "created_at": NOON, "updated_at": NOON, **fields})


FULL = {
    "priority": 2,
    "concurrency": 5,
    "rate_limit": RateLimit(limit=100, per_seconds=60),
    "timeout_seconds": 300,
    "max_retries": 3,
    "retry": RetryPolicy(strategy=RetryStrategy.EXPONENTIAL, delay_seconds=2.0),
    "stall_seconds": 30,
    "on_lost": OnLost.FAIL,
    "retention": Retention(completed=Kept(seconds=3600, count=100, at_least_seconds=60), failed=Kept(seconds=7)),
    "paused_at": NOON,
}


def a_message(stores: Stores, number: int = 0, **fields: Any) -> JobMessage:
    return message(job(stores), **{"queue": "images", "due_at": NOON + number * MINUTE, **fields})


@pytest.mark.parametrize("fields", [{}, FULL])
def test_a_queue_comes_back_as_it_was_put(stores: Stores, fields: dict[str, Any]) -> None:
    queue = a_queue(**fields)
    assert stores.queues.put(queue, read=None)
    assert stores.queues.find(KEY) == queue
    assert list(stores.queues.list_queues(TENANT)) == [queue]


def test_there_is_one_queue_of_a_name_in_a_tenant(stores: Stores) -> None:
    assert stores.queues.put(a_queue(), read=None)
    assert not stores.queues.put(a_queue(concurrency=1), read=None)
    assert stores.queues.put(a_queue(tenant_id="tenant-2"), read=None)
    assert stores.queues.find(QueueKey(tenant_id="tenant-3", name="images")) is None
    assert list(stores.queues.list_queues("tenant-3")) == []


def test_of_two_changes_one_wins(stores: Stores) -> None:
    read = a_queue()
    stores.queues.put(read, read=None)
    assert stores.queues.put(read.changed(NOON, concurrency=1), read=read)
    assert not stores.queues.put(read.changed(NOON, concurrency=2), read=read)
    found = stores.queues.find(KEY)
    assert found is not None
    assert (found.version, found.concurrency) == (2, 1)


def test_a_default_queue_is_put_when_it_is_changed_first(stores: Stores) -> None:
    changed = a_queue(name="default-high", version=0, priority="high").changed(NOON, concurrency=3)
    assert stores.queues.put(changed, read=None)
    assert stores.queues.find(QueueKey(tenant_id=TENANT, name="default-high")) == changed


def test_a_deleted_queue_is_gone_with_its_gate(stores: Stores) -> None:
    queue = a_queue()
    stores.queues.put(queue, read=None)
    stores.queues.save_gate(KEY, Gate(free_at=NOON), read=Gate())
    assert not stores.queues.delete(replace(queue, version=7))
    assert stores.queues.delete(queue)
    assert not stores.queues.delete(queue)
    assert stores.queues.find(KEY) is None
    assert stores.queues.gate(KEY) == Gate()


def test_a_gate_comes_back_as_it_was_saved(stores: Stores) -> None:
    permits = tuple(Permit(key=f"{number:012x}", until=NOON + number * MINUTE) for number in range(300))
    assert stores.queues.gate(KEY) == Gate()
    assert stores.queues.save_gate(KEY, Gate(permits=permits, free_at=NOON), read=Gate())
    assert stores.queues.gate(KEY) == Gate(version=1, permits=permits, free_at=NOON)


def test_a_gate_that_somebody_else_changed_is_not_saved(stores: Stores) -> None:
    assert stores.queues.save_gate(KEY, Gate(free_at=NOON), read=Gate())
    read = stores.queues.gate(KEY)
    assert stores.queues.save_gate(KEY, replace(read, free_at=NOON + MINUTE), read=read)
    assert not stores.queues.save_gate(KEY, replace(read, free_at=NOON), read=read)
    assert not stores.queues.save_gate(KEY, Gate(free_at=NOON), read=Gate())
    assert stores.queues.gate(KEY).free_at == NOON + MINUTE


def test_of_many_threads_one_saves_a_gate(stores: Stores) -> None:
    read = stores.queues.gate(KEY)
    gates = [Gate(permits=(Permit(key=f"{number:012x}", until=NOON),)) for number in range(8)]
    with ThreadPoolExecutor(8) as threads:
        saved = list(threads.map(lambda gate: stores.queues.save_gate(KEY, gate, read=read), gates))
    assert saved.count(True) == 1
    assert stores.queues.gate(KEY).permits == gates[saved.index(True)].permits


def test_a_waiting_list_gives_first_who_was_due_first(stores: Stores) -> None:
    waiting = [a_message(stores, number) for number in (3, 1, 2)]
    stores.queues.park(waiting)
    in_order = sorted(waiting, key=lambda parked: parked.due_at)
    assert list(stores.queues.waiting(KEY, limit=2)) == in_order[:2]
    assert list(stores.queues.waiting(KEY, limit=10)) == in_order
    assert stores.queues.count_waiting([KEY], most=10) == {KEY: 3}
    assert stores.queues.count_waiting([KEY], most=2) == {KEY: 2}


def test_many_waiting_lists_are_counted_together(stores: Stores) -> None:
    names = [f"queue-{number}" for number in range(110)]
    stores.queues.park([a_message(stores, number, queue="queue-7") for number in range(3)])
    stores.queues.park([a_message(stores, 3, queue="queue-109"), a_message(stores, 4, tenant_id="tenant-2")])
    keys = [QueueKey(tenant_id=TENANT, name=name) for name in names]
    expected = dict.fromkeys(keys, 0) | {keys[7]: 2, keys[109]: 1}
    assert stores.queues.count_waiting(keys, most=2) == expected
    assert stores.queues.count_waiting([], most=2) == {}
    odd = QueueKey(tenant_id="a'b\"c", name="\u00e4")
    assert stores.queues.count_waiting([odd], most=2) == {odd: 0}


def test_many_gates_are_read_together(stores: Stores) -> None:
    keys = [QueueKey(tenant_id=TENANT, name=f"queue-{number}") for number in range(110)]
    assert stores.queues.save_gate(keys[5], Gate(free_at=NOON), read=Gate())
    assert stores.queues.gates(keys) == dict.fromkeys(keys, Gate()) | {keys[5]: Gate(version=1, free_at=NOON)}
    assert stores.queues.gates([]) == {}


def test_a_parked_message_comes_back_whole(stores: Stores) -> None:
    parked = a_message(stores, admitted=True, late=True, run_at=NOON + MINUTE)
    stores.queues.park([parked])
    assert list(stores.queues.waiting(KEY, limit=1)) == [parked]


def test_parking_twice_is_parking_once(stores: Stores) -> None:
    once = a_message(stores)
    stores.queues.park([once])
    stores.queues.park([once, a_message(stores, 1)])
    assert stores.queues.count_waiting([KEY], most=10) == {KEY: 2}


def test_who_is_parked_is_known_whatever_message_asks(stores: Stores) -> None:
    parked, other = a_message(stores), a_message(stores, 1)
    stores.queues.park([parked])
    again = replace(parked, run_at=NOON + MINUTE, admitted=True)
    assert set(stores.queues.parked([again, other])) == {again}
    stores.queues.unpark([again, other])
    assert not stores.queues.parked([again])
    assert not stores.queues.waiting(KEY, limit=1)


def test_a_message_of_before_an_edit_is_another_one(stores: Stores) -> None:
    before = a_message(stores)
    after = replace(before, version=before.version + 1)
    stores.queues.park([before])
    assert not stores.queues.parked([after])
    stores.queues.park([after])
    stores.queues.unpark([before])
    assert list(stores.queues.waiting(KEY, limit=10)) == [after]


def test_waiting_lists_of_other_queues_and_tenants_are_apart(stores: Stores) -> None:
    stores.queues.park([a_message(stores), a_message(stores, queue="other"), a_message(stores, tenant_id="tenant-2")])
    assert stores.queues.count_waiting([KEY], most=10) == {KEY: 1}
    found = set(stores.queues.with_waiting(limit=10, after=None))
    assert found == {KEY, QueueKey(tenant_id=TENANT, name="other"), QueueKey(tenant_id="tenant-2", name="images")}


def test_queues_with_waiting_lists_are_found_in_pages(stores: Stores) -> None:
    stores.queues.park([a_message(stores, queue=f"queue-{number}") for number in range(5)])
    found: list[QueueKey] = []
    while page := stores.queues.with_waiting(limit=2, after=found[-1] if found else None):
        found += page
    assert [key.name for key in found] == [f"queue-{number}" for number in range(5)]


def test_an_empty_waiting_list_is_forgotten_and_named_again(stores: Stores) -> None:
    parked = a_message(stores)
    stores.queues.park([parked])
    stores.queues.unpark([parked])
    stores.clock.advance(10 * MINUTE)
    stores.queues.forget_waiting(KEY, now=stores.clock.now())
    assert not stores.queues.with_waiting(limit=10, after=None)
    stores.queues.park([parked])
    assert list(stores.queues.with_waiting(limit=10, after=None)) == [KEY]


def test_a_list_that_somebody_has_just_parked_on_is_not_forgotten(stores: Stores) -> None:
    stores.queues.park([a_message(stores)])
    stores.queues.forget_waiting(KEY, now=stores.clock.now())
    assert list(stores.queues.with_waiting(limit=10, after=None)) == [KEY]


def ended(stores: Stores, minutes: int, status: JobStatus = JobStatus.COMPLETED) -> Job:
    return job(
        stores,
        queue="images",
        status=status,
        updated_at=NOON + minutes * MINUTE,
        expires_at=NOON + timedelta(hours=minutes + 1),
    )


def test_the_nth_newest_of_those_that_ended(stores: Stores) -> None:
    stores.queues.add_ended([ended(stores, minutes) for minutes in range(5)])
    stores.queues.add_ended([ended(stores, 9, JobStatus.FAILED)])
    assert stores.queues.nth_ended(KEY, completed=True, count=1) == NOON + 4 * MINUTE
    assert stores.queues.nth_ended(KEY, completed=True, count=5) == NOON
    assert stores.queues.nth_ended(KEY, completed=True, count=6) is None
    assert stores.queues.nth_ended(KEY, completed=False, count=1) == NOON + 9 * MINUTE


def test_what_is_forgotten_does_not_count_among_those_that_ended(stores: Stores) -> None:
    first, second, failed = ended(stores, 0), ended(stores, 1), ended(stores, 0, JobStatus.FAILED)
    stores.queues.add_ended([first, second, failed])
    stores.queues.forget_ended([second, ended(stores, 7)])
    assert stores.queues.nth_ended(KEY, completed=True, count=1) == NOON
    assert stores.queues.nth_ended(KEY, completed=True, count=2) is None
    assert stores.queues.nth_ended(KEY, completed=False, count=1) == NOON


def test_what_has_expired_does_not_count_among_those_that_ended(stores: Stores) -> None:
    stores.queues.add_ended([ended(stores, 0), ended(stores, 1)])
    stores.clock.advance(timedelta(hours=1))
    assert stores.queues.nth_ended(KEY, completed=True, count=1) == NOON + MINUTE
    assert stores.queues.nth_ended(KEY, completed=True, count=2) is None


def test_jobs_are_counted_by_queue_and_status(stores: Stores) -> None:
    for fields in (
        {"queue": "images"},
        {"queue": "images", "status": JobStatus.FAILED},
        {"queue": "images", "status": JobStatus.DELETED},
        {"queue": "images", "status": JobStatus.COMPLETED, "expires_at": NOON},
        {"queue": None},
        {"queue": "images", "tenant_id": "tenant-2"},
    ):
        stores.jobs.create(job(stores, schedule=OneTime(at=NOON), **fields))
    assert stores.jobs.count_by_status(TENANT, "images") == {JobStatus.ACTIVE: 1, JobStatus.FAILED: 1}
    assert stores.jobs.count_by_status(TENANT, "default-medium") == {JobStatus.ACTIVE: 1}
    assert stores.jobs.count_by_status(TENANT, "none") == {}
