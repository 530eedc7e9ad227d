"""Which shards the safety sync need not visit, and which due items it need not look at."""

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.makers import job, message
from tests.contract.sqlite_probe import steps
from tests.contract.store_engines import EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.domain.due import DUE_SHARDS, DueItem, DuePosition, Watermark, due_item

AHEAD = timedelta(minutes=14)
MINUTE = timedelta(minutes=1)


def come_to(stores: Stores, swept: DuePosition, checked: DuePosition) -> None:
    mark = Watermark(swept_to=swept, checked_to=checked)
    for shard in range(DUE_SHARDS):
        stores.due_items.acquire(shard, token="sync", now=NOON, lease_until=NOON, first=mark)
        stores.due_items.save(shard, token="sync", watermark=mark)


def put(stores: Stores, look_at_minutes: float) -> DueItem:
    run_at = NOON + timedelta(minutes=look_at_minutes)
    made = due_item(message(job(stores), due_at=run_at, run_at=run_at), now=min(NOON, run_at), direct_horizon=AHEAD)
    stores.due_items.put([made])
    return made


def within(stores: Stores, *, sweeps: bool = True) -> Collection[int]:
    return stores.due_items.within_reach(sweep_until=NOON + AHEAD if sweeps else None, check_until=NOON - MINUTE)


def walked(stores: Stores) -> list[DueItem]:
    after, until = DuePosition(look_at=NOON), NOON + AHEAD
    pages = (stores.due_items.page(shard, after=after, until=until, limit=10) for shard in range(DUE_SHARDS))
    return [item for page in pages for item in page.items]


def test_whatever_has_something_is_within_reach(stores: Stores) -> None:
    come_to(stores, DuePosition(look_at=NOON), DuePosition(look_at=NOON - 2 * MINUTE))
    to_sweep, to_check = put(stores, 14), put(stores, -1)
    assert {to_sweep.shard, to_check.shard} <= set(within(stores))
    assert to_check.shard in within(stores, sweeps=False)


def test_a_shard_that_was_never_visited_is_within_reach(stores: Stores) -> None:
    assert sorted(within(stores)) == list(range(DUE_SHARDS))


@pytest.mark.parametrize(("swept", "checked"), [(15 * MINUTE, -2 * MINUTE), (MINUTE, 0 * MINUTE)])
def test_a_watermark_that_is_ahead_is_looked_into(stores: Stores, swept: timedelta, checked: timedelta) -> None:
    come_to(stores, DuePosition(look_at=NOON + swept), DuePosition(look_at=NOON + checked))
    assert sorted(within(stores)) == list(range(DUE_SHARDS))


def test_on_sqlite_nothing_else_is(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    to_sweep, to_check = put(stores, 1), put(stores, -5)
    come_to(stores, to_sweep.position, to_check.position)
    put(stores, 14.01)
    put(stores, -0.9)
    assert within(stores) == []
    found = put(stores, 14)
    assert within(stores) == [found.shard]
    assert within(stores, sweeps=False) == []


def test_on_sqlite_its_cost_does_not_depend_on_what_waits(sqlite: EmbeddedStores) -> None:
    stores = sqlite.stores
    come_to(stores, DuePosition(look_at=NOON + AHEAD), DuePosition(look_at=NOON - MINUTE))

    def cost() -> int:
        with steps(sqlite.database) as counted:
            assert within(stores) == []
        return counted.taken

    for _ in range(20):
        put(stores, 20)
    few = cost()
    for number in range(1000):
        put(stores, 20 + number)
        put(stores, 3)
    assert cost() <= few


def test_what_is_over_may_be_forgotten_and_nothing_else(stores: Stores) -> None:
    over, others = put(stores, 5), [put(stores, minutes) for minutes in (5, 6)]
    stores.due_items.forget([])
    stores.due_items.forget([over.message, replace(others[0].message, attempt=2)])
    assert {item.message.job_id for item in walked(stores)} >= {item.message.job_id for item in others}


def test_on_sqlite_what_is_over_is_forgotten(sqlite: EmbeddedStores) -> None:
    over, other = put(sqlite.stores, 5), put(sqlite.stores, 5)
    sqlite.stores.due_items.forget([over.message])
    sqlite.stores.due_items.forget([over.message])
    assert walked(sqlite.stores) == [other]
