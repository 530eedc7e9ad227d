"""The contract of ``RateLimiter``, on every engine."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON, FakeClock
from tickwell.adapters.aws.dynamodb.rates import MOST_AT_ONCE, DynamoRateLimiter
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.domain.errors import UnavailableError
from tickwell.domain.rate import RateKey

HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)
ADA = RateKey(tenant_id="t", who="ada", what="write")
OTHERS = (
    RateKey(tenant_id="t", who="bob", what="write"),
    RateKey(tenant_id="t", who="ada", what="read"),
    RateKey(tenant_id="t2", who="ada", what="write"),
    RateKey(tenant_id=None, who="ada", what="write"),
)


def test_so_many_are_allowed_and_no_more(stores: Stores) -> None:
    stores.clock.advance(60)
    told = [stores.rates.hit(ADA, limit=3, per=HOUR) for _ in range(5)]
    assert [allowance.allowed for allowance in told] == [True, True, True, False, False]
    assert [allowance.remaining for allowance in told] == [2, 1, 0, 0, 0]
    assert {(allowance.limit, allowance.reset_at) for allowance in told} == {(3, NOON + HOUR)}


def test_each_is_counted_apart(stores: Stores) -> None:
    assert stores.rates.hit(ADA, limit=1, per=HOUR).allowed
    assert not stores.rates.hit(ADA, limit=1, per=HOUR).allowed
    assert [stores.rates.hit(key, limit=1, per=HOUR).allowed for key in OTHERS] == [True] * len(OTHERS)


def test_the_next_window_begins_anew_exactly_when_it_was_said(stores: Stores) -> None:
    stores.clock.advance(QUARTER - timedelta(milliseconds=1))
    assert stores.rates.hit(ADA, limit=1, per=QUARTER).allowed
    assert not stores.rates.hit(ADA, limit=1, per=QUARTER).allowed
    stores.clock.advance(timedelta(milliseconds=1))
    assert stores.rates.hit(ADA, limit=1, per=QUARTER).allowed


def test_looking_counts_nothing(stores: Stores) -> None:
    for _ in range(3):
        seen = stores.rates.look(ADA, limit=2, per=HOUR)
        assert (seen.allowed, seen.remaining, seen.reset_at) == (True, 2, NOON + HOUR)
    for remaining in (1, 0):
        stores.rates.hit(ADA, limit=2, per=HOUR)
        seen = stores.rates.look(ADA, limit=2, per=HOUR)
        assert (seen.allowed, seen.remaining) == (remaining > 0, remaining)


def test_a_limit_that_was_raised_holds_at_once(stores: Stores) -> None:
    assert [stores.rates.hit(ADA, limit=1, per=HOUR).allowed for _ in range(2)] == [True, False]
    assert [stores.rates.hit(ADA, limit=3, per=HOUR).allowed for _ in range(3)] == [True, True, False]
    assert stores.rates.look(ADA, limit=1, per=HOUR).remaining == 0


def test_threads_together_get_no_more_than_one_would(stores: Stores) -> None:
    start = threading.Barrier(8)

    def many(_number: int) -> int:
        start.wait(10)
        return sum(stores.rates.hit(ADA, limit=20, per=HOUR).allowed for _ in range(5))

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(many, range(8))) == 20


def test_counts_vanish_by_ttl_and_cost_one_write(dynamodb: DynamoStores) -> None:
    dynamodb.stores.rates.hit(ADA, limit=1, per=HOUR)
    (item,) = dynamodb.client.scan(TableName="tickwell")["Items"]
    assert item["ttl"] == {"N": str(int((NOON + HOUR).timestamp()))}


def test_who_was_refused_costs_no_further_write(dynamodb: DynamoStores) -> None:
    rates = dynamodb.stores.rates
    assert [rates.hit(ADA, limit=1, per=HOUR).allowed for _ in range(2)] == [True, False]
    dynamodb.client.delete_table(TableName="tickwell")
    assert not rates.hit(ADA, limit=1, per=HOUR).allowed


def test_who_comes_often_is_counted_several_at_a_time(dynamodb: DynamoStores) -> None:
    """Each answer tells what is left, as if each had been counted alone; the limit holds to the last one."""
    with counted(dynamodb) as calls:
        told = [dynamodb.stores.rates.hit(ADA, limit=4000, per=HOUR).remaining for _ in range(1000)]
    assert told == list(range(3999, 2999, -1))
    assert calls["UpdateItem"] < 100
    left = [dynamodb.stores.rates.hit(ADA, limit=4000, per=HOUR) for _ in range(3001)]
    assert [allowance.allowed for allowance in left] == [True] * 3000 + [False]


def test_processes_that_count_in_advance_never_allow_more_and_refuse_few(dynamodb: DynamoStores) -> None:
    """What a process holds back of a limit is little when another one is refused."""
    processes = [DynamoRateLimiter(dynamodb.table, dynamodb.stores.clock) for _ in range(4)]
    for limiter in processes:
        assert all(limiter.hit(ADA, limit=4000, per=HOUR).allowed for _ in range(200))
    one, *others = processes
    allowed = 800
    while one.hit(ADA, limit=4000, per=HOUR).allowed:
        allowed += 1
    assert 4000 - len(others) * MOST_AT_ONCE <= allowed <= 4000
    for limiter in others:
        while limiter.hit(ADA, limit=4000, per=HOUR).allowed:
            allowed += 1
    assert allowed == 4000, "in the end nothing of the limit was lost"


def test_a_small_limit_is_counted_one_by_one(dynamodb: DynamoStores) -> None:
    with counted(dynamodb) as calls:
        assert all(dynamodb.stores.rates.hit(ADA, limit=100, per=HOUR).allowed for _ in range(100))
    assert calls["UpdateItem"] == 100


def test_processes_share_a_file_and_a_new_one_goes_on_counting(tmp_path: Path) -> None:
    path, clock = tmp_path / "limits.db", FakeClock()
    one, other = EmbeddedRateLimiter(path, clock), EmbeddedRateLimiter(path, clock)
    assert [limiter.hit(ADA, limit=3, per=HOUR).remaining for limiter in (one, other)] == [2, 1]
    one.close()
    other.close()
    again = EmbeddedRateLimiter(path, clock)
    assert [again.hit(ADA, limit=3, per=HOUR).allowed for _ in range(2)] == [True, False]
    again.close()


def test_a_damaged_file_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    path.write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    limiter = EmbeddedRateLimiter(path, FakeClock())
    assert limiter.hit(ADA, limit=1, per=HOUR).allowed
    limiter.close()


def test_a_file_that_another_process_holds_makes_the_store_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "limits.db"
    limiter = EmbeddedRateLimiter(path, FakeClock())
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(UnavailableError, match="SQLITE_BUSY"):
        limiter.hit(ADA, limit=1, per=HOUR)
    holder.rollback()
    assert limiter.hit(ADA, limit=1, per=HOUR).allowed
    holder.close()
    limiter.close()


def test_what_is_over_is_deleted_now_and_then(tmp_path: Path) -> None:
    path, clock = tmp_path / "limits.db", FakeClock()
    limiter = EmbeddedRateLimiter(path, clock)
    for number in range(999):
        limiter.hit(RateKey(tenant_id="t", who=str(number), what="read"), limit=1, per=HOUR)
    clock.advance(HOUR)
    limiter.hit(ADA, limit=1, per=HOUR)
    limiter.close()
    left = sqlite3.connect(path)
    assert left.execute("SELECT who FROM counts").fetchall() == [("ada",)]
    left.close()
