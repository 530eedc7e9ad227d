"""Retry policies, and what they decide."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.doubles import NOON
from tickwell.domain.retry import (
    GiveUp,
    OnLost,
    Policy,
    RetryAt,
    RetryPolicy,
    RetryStrategy,
    after_failure,
    after_loss,
    after_return,
)

FIXED = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=7)
EXPONENTIAL = RetryPolicy(strategy=RetryStrategy.EXPONENTIAL, delay_seconds=2, factor=2, max_delay_seconds=300)
LISTED = RetryPolicy(strategy=RetryStrategy.SCHEDULE, delays_seconds=(60, 300, 900))


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (FIXED, [7, 7, 7, 7]),
        (EXPONENTIAL, [2, 4, 8, 16]),
        (LISTED, [60, 300, 900, 900]),
        (
            RetryPolicy(strategy=RetryStrategy.EXPONENTIAL, delay_seconds=100, max_delay_seconds=300),
            [100, 200, 300, 300],
        ),
        (RetryPolicy(), [60, 300, 900, 900]),
    ],
)
def test_the_wait_before_each_retry(policy: RetryPolicy, expected: list[float]) -> None:
    assert [policy.delay_before(n, 0.5).total_seconds() for n in range(1, 5)] == expected


@pytest.mark.parametrize(("draw", "seconds"), [(0.0, 8.0), (0.5, 10.0), (0.75, 11.0)])
def test_jitter_spreads_to_both_sides(draw: float, seconds: float) -> None:
    policy = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=10, jitter=0.2)
    assert policy.delay_before(1, draw).total_seconds() == pytest.approx(seconds)


@given(
    strategy=st.sampled_from(RetryStrategy),
    delay=st.floats(0, 1e6),
    factor=st.floats(1, 100),
    cap=st.floats(0, 1e5),
    jitter=st.floats(0, 1),
    number=st.integers(1, 10_000),
    draw=st.floats(0, 1, exclude_max=True),
)
def test_no_wait_is_negative_or_above_the_cap(
    strategy: RetryStrategy, delay: float, factor: float, cap: float, jitter: float, number: int, draw: float
) -> None:
    policy = RetryPolicy(
        strategy=strategy,
        delay_seconds=delay,
        factor=factor,
        max_delay_seconds=cap,
        jitter=jitter,
        delays_seconds=(delay,),
    )
    assert 0 <= policy.delay_before(number, draw).total_seconds() <= cap + 1e-6


def test_max_retries_three_means_four_attempts() -> None:
    policy = Policy(max_retries=3, retry=FIXED)
    decisions = [after_failure(policy, attempt=n, losses=0, now=NOON, draw=0.5) for n in range(1, 5)]
    assert decisions[:3] == [RetryAt(at=NOON + timedelta(seconds=7), attempt=n) for n in range(2, 5)]
    assert isinstance(decisions[3], GiveUp)


def test_an_attempt_that_was_lost_does_not_use_up_a_retry() -> None:
    policy = Policy(max_retries=1, retry=FIXED)
    assert isinstance(after_failure(policy, attempt=2, losses=1, now=NOON, draw=0.5), RetryAt)
    assert isinstance(after_failure(policy, attempt=3, losses=1, now=NOON, draw=0.5), GiveUp)


def test_an_attempt_that_a_stopping_worker_gave_back_is_neither_a_failure_nor_a_loss() -> None:
    policy = Policy(max_retries=1, retry=FIXED)
    assert after_return(policy, attempt=3, now=NOON) == RetryAt(at=NOON, attempt=4)
    assert isinstance(after_failure(policy, attempt=5, losses=1, returns=3, now=NOON, draw=0.5), RetryAt)
    assert isinstance(after_failure(policy, attempt=6, losses=1, returns=3, now=NOON, draw=0.5), GiveUp)
    assert isinstance(after_return(replace(policy, on_lost=OnLost.FAIL), attempt=1, now=NOON), GiveUp)


def test_the_task_may_say_when_and_whether() -> None:
    policy = Policy(max_retries=3, retry=FIXED)
    said = after_failure(policy, attempt=1, losses=0, now=NOON, draw=0.5, retry_after_seconds=33)
    assert said == RetryAt(at=NOON + timedelta(seconds=33), attempt=2)
    never = after_failure(policy, attempt=1, losses=0, now=NOON, draw=0.5, retryable=False, retry_after_seconds=1)
    assert isinstance(never, GiveUp)


@pytest.mark.parametrize(
    ("on_lost", "losses", "retried"),
    [(OnLost.RETRY, 0, True), (OnLost.RETRY, 1, False), (OnLost.FAIL, 0, False)],
)
def test_losses(on_lost: OnLost, losses: int, retried: bool) -> None:
    decision = after_loss(Policy(max_retries=0, on_lost=on_lost), attempt=losses + 1, losses=losses, now=NOON)
    assert isinstance(decision, RetryAt) is retried
