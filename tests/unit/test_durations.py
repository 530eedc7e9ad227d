"""Percentiles from buckets are off by no more than is promised, and histograms add up (C20)."""

from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickwell.adapters.count_documents import durations_from, durations_text
from tickwell.domain.counts import ExecutionTally, HourTally
from tickwell.domain.durations import BUCKETS, MOST_ERROR, Durations, bucket_of, durations_of
from tickwell.domain.execution import ExecutionStatus

HOUR_MS = 3_600_000
LONGEST_TOLD_MS = 32 * HOUR_MS
TOOK = st.one_of(st.integers(0, 50), st.integers(0, 5_000), st.integers(0, LONGEST_TOLD_MS))
PERCENT = st.sampled_from([1, 50, 90, 95, 99, 100])


def tallied(durations_ms: list[int]) -> HourTally:
    """An hour of attempts that took so long."""
    tally = ExecutionTally(
        by_status={ExecutionStatus.SUCCESS: len(durations_ms)} if durations_ms else {},
        duration_ms=sum(durations_ms),
        shortest_ms=min(durations_ms, default=None),
        longest_ms=max(durations_ms, default=None),
    )
    return HourTally(tally=tally, durations=durations_of(durations_ms))


@given(st.lists(TOOK, min_size=1, max_size=200), PERCENT)
def test_a_percentile_is_off_by_no_more_than_is_promised(durations_ms: list[int], percent: int) -> None:
    exact = sorted(durations_ms)[ceil(len(durations_ms) * percent / 100) - 1]
    told = tallied(durations_ms).percentile_ms(percent)
    assert told is not None
    assert abs(told - exact) <= MOST_ERROR * exact
    assert min(durations_ms) <= told <= max(durations_ms)


@given(st.lists(TOOK, min_size=1, max_size=50))
def test_percentiles_rise(durations_ms: list[int]) -> None:
    told = [tallied(durations_ms).percentile_ms(percent) or 0.0 for percent in (1, 50, 95, 99, 100)]
    assert told == sorted(told)


@given(st.lists(TOOK, max_size=50), st.lists(TOOK, max_size=50))
def test_two_hours_are_told_as_one_that_had_both(first: list[int], second: list[int]) -> None:
    together = tallied(first).plus(tallied(second))
    assert together == tallied(second).plus(tallied(first)) == tallied(first + second)


@given(st.dictionaries(st.integers(0, BUCKETS - 1), st.integers(1, 10**9)))
def test_what_was_spelled_is_read(numbers: dict[int, int]) -> None:
    durations = Durations(by_bucket=numbers)
    assert durations_from(durations_text(durations)) == durations


def test_a_thousand_attempts_of_a_wide_range_are_spelled_in_few_bytes() -> None:
    text = durations_text(durations_of(range(0, 100_000, 100)))
    assert len(text.encode()) < 120
    assert not set(text) & {'"', "\\"}, "JSON needs no byte more"


@pytest.mark.parametrize(
    ("took_ms", "bucket"), [(-5, 0), (0, 0), (3, 3), (4, 4), (5, 5), (6, 5), (7, 6), (10**12, BUCKETS - 1)]
)
def test_short_durations_have_buckets_of_their_own_and_endless_ones_the_last(took_ms: int, bucket: int) -> None:
    assert bucket_of(took_ms) == bucket


def test_every_bucket_is_reached() -> None:
    assert {bucket_of(ms) for step in range(200) for ms in (step, int(1.2**step))} == set(range(BUCKETS))


def test_nothing_has_no_percentile() -> None:
    assert HourTally().percentile_ms(50) is None


def test_what_was_counted_without_durations_has_no_percentiles() -> None:
    older = HourTally(tally=tallied([5, 10]).tally)
    assert older.percentile_ms(50) is None
    assert older.plus(tallied([7])).percentile_ms(50) is None, "two of three are not known"


def test_more_than_the_last_bucket_is_told_as_its_beginning() -> None:
    told = tallied([HOUR_MS, 100 * HOUR_MS, 100 * HOUR_MS]).percentile_ms(99)
    assert told is not None
    assert 32 * HOUR_MS < told < 33 * HOUR_MS
