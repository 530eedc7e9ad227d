"""What the agenda of the embedded engine tells, and what that costs."""

import math
from datetime import timedelta

from tests.contract.makers import TENANT, TOMORROW, dead_letter, job, message
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import EmbeddedStores
from tests.doubles import NOON
from tickwell.adapters.embedded.agenda import EmbeddedAgenda, Outlook
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.application.ports import Outgoing, QueueKey
from tickwell.domain.deletion import Deletion
from tickwell.domain.due import DUE_SHARDS, DueItem, DuePosition, Watermark, due_item
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.message import JobMessage
from tickwell.messages import decode_job_message, encode_job_message

NEVER = math.inf
HORIZON = timedelta(minutes=15)


def look(sqlite: EmbeddedStores) -> Outlook:
    return EmbeddedAgenda(sqlite.database, ["lane", "other"]).look()


def lane(sqlite: EmbeddedStores) -> EmbeddedQueue[JobMessage]:
    stores = sqlite.stores
    return EmbeddedQueue(
        sqlite.database, "lane", None, encode_job_message, decode_job_message, stores.clock, visibility_seconds=60
    )


def come_to(sqlite: EmbeddedStores, swept: DuePosition, checked: DuePosition) -> None:
    """The safety sync has come so far in every shard."""
    due_items, mark = sqlite.stores.due_items, Watermark(swept_to=swept, checked_to=checked)
    for shard in range(DUE_SHARDS):
        due_items.acquire(shard, token="sync", now=NOON, lease_until=NOON, first=mark)
        due_items.save(shard, token="sync", watermark=mark)


def item(sqlite: EmbeddedStores, look_at_seconds: float) -> DueItem:
    of = job(sqlite.stores)
    run_at = NOON + timedelta(seconds=look_at_seconds)
    made = due_item(message(of, due_at=run_at, run_at=run_at), now=NOON, direct_horizon=HORIZON)
    sqlite.stores.due_items.put([made])
    return made


def ms(seconds: float) -> int:
    return to_epoch_ms(NOON + timedelta(seconds=seconds))


def test_an_empty_engine_never_has_anything_to_do(sqlite: EmbeddedStores) -> None:
    come_to(sqlite, DuePosition(look_at=NOON), DuePosition(look_at=NOON))
    assert look(sqlite) == Outlook(
        queues={"lane": NEVER, "other": NEVER},
        swept=NEVER,
        checked=NEVER,
        parked=NEVER,
        outcomes=NEVER,
        deletions=NEVER,
    )


def test_the_first_message_counts(sqlite: EmbeddedStores) -> None:
    queue, of = lane(sqlite), job(sqlite.stores)
    queue.send([Outgoing(message=message(of), delay_seconds=delay, group=TENANT) for delay in (70.5, 9, 80)])
    assert look(sqlite).queues == {"lane": ms(9), "other": NEVER}
    sqlite.stores.clock.advance(10)
    assert len(queue.receive(10, wait_seconds=0)) == 1
    assert look(sqlite).queues["lane"] == ms(70)  # when the one under way would come again


def test_what_has_a_turn_is_to_be_received_at_once(sqlite: EmbeddedStores) -> None:
    queue, of = lane(sqlite), job(sqlite.stores)
    queue.send([Outgoing(message=message(of), group=TENANT) for _ in range(2)])
    queue.receive(1, wait_seconds=0)
    assert look(sqlite).queues["lane"] == 0


def test_due_items_count_that_the_sync_has_not_come_to(sqlite: EmbeddedStores) -> None:
    first, second = item(sqlite, 60), item(sqlite, 600)
    item(sqlite, 6000)
    come_to(sqlite, second.position, first.position)
    assert (look(sqlite).swept, look(sqlite).checked) == (ms(6000), ms(600))


def test_an_attempt_that_waits_for_a_limit(sqlite: EmbeddedStores) -> None:
    sqlite.stores.queues.park([message(job(sqlite.stores), queue="images")])
    assert look(sqlite).parked == 0
    assert sqlite.stores.queues.waiting(QueueKey(tenant_id=TENANT, name="images"), limit=1)


def test_outcomes_that_nobody_has_followed(sqlite: EmbeddedStores) -> None:
    sqlite.stores.history.put_dead_letters([dead_letter(job(sqlite.stores))])
    assert look(sqlite).outcomes == 0


def test_tenants_that_are_being_deleted(sqlite: EmbeddedStores) -> None:
    sqlite.stores.erasure.condemn(Deletion(tenant_id=TENANT, begun_at=NOON, look_at=TOMORROW))
    assert look(sqlite).deletions == to_epoch_ms(TOMORROW)


def test_its_cost_does_not_depend_on_what_waits(sqlite: EmbeddedStores) -> None:
    come_to(sqlite, DuePosition(look_at=NOON), DuePosition(look_at=NOON))
    queue, of = lane(sqlite), job(sqlite.stores)

    def fill(number: int) -> None:
        queue.send([Outgoing(message=message(of), delay_seconds=60, group=TENANT) for _ in range(number)])
        for seconds in range(number):
            item(sqlite, seconds + 1)

    def cost() -> int:
        with steps(sqlite.database) as counted:
            look(sqlite)
        return counted.taken

    fill(20)
    few = cost()
    fill(1000)
    assert cost() <= few
