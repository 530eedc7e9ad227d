"""What the embedded engine's queues promise beyond SQS: exactly one receiver, order, milliseconds."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.queue_engines import EmbeddedEngine, JobQueue
from tests.contract.test_queues import job_message, outgoing, receive_all
from tests.doubles import NOON, FakeClock
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.adapters.system import SystemClock
from tickwell.application.ports import Clock, Outgoing
from tickwell.messages import decode_job_message, encode_job_message

ONE_MILLISECOND = timedelta(milliseconds=1)


def drain(queue: JobQueue, until: threading.Event) -> list[str]:
    found: list[str] = []
    while True:
        batch = queue.receive(7, wait_seconds=0)
        if not batch and until.is_set():
            return found
        found.extend(delivery.message_id for delivery in batch)


def test_eight_threads_receive_each_of_500_messages_exactly_once(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    sent = threading.Event()
    with ThreadPoolExecutor(8) as pool:
        drains = [pool.submit(drain, queue, sent) for _ in range(8)]
        for _ in range(50):
            queue.send(outgoing(10))
        sent.set()
        counts = Counter(message_id for finished in drains for message_id in finished.result(timeout=60))
    assert len(counts) == 500
    assert set(counts.values()) == {1}


def test_messages_come_in_order_of_their_time_and_then_as_they_were_sent(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    delays = [0.005, 0.0, 0.003, 0.0, 0.003]
    queue.send([Outgoing(message=job_message(n), delay_seconds=delay, group="t") for n, delay in enumerate(delays)])
    embedded_engine.pass_time(1)
    assert [delivery.message for delivery in receive_all(queue)] == [job_message(n) for n in (1, 3, 2, 4, 0)]


def test_a_delay_is_kept_to_the_millisecond(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    queue.send(outgoing(delay_seconds=0.25))
    embedded_engine.clock.advance(timedelta(milliseconds=249))
    assert not queue.receive(1, wait_seconds=0)
    embedded_engine.clock.advance(ONE_MILLISECOND)
    assert queue.receive(1, wait_seconds=0)


def test_a_queue_may_deliver_ahead_of_the_delay(embedded_engine: EmbeddedEngine) -> None:
    clock = embedded_engine.clock
    queue: JobQueue = EmbeddedQueue(
        embedded_engine.database,
        "ahead",
        None,
        encode_job_message,
        decode_job_message,
        clock,
        visibility_seconds=1.5,
        ahead_seconds=0.05,
    )
    queue.send(outgoing(delay_seconds=0.25))
    clock.advance(timedelta(milliseconds=199))
    assert not queue.receive(1, wait_seconds=0)
    clock.advance(ONE_MILLISECOND)
    assert queue.receive(1, wait_seconds=0)
    clock.advance(timedelta(milliseconds=1400))
    assert not queue.receive(1, wait_seconds=0)


def test_visibility_is_kept_to_the_millisecond(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair(visibility_seconds=1.5).queue
    queue.send(outgoing())
    queue.receive(1, wait_seconds=0)
    embedded_engine.clock.advance(timedelta(milliseconds=1499))
    assert not queue.receive(1, wait_seconds=0)
    embedded_engine.clock.advance(ONE_MILLISECOND)
    assert queue.receive(1, wait_seconds=0)


def test_a_stale_receipt_deletes_releases_and_buries_nothing(embedded_engine: EmbeddedEngine) -> None:
    pair = embedded_engine.pair(visibility_seconds=1)
    pair.queue.send(outgoing())
    (stale,) = pair.queue.receive(1, wait_seconds=0)
    embedded_engine.pass_time(1)
    (valid,) = pair.queue.receive(1, wait_seconds=0)
    pair.queue.delete([stale])
    pair.queue.release(stale, delay_seconds=0)
    pair.queue.bury(stale)
    assert pair.queue.depth().in_flight == 1
    assert not pair.dead_letters.receive(1, wait_seconds=0)
    pair.queue.delete([valid])
    assert pair.queue.depth().in_flight == 0


def test_a_receipt_of_the_lane_says_nothing_in_the_dead_letter_queue(embedded_engine: EmbeddedEngine) -> None:
    pair = embedded_engine.pair()
    pair.queue.send(outgoing())
    (buried,) = pair.queue.receive(1, wait_seconds=0)
    pair.queue.bury(buried)
    (dead,) = pair.dead_letters.receive(1, wait_seconds=0)
    assert dead.message_id == buried.message_id
    pair.queue.delete([buried])
    assert pair.dead_letters.depth().in_flight == 1


def test_the_depth_tells_since_when_the_oldest_waits(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    assert queue.depth().oldest_at is None
    queue.send(outgoing(delay_seconds=2))
    assert queue.depth().oldest_at is None
    embedded_engine.pass_time(10)
    queue.send(outgoing())
    assert queue.depth().oldest_at == NOON + timedelta(seconds=2)


def test_one_poisoned_message_does_not_hold_up_the_others(embedded_engine: EmbeddedEngine) -> None:
    pair = embedded_engine.pair(max_receives=1)
    pair.queue.send(outgoing(25))
    for delivery in receive_all(pair.queue):
        pair.queue.release(delivery, delay_seconds=0)
    pair.queue.send([Outgoing(message=job_message(99), group="t")])
    (fresh,) = receive_all(pair.queue)
    assert fresh.message == job_message(99)
    assert pair.dead_letters.depth().waiting == 25


def test_a_send_is_all_or_nothing(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    with pytest.raises(ValueError, match="0 to 900 s"):
        queue.send([*outgoing(3), *outgoing(delay_seconds=901)])
    assert queue.depth().waiting == 0


def test_a_waiting_receiver_wakes_for_a_message_at_once(embedded_engine: EmbeddedEngine) -> None:
    pair = embedded_engine.pair()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(pair.queue.receive, 1, wait_seconds=30)
        pair.queue.send(outgoing())
        assert len(waiting.result(timeout=10)) == 1


def test_a_waiting_receiver_notices_that_its_clock_moved_on(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    queue.send(outgoing(delay_seconds=600))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(queue.receive, 1, wait_seconds=30)
        embedded_engine.pass_time(600)
        assert len(waiting.result(timeout=10)) == 1


def test_waiting_in_vain_ends_after_the_time_asked_for(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    before = time.monotonic()
    assert not queue.receive(1, wait_seconds=0.2)
    assert 0.2 <= time.monotonic() - before < 5


def file_queue(path: Path, clock: Clock) -> tuple[Database, JobQueue]:
    database = Database(path)
    queue = EmbeddedQueue(database, "lane", None, encode_job_message, decode_job_message, clock, visibility_seconds=30)
    return database, queue


def test_what_another_process_sent_is_noticed_while_waiting(tmp_path: Path) -> None:
    # Two connections to one file share nothing in memory, just as two processes.
    receiver_database, receiver = file_queue(tmp_path / "tickwell.db", SystemClock())
    sender_database, sender = file_queue(tmp_path / "tickwell.db", SystemClock())
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(receiver.receive, 1, wait_seconds=30)
        sender.send(outgoing(delay_seconds=0.02))
        assert len(waiting.result(timeout=10)) == 1
    receiver_database.close()
    sender_database.close()


def test_messages_outlive_the_process(tmp_path: Path) -> None:
    clock = FakeClock()
    database, queue = file_queue(tmp_path / "tickwell.db", clock)
    queue.send(outgoing(3))
    queue.send(outgoing(1, delay_seconds=5))
    (delivered,) = queue.receive(1, wait_seconds=0)
    database.close()
    clock.advance(30)
    database, queue = file_queue(tmp_path / "tickwell.db", clock)
    found = receive_all(queue)
    assert len(found) == 4
    assert {d.message_id: d.receive_count for d in found}[delivered.message_id] == 2
    database.close()


@pytest.mark.parametrize(
    ("query", "steps"),
    [
        (
            "SELECT id, body, receives FROM queue_messages WHERE queue = 'q' AND turn IS NOT NULL ORDER BY turn, id",
            "SEARCH queue_messages USING INDEX queue_messages_by_turn (queue=? AND turn>?)",
        ),
        (
            "SELECT id FROM queue_messages WHERE queue = 'q' AND visible_at < 1 AND turn IS NULL ORDER BY visible_at",
            "SEARCH queue_messages USING INDEX queue_messages_by_visibility (queue=? AND visible_at<?)",
        ),
    ],
)
def test_receiving_reads_the_indexes_in_order_however_much_waits(
    embedded_engine: EmbeddedEngine, query: str, steps: str
) -> None:
    with embedded_engine.database.read() as cursor:
        plan = cursor.execute(f"EXPLAIN QUERY PLAN {query}").fetchall()
    assert [row[3] for row in plan] == [steps]


def test_a_flood_of_one_tenant_stands_behind_a_single_message_of_another(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    flood = [Outgoing(message=job_message(0), group="flood")] * 1000
    for _ in range(20):
        queue.send(flood)
    queue.delete(queue.receive(10, wait_seconds=0))
    queue.send([Outgoing(message=job_message(1), group="other")])
    assert job_message(1) in [delivery.message for delivery in queue.receive(2, wait_seconds=0)]


def test_a_receive_brings_as_many_as_there_is_room_for(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    queue.send(outgoing(300))
    assert [len(queue.receive(250, wait_seconds=0)) for _ in range(2)] == [250, 50]


def test_groups_take_turns(embedded_engine: EmbeddedEngine) -> None:
    queue = embedded_engine.pair().queue
    for number, group in enumerate("aaaabbc"):
        queue.send([Outgoing(message=job_message(number), group=group)])
    order = [delivery.message for delivery in receive_all(queue)]
    assert order == [job_message(number) for number in (0, 4, 6, 1, 5, 2, 3)]
