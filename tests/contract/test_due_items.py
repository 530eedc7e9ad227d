"""Due items in their order, page by page, and the safety sync's lease on a shard."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.contract.makers import TOMORROW, job, message, recurring
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.domain.due import DUE_ITEM_LIFE, DUE_SHARDS, DueItem, DuePosition, Watermark, due_item
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage

START = DuePosition(look_at=NOON - timedelta(minutes=5))
FIRST = Watermark(swept_to=DuePosition(look_at=NOON), checked_to=DuePosition(look_at=NOON - timedelta(hours=1)))


def test_a_due_item_comes_back_exactly(stores: Stores) -> None:
    of = recurring(stores)
    hint = message(of, version=7, attempt=3, run_at=TOMORROW, lane=Lane.LOW, subsecond=True)
    made = replace(due_item(hint, now=NOON, direct_horizon=timedelta(minutes=15)), timed=True, checks=4)
    stores.due_items.put([made])
    assert _walk(stores, made.shard, until=TOMORROW) == [made]


@pytest.mark.parametrize("limit", [1, 3, 1000])
def test_a_walk_meets_every_item_once_in_order_over_minute_borders(stores: Stores, limit: int) -> None:
    instants = [
        NOON + timedelta(minutes=minute, milliseconds=ms)
        for minute in (0, 1, 2, 5, 61)
        for ms in (-1, 0, 1, 30_000, 59_999)
    ]
    made = _items(stores, instants * 3)
    stores.due_items.put(made)
    for shard in range(DUE_SHARDS):
        expected = sorted((item for item in made if item.shard == shard), key=lambda item: item.position)
        assert _walk(stores, shard, until=NOON + timedelta(hours=2), limit=limit) == expected


def test_items_of_one_instant_are_told_apart(stores: Stores) -> None:
    of = job(stores)
    made = [_item(message(of, version=version, attempt=attempt)) for version in (1, 2, 10) for attempt in (1, 2)]
    stores.due_items.put(made)
    found = _walk(stores, made[0].shard, until=NOON, limit=2)
    assert sorted(found, key=lambda item: item.position) == found
    assert {item.position for item in found} == {item.position for item in made}


def test_putting_an_item_again_changes_nothing(stores: Stores) -> None:
    made = _item(message(job(stores)))
    stores.due_items.put([made, made])
    stores.due_items.put([made])
    stores.due_items.put([])
    assert _walk(stores, made.shard, until=NOON) == [made]


def test_many_items_are_put_at_once(stores: Stores) -> None:
    made = _items(stores, [NOON] * 130)
    stores.due_items.put(made)
    found = [item for shard in range(DUE_SHARDS) for item in _walk(stores, shard, until=NOON)]
    assert sorted(item.position for item in found) == sorted(item.position for item in made)


def test_a_page_ends_at_until_and_is_complete_there(stores: Stores) -> None:
    of = job(stores)
    early, late = (_item(message(of, run_at=NOON + timedelta(milliseconds=ms))) for ms in (0, 1))
    stores.due_items.put([late, early])
    page = stores.due_items.page(early.shard, after=START, until=NOON, limit=10)
    assert page.items == (early,)
    assert page.complete
    assert early.position <= page.reached < late.position
    rest = stores.due_items.page(early.shard, after=page.reached, until=TOMORROW, limit=10)
    assert rest.items == (late,)


def test_a_page_is_cut_at_the_limit_and_goes_on_behind_its_last_item(stores: Stores) -> None:
    of = job(stores)
    made = [_item(message(of, version=version)) for version in range(1, 6)]
    stores.due_items.put(made)
    first = stores.due_items.page(made[0].shard, after=START, until=NOON, limit=3)
    assert first.items == tuple(made[:3])
    assert first.reached == made[2].position
    assert not first.complete
    second = stores.due_items.page(made[0].shard, after=first.reached, until=NOON, limit=3)
    assert second.items == tuple(made[3:])
    assert second.complete


def test_a_long_empty_stretch_is_crossed_in_steps_that_always_go_forward(stores: Stores) -> None:
    made = _item(message(job(stores), run_at=TOMORROW))
    stores.due_items.put([made])
    assert _walk(stores, made.shard, until=TOMORROW + timedelta(hours=1)) == [made]


def test_a_page_never_goes_back_behind_where_it_was(stores: Stores) -> None:
    after = DuePosition(look_at=NOON, rest="x")
    page = stores.due_items.page(0, after=after, until=NOON - timedelta(hours=1), limit=10)
    assert page.items == ()
    assert page.complete
    assert page.reached == after


def test_an_expired_item_is_gone(stores: Stores) -> None:
    made = _item(message(job(stores)))
    stores.due_items.put([made])
    stores.clock.advance(DUE_ITEM_LIFE - timedelta(milliseconds=1))
    assert _walk(stores, made.shard, until=NOON) == [made]
    stores.clock.advance(0.001)
    assert _walk(stores, made.shard, until=NOON) == []


def test_a_shard_shows_nothing_of_the_others(stores: Stores) -> None:
    made = _item(message(job(stores)))
    stores.due_items.put([made])
    others = [shard for shard in range(DUE_SHARDS) if shard != made.shard]
    assert [item for shard in others for item in _walk(stores, shard, until=made.look_at + timedelta(minutes=5))] == []


def test_a_lease_keeps_others_out_until_it_is_given_up(stores: Stores) -> None:
    assert _acquire(stores, "a") == FIRST
    assert _acquire(stores, "b") is None
    moved = Watermark(
        swept_to=DuePosition(look_at=NOON, rest="x"), checked_to=DuePosition.end_of(NOON - timedelta(minutes=1))
    )
    assert stores.due_items.save(3, token="a", watermark=moved)
    assert _acquire(stores, "b") == moved


def test_the_same_token_acquires_again(stores: Stores) -> None:
    assert _acquire(stores, "a") == FIRST
    assert _acquire(stores, "a") == FIRST


def test_a_lease_that_is_over_is_taken_and_its_old_holder_writes_nothing(stores: Stores) -> None:
    assert _acquire(stores, "a") == FIRST
    later = NOON + timedelta(minutes=1)
    assert _acquire(stores, "b", now=later - timedelta(milliseconds=1)) is None
    assert _acquire(stores, "b", now=later) == FIRST
    moved = replace(FIRST, swept_to=DuePosition(look_at=TOMORROW))
    assert not stores.due_items.save(3, token="a", watermark=moved)
    assert stores.due_items.save(3, token="b", watermark=FIRST)
    assert _acquire(stores, "c", now=later) == FIRST


def test_a_lease_is_given_up_once(stores: Stores) -> None:
    assert not stores.due_items.save(3, token="a", watermark=FIRST)
    _acquire(stores, "a")
    assert stores.due_items.save(3, token="a", watermark=FIRST)
    assert not stores.due_items.save(3, token="a", watermark=FIRST)


def test_each_shard_has_a_lease_of_its_own(stores: Stores) -> None:
    assert _acquire(stores, "a") == FIRST
    other = replace(FIRST, swept_to=DuePosition(look_at=TOMORROW))
    lease_until = NOON + timedelta(minutes=1)
    assert stores.due_items.acquire(4, token="b", now=NOON, lease_until=lease_until, first=other) == other


def test_of_many_threads_one_gets_the_lease(stores: Stores) -> None:
    with ThreadPoolExecutor(max_workers=8) as threads:
        found = list(threads.map(lambda number: _acquire(stores, f"token-{number}"), range(8)))
    assert [one for one in found if one is not None] == [FIRST]


def _acquire(stores: Stores, token: str, *, now: datetime = NOON) -> Watermark | None:
    lease_until = now + timedelta(minutes=1)
    return stores.due_items.acquire(3, token=token, now=now, lease_until=lease_until, first=FIRST)


def _item(hint: JobMessage) -> DueItem:
    return due_item(hint, now=NOON - timedelta(minutes=2), direct_horizon=timedelta(minutes=15))


def _items(stores: Stores, instants: list[datetime]) -> list[DueItem]:
    return [_item(message(job(stores), run_at=at, due_at=at)) for at in instants]


def _walk(stores: Stores, shard: int, *, until: datetime, limit: int = 100) -> list[DueItem]:
    found: list[DueItem] = []
    reached = START
    while True:
        page = stores.due_items.page(shard, after=reached, until=until, limit=limit)
        assert len(page.items) <= limit
        assert page.complete or page.reached > reached
        found += page.items
        reached = page.reached
        if page.complete:
            assert reached >= DuePosition.end_of(until)
            return found
