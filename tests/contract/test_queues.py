"""What every queue promises, on every engine."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.contract.queue_engines import JobQueue, QueueEngine
from tests.doubles import NOON
from tickwell.application.ports import Delivery, Outgoing
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage, Unreadable


def job_message(number: int = 1, tenant_id: str = "tenant") -> JobMessage:
    return JobMessage(
        tenant_id=tenant_id,
        job_id=f"job-{number}",
        version=number + 1,
        due_at=NOON + timedelta(milliseconds=number),
        attempt=2,
        run_at=NOON + timedelta(seconds=number),
        lane=Lane.LOW,
        recurring=True,
    )


def outgoing(count: int = 1, *, delay_seconds: float = 0.0) -> list[Outgoing[JobMessage]]:
    return [
        Outgoing(message=job_message(number), delay_seconds=delay_seconds, group="tenant") for number in range(count)
    ]


def receive_all(queue: JobQueue) -> list[Delivery[JobMessage]]:
    found: list[Delivery[JobMessage]] = []
    while batch := queue.receive(10, wait_seconds=0):
        found.extend(batch)
    return found


def bodies(deliveries: Sequence[Delivery[JobMessage]]) -> set[JobMessage | Unreadable]:
    return {delivery.message for delivery in deliveries}


def test_a_message_arrives_as_it_was_sent(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing())
    (delivery,) = queue.receive(10, wait_seconds=0)
    assert delivery.message == job_message(0)
    assert delivery.receive_count == 1
    assert delivery.message_id


def test_sending_and_deleting_nothing_is_allowed(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send([])
    queue.delete([])
    assert queue.receive(10, wait_seconds=0) in ((), [])


@pytest.mark.parametrize("count", [1, 9, 10, 11, 35])
def test_any_number_is_sent_and_arrives_once(queue_engine: QueueEngine, count: int) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(count))
    deliveries = receive_all(queue)
    assert len(deliveries) == count
    assert bodies(deliveries) == {job_message(number) for number in range(count)}
    assert len({delivery.message_id for delivery in deliveries}) == count


@pytest.mark.parametrize("limit", [1, 3, 10])
def test_a_receive_brings_at_most_the_limit(queue_engine: QueueEngine, limit: int) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(12))
    assert len(queue.receive(limit, wait_seconds=0)) == limit


def test_a_receive_brings_at_most_what_the_service_gives_at_once(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(12))
    assert len(queue.receive(50, wait_seconds=0)) in {10, 12}


def test_what_was_delivered_is_invisible_until_its_time_is_over(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair(visibility_seconds=30).queue
    queue.send(outgoing())
    (first,) = queue.receive(10, wait_seconds=0)
    assert not queue.receive(10, wait_seconds=0)
    queue_engine.pass_time(31)
    (second,) = queue.receive(10, wait_seconds=0)
    assert second.message_id == first.message_id
    assert second.receipt != first.receipt
    assert second.receive_count == 2


def test_what_was_deleted_does_not_come_back(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair(visibility_seconds=30).queue
    queue.send(outgoing(12))
    deliveries = receive_all(queue)
    queue.delete(deliveries[:11])
    queue_engine.pass_time(31)
    assert bodies(receive_all(queue)) == {deliveries[11].message}


def test_deleting_twice_is_harmless(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(2))
    deliveries = receive_all(queue)
    queue.delete(deliveries)
    queue.delete(deliveries)
    queue.release(deliveries[0], delay_seconds=0)
    assert not queue.receive(10, wait_seconds=0)


def test_a_delayed_message_waits_out_its_delay(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(delay_seconds=29.9))
    assert not queue.receive(10, wait_seconds=0)
    queue_engine.pass_time(31)
    assert len(queue.receive(10, wait_seconds=0)) == 1


@pytest.mark.parametrize("delay_seconds", [900.001, 3600, -0.001, float("nan"), float("inf")])
def test_a_delay_that_no_queue_allows_is_a_mistake(queue_engine: QueueEngine, delay_seconds: float) -> None:
    queue = queue_engine.pair().queue
    with pytest.raises(ValueError, match="0 to 900 s"):
        queue.send(outgoing(delay_seconds=delay_seconds))
    assert queue.depth().waiting == queue.depth().delayed == 0


def test_the_longest_delay_is_allowed(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(delay_seconds=900))
    assert queue.depth().delayed == 1


def test_a_released_message_is_deliverable_at_once(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing())
    (delivery,) = queue.receive(10, wait_seconds=0)
    queue.release(delivery, delay_seconds=0)
    (again,) = queue.receive(10, wait_seconds=0)
    assert again.receive_count == 2


def test_a_message_can_be_released_for_later(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing())
    (delivery,) = queue.receive(10, wait_seconds=0)
    queue.release(delivery, delay_seconds=30)
    assert not queue.receive(10, wait_seconds=0)
    queue_engine.pass_time(31)
    assert len(queue.receive(10, wait_seconds=0)) == 1


def test_a_message_is_buried_as_it_is(queue_engine: QueueEngine) -> None:
    pair = queue_engine.pair(visibility_seconds=30)
    pair.queue.send(outgoing(2))
    buried, _ = pair.queue.receive(10, wait_seconds=0)
    pair.queue.bury(buried)
    (dead,) = pair.dead_letters.receive(10, wait_seconds=0)
    assert dead.message == buried.message
    assert dead.receive_count == 1
    queue_engine.pass_time(31)
    assert buried.message not in bodies(receive_all(pair.queue))


def test_a_queue_without_a_dead_letter_queue_buries_nothing(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().dead_letters
    queue.send(outgoing())
    (delivery,) = queue.receive(10, wait_seconds=0)
    with pytest.raises(ValueError, match="no dead letter queue"):
        queue.bury(delivery)
    assert queue.depth().in_flight == 1


def test_what_comes_back_too_often_goes_to_the_dead_letter_queue(queue_engine: QueueEngine) -> None:
    pair = queue_engine.pair(max_receives=3)
    pair.queue.send(outgoing())
    for receive_count in (1, 2, 3):
        (delivery,) = pair.queue.receive(10, wait_seconds=0)
        assert delivery.receive_count == receive_count
        pair.queue.release(delivery, delay_seconds=0)
    assert not pair.queue.receive(10, wait_seconds=0)
    (dead,) = pair.dead_letters.receive(10, wait_seconds=0)
    assert dead.message == job_message(0)
    assert pair.queue.depth().in_flight == 0


def test_a_foreign_body_is_delivered_as_unreadable_and_can_be_buried(queue_engine: QueueEngine) -> None:
    pair = queue_engine.pair()
    queue_engine.send_body('{"kind": "job", "v": 99}')
    (delivery,) = pair.queue.receive(10, wait_seconds=0)
    assert isinstance(delivery.message, Unreadable)
    pair.queue.bury(delivery)
    (dead,) = pair.dead_letters.receive(10, wait_seconds=0)
    assert isinstance(dead.message, Unreadable)
    assert dead.message.body == '{"kind": "job", "v": 99}'


def test_the_depth_tells_waiting_delayed_and_delivered_apart(queue_engine: QueueEngine) -> None:
    queue = queue_engine.pair().queue
    queue.send(outgoing(6))
    queue.receive(1, wait_seconds=0)
    queue.send(outgoing(2, delay_seconds=60))
    depth = queue.depth()
    assert (depth.waiting, depth.delayed, depth.in_flight) == (5, 2, 1)


def test_queues_do_not_see_each_other(queue_engine: QueueEngine) -> None:
    one, other = queue_engine.pair().queue, queue_engine.pair().queue
    one.send(outgoing())
    (delivery,) = one.receive(10, wait_seconds=0)
    assert not other.receive(10, wait_seconds=0)
    assert other.depth().in_flight == 0
    one.delete([delivery])
    assert one.depth().in_flight == 0
