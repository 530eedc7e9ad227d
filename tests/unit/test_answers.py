"""How the API answers: counted by the minute, judged by share and average (E8)."""

import pytest

from tests.doubles import FakeClock
from tickwell.application.answers import Answers, CountAnswers
from tickwell.application.health import HealthLevel


@pytest.mark.parametrize(
    ("total", "errors", "average_ms", "level"),
    [
        (0, 0, 0, HealthLevel.NORMAL),
        (1001, 1, 10, HealthLevel.NORMAL),
        (1000, 1, 10, HealthLevel.WARNING),
        (100, 1, 10, HealthLevel.WARNING),
        (99, 1, 10, HealthLevel.CRITICAL),
        (10, 0, 499, HealthLevel.NORMAL),
        (10, 0, 500, HealthLevel.WARNING),
        (10, 0, 5000, HealthLevel.WARNING),
        (10, 0, 5001, HealthLevel.CRITICAL),
    ],
)
def test_the_worse_of_errors_and_time_is_the_level(
    total: int, errors: int, average_ms: int, level: HealthLevel
) -> None:
    assert Answers(total=total, errors=errors, duration_ms=average_ms * total).level is level


def test_answers_are_counted_for_an_hour() -> None:
    clock = FakeClock()
    counted = CountAnswers(clock)
    assert counted.read() == Answers()
    counted.note(is_error=True, duration_ms=100)
    counted.note(is_error=False, duration_ms=20)
    clock.advance(59 * 60)
    counted.note(is_error=False, duration_ms=30)
    assert counted.read() == Answers(total=3, errors=1, duration_ms=150)
    clock.advance(60)
    assert counted.read() == Answers(total=1, errors=0, duration_ms=30)
    for _ in range(200):
        clock.advance(60)
        counted.note(is_error=False, duration_ms=1)
    assert counted.read().total == 60


def test_a_clock_that_is_set_back_takes_nothing_away() -> None:
    clock = FakeClock()
    counted = CountAnswers(clock)
    counted.note(is_error=False, duration_ms=10)
    clock.advance(-600)
    counted.note(is_error=False, duration_ms=-600_000)
    assert counted.read() == Answers(total=2, errors=0, duration_ms=10)
