"""A few random lives in ``make test``; ``make chaos ONLY=lives-embedded`` and ``lives-aws`` live many."""

from typing import Any

import pytest

from tests.chaos.lives.engines import embedded
from tests.chaos.lives.trial import Size, live
from tickwell.application.arming import Arming
from tickwell.application.leave_out import LeaveOut

FEW = Size(lives=3, steps=20)
SOME = Size(lives=30, steps=40)


def test_a_few_lives_break_no_rule_and_the_same_seed_lives_them_again() -> None:
    figures = live(embedded, FEW, 1)
    assert not figures.faults
    assert figures.counts["attempts"]
    assert figures.counts["broken steps"]
    assert live(embedded, FEW, 1).counts == figures.counts


def test_an_attempt_that_nobody_looks_after_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = Arming.prepare

    def only_first(arming: Arming, messages: Any, **named: Any) -> Any:
        return real(arming, [message for message in messages if message.attempt == 1], **named)

    monkeypatch.setattr(Arming, "prepare", only_first)
    figures = live(embedded, SOME, 1, shrinks_for=0)
    assert not figures.is_clean
    assert "nobody looks after" in figures.faults[0]


def test_an_occurrence_that_is_passed_by_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LeaveOut, "__call__", lambda *_, **__: None)
    figures = live(embedded, SOME, 1, shrinks_for=0)
    assert not figures.is_clean
    assert "without a word" in figures.faults[0] or "which waited" in figures.faults[0]
