"""A few random lives in ``make test``; ``make chaos ONLY=lives-embedded`` and ``lives-aws`` live many."""

from typing import Any

import pytest

from tests.chaos.lives.engines import embedded
from tests.chaos.lives.machine import Lives
from tests.chaos.lives.trial import Size, live
from tickwell.adapters.embedded import ended_counts
from tickwell.application.arming import Arming
from tickwell.application.leave_out import LeaveOut
from tickwell.domain import arrival
from tickwell.domain.durations import Durations
from tickwell.domain.job import JobStatus
from tickwell.domain.retry import Overlap

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


def test_a_retry_that_gives_way_without_leave_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "_blocked", arrival._supersede)
    figures = live(embedded, SOME, 1, shrinks_for=0)
    assert not figures.is_clean
    assert "gave up a retry" in figures.faults[0]


def test_an_attempt_that_the_series_leave_out_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_counts, "durations_of", lambda _: Durations())
    figures = live(embedded, FEW, 1, shrinks_for=0)
    assert not figures.is_clean
    assert "the series of executions" in figures.faults[0]


@pytest.mark.parametrize("overlap", [Overlap.CANCEL_OTHER, Overlap.QUEUE_ONE])
def test_a_job_may_end_by_itself_with_a_retry_that_a_newer_occurrence_replaced(overlap: Overlap) -> None:
    machine = type("LivesHere", (Lives,), {"open_engine": staticmethod(embedded), "tally": {}})()
    fields = {"payload": {"failures": 1}, "queue": None, "max_retries": 1, "retry": "slowly"}
    machine.create_again(schedule=60, fields=fields, more={"overlap": overlap}, over=True, broken=None)
    machine.go_on(times=3, seconds=60, broken=None)
    (job,) = machine.life.jobs()
    machine.go_on(times=6, seconds=1001, broken=None)
    replaced = len(machine.life.ledger.cut_off)
    machine.teardown()
    assert replaced == (2 if overlap is Overlap.CANCEL_OTHER else 0)
    assert machine.life.ledger.jobs[job.key].status is JobStatus.COMPLETED
