"""The clock and the id source."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON, FakeClock, SeededIds
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.domain.instant import to_epoch_ms

MILLISECOND = timedelta(milliseconds=1)


def test_the_system_clock_tells_utc_in_whole_milliseconds() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert before - MILLISECOND <= now <= datetime.now(UTC)


def test_an_id_is_a_uuid7_of_its_millisecond() -> None:
    made = uuid.UUID(SystemIds(FakeClock()).new())
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    assert made.int >> 80 == to_epoch_ms(NOON)


def test_ids_of_different_sources_differ() -> None:
    clock = FakeClock()
    assert len({SystemIds(clock).new() for _ in range(1000)}) == 1000


@given(st.lists(st.integers(min_value=-5000, max_value=5000), max_size=50), st.integers())
def test_a_later_id_sorts_behind_an_earlier_one_even_when_the_clock_is_set_back(steps_ms: list[int], seed: int) -> None:
    clock = FakeClock()
    ids = SeededIds(clock, seed)
    made = []
    for step_ms in steps_ms:
        clock.advance(timedelta(milliseconds=step_ms))
        made.append(ids.new())
    assert made == sorted(set(made))


def test_the_random_part_may_overflow_into_the_next_millisecond() -> None:
    ids = SystemIds(FakeClock(), lambda bits: (1 << bits) - 1)
    made = [ids.new() for _ in range(4)]
    assert made == sorted(set(made))
    assert {uuid.UUID(one).version for one in made} == {7}
    assert uuid.UUID(made[1]).int >> 80 == to_epoch_ms(NOON) + 1


def test_threads_never_get_the_same_id() -> None:
    ids = SystemIds(FakeClock())
    with ThreadPoolExecutor(8) as pool:
        made = [one for many in pool.map(lambda _: [ids.new() for _ in range(500)], range(8)) for one in many]
    assert len(set(made)) == 4000


def test_a_token_is_16_bytes_in_hexadecimal() -> None:
    ids = SystemIds(FakeClock())
    tokens = {ids.token() for _ in range(100)}
    assert len(tokens) == 100
    assert {len(bytes.fromhex(token)) for token in tokens} == {16}
    assert SystemIds(FakeClock(), lambda _bits: 1).token() == "0" * 31 + "1"


def test_draws_lie_between_zero_and_one() -> None:
    ids = SeededIds()
    draws = [ids.draw() for _ in range(1000)]
    assert 0 <= min(draws) < 0.1
    assert 0.9 < max(draws) < 1
    assert SystemIds(FakeClock(), lambda bits: (1 << bits) - 1).draw() < 1


@pytest.mark.parametrize("seed", [0, 7])
def test_the_same_seed_gives_the_same_ids(seed: int) -> None:
    one, other = SeededIds(seed=seed), SeededIds(seed=seed)
    assert [one.new(), one.token(), one.draw()] == [other.new(), other.token(), other.draw()]
    assert SeededIds(seed=seed + 1).new() != SeededIds(seed=seed).new()


def test_derived_ids_depend_on_the_seed_alone_and_are_of_its_instant() -> None:
    made = []
    for ids in (SystemIds(FakeClock(NOON + timedelta(hours=1))), SystemIds(SystemClock())):
        with ids.derived("seed", NOON):
            made.append([ids.new() for _ in range(3)])
        with ids.derived("another", NOON):
            assert ids.new() not in made[0]
        assert ids.new() not in made[0]
    assert made[0] == made[1] == sorted(set(made[0]))
    assert all(uuid.UUID(new).version == 7 and uuid.UUID(new).int >> 80 == to_epoch_ms(NOON) for new in made[0])


def test_derived_ids_are_of_one_thread_and_tokens_are_never_derived() -> None:
    ids = SystemIds(FakeClock())
    with ids.derived("seed", NOON), ThreadPoolExecutor(1) as threads:
        here = ids.new()
        assert threads.submit(ids.new).result() != here
        tokens = {ids.token() for _ in range(10)}
    with ids.derived("seed", NOON):
        assert ids.new() == here
        assert ids.token() not in tokens
