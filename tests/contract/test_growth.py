"""Embedded, what is asked again and again is as much work beside many jobs as beside few."""

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta

import pytest

from tests.contract.makers import TENANT, TOMORROW, created, job
from tests.contract.queue_engines import EmbeddedEngine
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import EmbeddedStores, Stores, embedded_stores
from tests.contract.test_queues import job_message, outgoing
from tests.doubles import NOON, FakeClock
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.application.ports import Outgoing
from tickwell.domain.child import child_id
from tickwell.domain.job import JobStatus
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.job_listing import JobQuery
from tickwell.domain.message import JobMessage
from tickwell.domain.schedule import JobType
from tickwell.messages import decode_job_message, encode_job_message

FEW, MANY = 200, 5000
QUEUE = "default-medium"


@pytest.fixture(scope="module")
def sizes() -> Iterator[list[EmbeddedStores]]:
    """Few jobs, and many."""
    made = [embedded_stores(":memory:", FakeClock()) for _ in (FEW, MANY)]
    for each, count in zip(made, (FEW, MANY), strict=True):
        jobs = [job(each.stores, next_run_at=NOON + timedelta(seconds=at * 7 % count)) for at in range(count)]
        each.stores.jobs.create_many(jobs)
    yield made
    for each in made:
        each.database.close()


def by_type(stores: Stores) -> object:
    query = JobQuery(chosen=JobFilter(status="active", job_type=JobType.ONE_TIME, queue=QUEUE))
    return stores.listing.find(TENANT, query, limit=20).total


@pytest.mark.parametrize(
    "asked",
    [
        lambda stores: stores.listing.find(TENANT, JobQuery(), limit=20).total,
        by_type,
        lambda stores: stores.jobs.count_by_status(TENANT, QUEUE)[JobStatus.ACTIVE],
        lambda stores: sum(stores.counts.read(TENANT).jobs.values()),
    ],
    ids=["first page with the total", "one kind of jobs, with the total", "a queue's jobs by status", "statistics"],
)
def test_counting_does_not_go_through_what_is_counted(
    sizes: list[EmbeddedStores], asked: Callable[[Stores], int]
) -> None:
    taken = []
    for made, count in zip(sizes, (FEW, MANY), strict=True):
        with steps(made.database) as counting:
            assert asked(made.stores) == count
        taken.append(counting.taken)
    assert taken[1] <= 1.1 * taken[0]


def test_a_total_leaves_out_what_has_expired_and_is_still_there(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    parent = created(stores)
    created(stores, status=JobStatus.DELETED, expires_at=TOMORROW)
    for expires_at in (NOON, NOON + timedelta(seconds=1)):
        created(stores, status=JobStatus.COMPLETED, expires_at=expires_at)
        created(stores, status=JobStatus.COMPLETED, expires_at=expires_at, job_id=child_id(parent.job_id, expires_at))
    everything, completed = JobQuery(), JobQuery(chosen=JobFilter(status="completed"))
    assert [stores.listing.find(TENANT, query, limit=1, skip=0).total for query in (everything, completed)] == [2, 1]


def test_children_that_live_count_in_their_queue(stores: Stores) -> None:
    parent = created(stores)
    for expires_at in (None, NOON):
        at = NOON + timedelta(minutes=1 if expires_at is None else 2)
        created(stores, queue="images", job_id=child_id(parent.job_id, at), expires_at=expires_at)
    assert stores.jobs.count_by_status(TENANT, "images") == {JobStatus.ACTIVE: 1}


def test_how_full_a_queue_is_can_be_counted_up_to_a_number(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    queue.send(outgoing(10))
    queue.send(outgoing(8, delay_seconds=60))
    queue.receive(3, wait_seconds=0)
    assert (depth := queue.depth()).waiting == 7
    assert (depth.delayed, depth.in_flight) == (8, 3)
    least = queue.depth(most=2)
    assert (least.waiting, least.delayed, least.in_flight, least.oldest_at) == (2, 2, 2, depth.oldest_at)


def test_the_oldest_message_is_found_behind_those_of_others() -> None:
    with closing(Database(":memory:")) as database:
        clock = FakeClock()
        queue = _lane(database, clock)
        for group in "babcb":
            queue.send([Outgoing(message=job_message(0), delay_seconds=0, group=group)])
            clock.advance(1)
        # In turns: the first ones of b, a and c, then the other two of b.
        for seconds in (1, 2, 2, 4):
            queue.delete(queue.receive(1, wait_seconds=0))
            assert queue.depth(most=1).oldest_at == NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize("most", [1, None])
def test_how_full_a_queue_is_takes_as_long_in_a_long_queue(most: int | None) -> None:
    taken = []
    for count in (FEW, MANY):
        with closing(Database(":memory:")) as database:
            queue = _lane(database, FakeClock())
            for group in "ab":
                queue.send([Outgoing(message=job_message(0), delay_seconds=0, group=group)] * (count // 2))
            queue.receive(1, wait_seconds=0)
            with steps(database) as counting:
                assert queue.depth(most=most).waiting == (most or count - 1)
        taken.append(counting.taken)
    assert taken[0] == taken[1]


@pytest.mark.parametrize(("sent", "told"), [(90, 80), (200, 200)])
def test_what_is_deleted_too_late_counts_as_waiting_in_a_long_queue_until_others_had_their_turn(
    sent: int, told: int
) -> None:
    with closing(Database(":memory:")) as database:
        clock = FakeClock()
        queue = _lane(database, clock)
        queue.send([Outgoing(message=job_message(0), delay_seconds=0, group="a")] * sent)
        late = queue.receive(10, wait_seconds=0)
        clock.advance(61)
        queue.receive(1, wait_seconds=0)  # the ten have turns again, behind the others
        queue.send([Outgoing(message=job_message(0), delay_seconds=0, group="a")])
        queue.delete(queue.receive(1, wait_seconds=0))
        queue.delete(late)
        assert queue.depth().waiting == told - 1
        queue.receive(sent - 12, wait_seconds=0)
        assert queue.depth().waiting == 1


def _lane(database: Database, clock: FakeClock) -> EmbeddedQueue[JobMessage]:
    return EmbeddedQueue(database, "lane", None, encode_job_message, decode_job_message, clock, visibility_seconds=60)
