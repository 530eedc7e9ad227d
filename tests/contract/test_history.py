"""Executions, skips and dead letters: recorded once, listed newest first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import TENANT, TOMORROW, dead_letter, execution, job, skip
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tests.pages import every
from tickwell.domain.dead_letter import OPERATOR_TENANT
from tickwell.domain.errors import InvalidInputError, NotFoundError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure, LogEntry, SkipOutcome
from tickwell.domain.retry import Cancelled, GiveUp, RetryAt

LOGS = tuple(
    LogEntry(at=NOON + timedelta(milliseconds=number), level="info", message=f"line {number}", metadata={"n": [number]})
    for number in range(3)
)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"output": {"status": 200, "floats": [1e308, 0.1], "big": 2**70}},
        {"output": "\ud800 ä"},
        {"output": "x" * 300_000},
        {"logs": LOGS},
        {"logs": LOGS * 500, "output": [1]},
        {"logs": (replace(LOGS[0], metadata=None),)},
        {"status": ExecutionStatus.FAILED, "failure": Failure(code="TASK_ERROR", message="no"), "losses": 1},
        {"status": ExecutionStatus.LOST, "returns": 2},
        {"failure": Failure(code="TASK_ERROR", message="m" * 3000, traceback="t" * 3000)},
        {"decision": RetryAt(at=NOON + timedelta(milliseconds=61_001), attempt=2)},
        {"decision": GiveUp(reason="all 4 attempts failed")},
        {"decision": Cancelled()},
        {"recurring": True, "attempt": 12_345},
        {"detail_blob": "tenants/tenant-1/executions/x"},
        {"due_at": NOON - timedelta(days=18_000), "started_at": NOON, "finished_at": NOON},
    ],
    ids=", ".join,
)
def test_a_record_comes_back_exactly(stores: Stores, changes: dict[str, Any]) -> None:
    made = execution(job(stores), **changes)
    assert list(stores.history.record_many([made])) == [made]
    assert stores.history.get_execution(TENANT, made.execution_id) == made
    page = stores.history.list_executions(TENANT, made.job_id, limit=10, cursor=None)
    assert page.items == (replace(made, logs=()),)


@pytest.mark.parametrize("long", [0, 5000])
def test_the_first_record_stands_and_the_loser_gets_it(stores: Stores, long: int) -> None:
    first = execution(job(stores), output="a" * long, logs=LOGS)
    second = replace(first, status=ExecutionStatus.LOST, token="other", output="b" * long, decision=GiveUp(reason="x"))
    assert list(stores.history.record_many([first])) == [first]
    assert list(stores.history.record_many([second, first])) == [first, first]
    assert stores.history.get_execution(TENANT, first.execution_id) == first


def test_of_many_threads_one_record_stands(stores: Stores) -> None:
    made = execution(job(stores))
    rivals = [replace(made, token=f"token-{number}", output=str(number) * 2000) for number in range(8)]
    with ThreadPoolExecutor(max_workers=8) as threads:
        standing = [found for (found,) in threads.map(lambda one: stores.history.record_many([one]), rivals)]
    assert len({one.token for one in standing}) == 1
    assert stores.history.get_execution(TENANT, made.execution_id) == standing[0]
    assert standing[0] in rivals


def test_records_stand_in_the_order_asked_for(stores: Stores) -> None:
    of = job(stores)
    first = [execution(of, attempt=number, output=number) for number in range(1, 6)]
    stores.history.record_many([first[1], first[3]])
    again = [replace(one, output="late") for one in first]
    standing = stores.history.record_many(again)
    assert [one.output for one in standing] == ["late", 2, "late", 4, "late"]
    assert list(stores.history.record_many([])) == []


@pytest.mark.parametrize("identifier", ["", "x", "a" * 36 + "-zz-1", "a" * 36 + "-019b", "a" * 80, "\x00", "-" * 50])
def test_an_unknown_execution_is_not_found(stores: Stores, identifier: str) -> None:
    with pytest.raises(NotFoundError):
        stores.history.get_execution(TENANT, identifier)


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_executions_are_listed_newest_occurrence_first_latest_attempt_first(stores: Stores, limit: int) -> None:
    of = job(stores)
    made = [
        execution(of, due_at=NOON + timedelta(minutes=minute), attempt=attempt, output="x" * 2000 * (attempt % 2))
        for minute in range(5)
        for attempt in (1, 2, 3)
    ]
    stores.history.record_many(made)
    stores.history.record_many([execution(job(stores)), replace(made[0], tenant_id="tenant-2")])
    stores.history.put_skip(skip(of))
    listed = every(lambda cursor: stores.history.list_executions(TENANT, of.job_id, limit=limit, cursor=cursor))
    assert listed == made[::-1]


def test_attempts_beyond_ten_are_in_order(stores: Stores) -> None:
    of = job(stores)
    made = [execution(of, attempt=attempt) for attempt in (1, 2, 9, 10, 11, 100)]
    stores.history.record_many(made)
    listed = every(lambda cursor: stores.history.list_executions(TENANT, of.job_id, limit=2, cursor=cursor))
    assert listed == made[::-1]


def test_another_tenant_sees_no_history(stores: Stores) -> None:
    of = job(stores)
    made = execution(of)
    letter = dead_letter(of)
    stores.history.record_many([made])
    stores.history.put_skip(skip(of))
    stores.history.put_dead_letters([letter])
    history = stores.history
    assert history.list_executions("tenant-2", of.job_id, limit=10, cursor=None).items == ()
    assert history.list_skips("tenant-2", of.job_id, limit=10, cursor=None).items == ()
    assert history.list_dead_letters("tenant-2", limit=10, cursor=None).items == ()
    with pytest.raises(NotFoundError):
        history.get_execution("tenant-2", made.execution_id)
    with pytest.raises(NotFoundError):
        history.get_dead_letter("tenant-2", letter.dead_letter_id)


def test_expired_history_is_gone_and_may_be_written_anew(stores: Stores) -> None:
    of = job(stores)
    soon = NOON + timedelta(milliseconds=1)
    old: tuple[Any, ...] = tuple(make(of, expires_at=soon) for make in (execution, skip, dead_letter))
    _put(stores, *old)
    assert _history(stores, of.job_id) == old
    stores.clock.advance(0.001)
    assert _history(stores, of.job_id) == ()
    with pytest.raises(NotFoundError):
        stores.history.get_execution(TENANT, old[0].execution_id)
    with pytest.raises(NotFoundError):
        stores.history.get_dead_letter(TENANT, old[2].dead_letter_id)
    new = tuple(replace(one, expires_at=TOMORROW) for one in old)
    _put(stores, *new)
    assert _history(stores, of.job_id) == new


def test_a_skip_comes_back_with_its_outcome(stores: Stores) -> None:
    of = job(stores)
    cancelled = skip(of, outcome=SkipOutcome.CANCELLED)
    stores.history.put_skip(cancelled)
    assert stores.history.list_skips(TENANT, of.job_id, limit=10, cursor=None).items == (cancelled,)


def test_a_skip_is_recorded_once_for_its_first_instant(stores: Stores) -> None:
    of = job(stores)
    first = skip(of, count=None, last_due_at=TOMORROW, reason="misfire")
    stores.history.put_skip(first)
    stores.history.put_skip(replace(first, reason="overlap", count=7))
    stores.history.put_skip(replace(first, last_due_at=TOMORROW - timedelta(minutes=1)))
    assert stores.history.list_skips(TENANT, of.job_id, limit=10, cursor=None).items == (first,)


def test_of_several_ranges_from_one_instant_the_longest_stands(stores: Stores) -> None:
    of = job(stores)
    short = skip(of, count=3, last_due_at=TOMORROW)
    longer = replace(short, count=5, last_due_at=TOMORROW + timedelta(hours=1))
    for recorded in (short, longer, short):
        stores.history.put_skip(recorded)
    assert stores.history.list_skips(TENANT, of.job_id, limit=10, cursor=None).items == (longer,)


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_skips_are_listed_newest_first(stores: Stores, limit: int) -> None:
    of = job(stores)
    made = [skip(of, first_due_at=NOON + timedelta(minutes=number)) for number in range(7)]
    for one in (*made, skip(job(stores))):
        stores.history.put_skip(one)
    stores.history.record_many([execution(of)])
    listed = every(lambda cursor: stores.history.list_skips(TENANT, of.job_id, limit=limit, cursor=cursor))
    assert listed == made[::-1]


def test_a_dead_letter_is_recorded_once_whenever_it_failed(stores: Stores) -> None:
    first = dead_letter(job(stores))
    stores.history.put_dead_letters([first])
    stores.history.put_dead_letters([replace(first, failed_at=TOMORROW, reason="again"), dead_letter(job(stores))])
    assert stores.history.get_dead_letter(TENANT, first.dead_letter_id) == first
    assert len(stores.history.list_dead_letters(TENANT, limit=10, cursor=None).items) == 2


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_dead_letters_are_listed_newest_occurrence_first(stores: Stores, limit: int) -> None:
    made = [dead_letter(job(stores), due_at=NOON + timedelta(minutes=number)) for number in range(40)]
    stores.history.put_dead_letters([*made, dead_letter(job(stores), tenant_id="tenant-2")])
    listed = every(lambda cursor: stores.history.list_dead_letters(TENANT, limit=limit, cursor=cursor))
    assert listed == made[::-1]


def test_dead_letters_of_no_occurrence_come_last(stores: Stores) -> None:
    unreadable = [
        dead_letter(
            job(stores),
            tenant_id=OPERATOR_TENANT,
            dead_letter_id=f"message-{number}",
            **dict.fromkeys(("job_id", "job_name", "user_id", "task", "due_at", "error_code", "error_message")),
            body='{"v": 99, "ä": "\x00"}',
        )
        for number in range(3)
    ]
    of_a_job = dead_letter(job(stores), tenant_id=OPERATOR_TENANT)
    stores.history.put_dead_letters([*unreadable, of_a_job])
    assert stores.history.get_dead_letter(OPERATOR_TENANT, "message-1") == unreadable[1]
    listed = every(lambda cursor: stores.history.list_dead_letters(OPERATOR_TENANT, limit=2, cursor=cursor))
    assert listed == [of_a_job, *unreadable[::-1]]


def test_an_unknown_dead_letter_is_not_found(stores: Stores) -> None:
    with pytest.raises(NotFoundError):
        stores.history.get_dead_letter(TENANT, "unknown")


@pytest.mark.parametrize("cursor", ["", "x", "e30", "WzEsImpvYnMiLCJ4Il0", "WzEsInNraXBzIiwtMV0"])
def test_a_cursor_that_no_listing_gave_is_refused(stores: Stores, cursor: str) -> None:
    listings: tuple[Callable[[], object], ...] = (
        lambda: stores.history.list_executions(TENANT, "job", limit=5, cursor=cursor),
        lambda: stores.history.list_skips(TENANT, "job", limit=5, cursor=cursor),
        lambda: stores.history.list_dead_letters(TENANT, limit=5, cursor=cursor),
    )
    for listing in listings:
        with pytest.raises(InvalidInputError) as refused:
            listing()
        assert refused.value.field == "cursor"


def _put(stores: Stores, *made: Any) -> None:
    record, left_out, letter = made
    stores.history.record_many([record])
    stores.history.put_skip(left_out)
    stores.history.put_dead_letters([letter])


def _history(stores: Stores, job_id: str) -> tuple[Any, ...]:
    history = stores.history
    return (
        *history.list_executions(TENANT, job_id, limit=10, cursor=None).items,
        *history.list_skips(TENANT, job_id, limit=10, cursor=None).items,
        *history.list_dead_letters(TENANT, limit=10, cursor=None).items,
    )


def test_every_listed_execution_has_its_output(stores: Stores) -> None:
    of = job(stores)
    made: list[Execution] = [execution(of, attempt=number, output="y" * 900 * number) for number in range(1, 5)]
    stores.history.record_many(made)
    page = stores.history.list_executions(TENANT, of.job_id, limit=10, cursor=None)
    assert [one.output for one in page.items] == [one.output for one in made[::-1]]
