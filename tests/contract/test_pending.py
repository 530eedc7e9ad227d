"""Occurrences that wait for the slot: who joins them, who takes the slot, and that nobody is overlooked (X3, X4)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.makers import TENANT, TOMORROW, claim, claimed, execution, finished, message, recurring
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.application.ports import Claimed, ClaimLost, PendingChange
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.handover import Handover
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.pending import Pending
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, Policy, RetryAt
from tickwell.domain.slot import Slot

DAY = timedelta(days=1)
LATER = NOON + timedelta(hours=1)
FIRST, SECOND, THIRD = (Pending(due_at=NOON + DAY * number) for number in (1, 2, 3))
MISSED = Pending(due_at=NOON - DAY, missed=True)
RETRY = RetryAt(at=LATER, attempt=2)


def running(stores: Stores, *pending: Pending, **changes: Any) -> Job:
    """A job whose occurrence of noon runs, while ``pending`` wait; the next one is due tomorrow."""
    fields: dict[str, Any] = {"slot": Slot(due_at=NOON, attempt=1, token="token-1", lease_until=LATER)}
    return recurring(stores, **fields | {"pending": pending, "next_run_at": TOMORROW} | changes)


def waiting(stores: Stores, *pending: Pending, attempt: int = 2) -> Job:
    """The same, whose slot waits for an attempt."""
    return running(stores, *pending, slot=Slot(due_at=NOON, attempt=attempt))


def found(stores: Stores, of: Job) -> Job:
    return stores.jobs.get(TENANT, of.job_id)


def finish(stores: Stores, of: Execution, handover: Handover | None) -> bool:
    given = {} if handover is None else {of.token: handover}
    (done,) = stores.jobs.finish_many([of], now=LATER, handovers=given)
    return done


def queue(stores: Stores, of: Job, read: tuple[Pending, ...], written: tuple[Pending, ...]) -> bool:
    change = PendingChange(read=read, written=written)
    return stores.jobs.skip(message(of, due_at=TOMORROW), next_run_at=THIRD.due_at, now=LATER, waiting=change)


def passed_on(stores: Stores, of: Job, handover: Handover) -> bool:
    return stores.jobs.pass_on(of, handover, now=LATER, expires_at=LATER + DAY)


def test_those_that_wait_come_back_as_they_were_written(stores: Stores) -> None:
    made = running(stores, MISSED, FIRST)
    assert found(stores, made) == made
    assert stores.jobs.get_many([made.key])[made.key].pending == (MISSED, FIRST)


def test_a_blocked_occurrence_joins_those_that_wait_and_the_next_one_is_armed(stores: Stores) -> None:
    made = running(stores)
    assert queue(stores, made, (), (FIRST,))
    assert found(stores, made) == replace(made, pending=(FIRST,), next_run_at=THIRD.due_at, updated_at=LATER)


@pytest.mark.parametrize(
    ("standing", "read"),
    [((), (FIRST,)), ((FIRST,), ()), ((FIRST, SECOND), (FIRST,)), ((replace(FIRST, missed=True),), (FIRST,))],
    ids=["gone", "one came", "another one came", "another one"],
)
def test_nobody_joins_those_that_are_not_as_read(
    stores: Stores, standing: tuple[Pending, ...], read: tuple[Pending, ...]
) -> None:
    made = running(stores, *standing)
    assert not queue(stores, made, read, (*read, THIRD))
    assert found(stores, made) == made


@pytest.mark.parametrize(
    "changes",
    [{"slot": None}, {"next_run_at": THIRD.due_at}, {"version": 2}, {"status": JobStatus.PAUSED}],
    ids=["the slot is free", "armed already", "edited", "paused"],
)
def test_nobody_waits_for_what_does_not_hold_any_more(stores: Stores, changes: dict[str, Any]) -> None:
    made = running(stores, **changes)
    stale = replace(made, version=1)
    assert not queue(stores, stale, (), (FIRST,))
    assert found(stores, made) == made


@pytest.mark.parametrize("slot", [None, Slot(due_at=NOON, attempt=2)], ids=["free", "busy"])
def test_an_occurrence_may_be_left_out_whatever_the_slot_does(stores: Stores, slot: Slot | None) -> None:
    made = running(stores, *([FIRST] if slot else []), slot=slot)
    hint = message(made, due_at=TOMORROW)
    assert stores.jobs.skip(hint, next_run_at=None, now=LATER, if_busy=False)
    assert found(stores, made) == replace(made, next_run_at=None, updated_at=LATER)
    assert not stores.jobs.skip(hint, next_run_at=None, now=LATER, if_busy=False)


DECISIONS = [Completed(), GiveUp(reason="enough"), Cancelled()]


@pytest.mark.parametrize("decision", DECISIONS, ids=str)
def test_the_oldest_takes_the_slot_when_an_attempt_ends(stores: Stores, decision: Decision) -> None:
    made = running(stores, FIRST, SECOND)
    ended = execution(made, decision=decision)
    assert finish(stores, ended, Handover(known=(FIRST, SECOND), head=FIRST, rest=(SECOND,)))
    after = found(stores, made)
    assert after.slot == Slot(due_at=FIRST.due_at, attempt=1)
    assert after.pending == (SECOND,)
    assert (after.tally.executions, after.next_run_at) == (1, TOMORROW)


@pytest.mark.parametrize("decision", DECISIONS, ids=str)
@pytest.mark.parametrize("known", [None, (FIRST,), (FIRST, THIRD)], ids=["nobody", "fewer", "others"])
def test_the_slot_is_not_freed_over_the_head_of_who_waits(
    stores: Stores, decision: Decision, known: tuple[Pending, ...] | None
) -> None:
    made = running(stores, FIRST, SECOND)
    handover = None if known is None else Handover(known=known, head=known[0], rest=known[1:])
    assert not finish(stores, execution(made, decision=decision), handover)
    assert found(stores, made) == made


def test_who_is_gone_takes_no_slot(stores: Stores) -> None:
    made = running(stores)
    assert not finish(stores, execution(made), Handover(known=(FIRST,), head=FIRST))
    assert found(stores, made) == made


def test_the_slot_is_emptied_where_all_that_waited_have_expired(stores: Stores) -> None:
    made = running(stores, FIRST)
    assert finish(stores, execution(made), Handover(known=(FIRST,)))
    after = found(stores, made)
    assert (after.slot, after.pending) == (None, ())


def test_a_retry_keeps_the_slot_whoever_waits(stores: Stores) -> None:
    made = running(stores, FIRST)
    assert finished(stores, execution(made, status=ExecutionStatus.FAILED, decision=RETRY))
    after = found(stores, made)
    assert (after.slot, after.pending) == (Slot(due_at=NOON, attempt=2), (FIRST,))


@pytest.mark.parametrize(("standing", "done"), [((), True), ((FIRST,), False)], ids=["alone", "superseded"])
def test_a_retry_may_depend_on_nobody_waiting(stores: Stores, standing: tuple[Pending, ...], done: bool) -> None:
    made = running(stores, *standing)
    ended = execution(made, status=ExecutionStatus.FAILED, decision=RETRY)
    assert finish(stores, ended, Handover(known=())) is done
    assert found(stores, made).slot == (Slot(due_at=NOON, attempt=2) if done else made.slot)


def test_a_newer_occurrence_takes_the_slot_instead_of_a_retry(stores: Stores) -> None:
    made = running(stores, FIRST)
    ended = execution(made, status=ExecutionStatus.FAILED, decision=RETRY)
    assert finish(stores, ended, Handover(known=(FIRST,), head=FIRST))
    after = found(stores, made)
    assert (after.slot, after.pending) == (Slot(due_at=FIRST.due_at, attempt=1), ())
    assert (after.status, after.tally.failed) == (JobStatus.ACTIVE, 1)


def test_the_failure_that_pauses_a_job_hands_the_slot_over_as_well(stores: Stores) -> None:
    made = running(stores, FIRST, policy=Policy(pause_after_failures=1))
    ended = execution(made, status=ExecutionStatus.FAILED, decision=GiveUp(reason="enough"))
    assert finish(stores, ended, Handover(known=(FIRST,), head=FIRST))
    after = found(stores, made)
    assert (after.status, after.next_run_at) == (JobStatus.PAUSED, None)
    assert (after.slot, after.pending) == (Slot(due_at=FIRST.due_at, attempt=1), ())


def test_who_waits_in_the_slot_is_claimed_by_its_own_message_only(stores: Stores) -> None:
    made = waiting(stores, SECOND, attempt=1)
    original = claim(made, "token-2")
    assert stores.jobs.claim_many([original]) == [ClaimLost(job=found(stores, made))]
    job = claimed(stores, made, "token-3", queued=True, now=LATER, next_run_at=NOON + 9 * DAY)
    assert job.slot is not None
    assert (job.slot.due_at, job.slot.attempt, job.slot.token) == (NOON, 1, "token-3")
    assert (job.next_run_at, job.pending, job.last_executed_at) == (TOMORROW, (SECOND,), LATER)
    assert isinstance(stores.jobs.claim_many([claim(made, "token-4", queued=True)])[0], ClaimLost)


def test_a_claim_leaves_missed_ones_waiting_behind_it(stores: Stores) -> None:
    made = recurring(stores)
    request = replace(claim(made, next_run_at=TOMORROW), pending=(MISSED, FIRST))
    (result,) = stores.jobs.claim_many([request])
    assert isinstance(result, Claimed)
    assert result.job.pending == (MISSED, FIRST)
    assert found(stores, made).pending == (MISSED, FIRST)


def takeover(of: Job, over: Slot, over_pending: tuple[Pending, ...]) -> Any:
    request = claim(of, "token-9", due_at=TOMORROW, next_run_at=THIRD.due_at, now=LATER)
    return replace(request, over=over, over_pending=over_pending)


@pytest.mark.parametrize("pending", [(), (SECOND,)], ids=["alone", "before others"])
def test_a_newer_occurrence_takes_over_a_slot_that_waits(stores: Stores, pending: tuple[Pending, ...]) -> None:
    losses = Slot(due_at=NOON, attempt=3, losses=1, returns=1)
    made = running(stores, *pending, slot=losses)
    (result,) = stores.jobs.claim_many([takeover(made, losses, pending)])
    assert isinstance(result, Claimed)
    slot = result.job.slot
    assert slot is not None
    assert (slot.due_at, slot.attempt, slot.losses, slot.returns, slot.token) == (TOMORROW, 1, 0, 0, "token-9")
    assert (result.job.pending, result.job.next_run_at) == ((), THIRD.due_at)
    assert isinstance(stores.jobs.claim_many([claim(made, "late", attempt=3)])[0], ClaimLost)


@pytest.mark.parametrize(
    ("over", "over_pending"),
    [
        (Slot(due_at=NOON, attempt=3), ()),
        (Slot(due_at=NOON - DAY, attempt=2), ()),
        (Slot(due_at=NOON, attempt=2), (FIRST,)),
    ],
    ids=["another attempt", "another occurrence", "others wait"],
)
def test_no_slot_is_taken_over_that_is_not_as_read(
    stores: Stores, over: Slot, over_pending: tuple[Pending, ...]
) -> None:
    made = waiting(stores)
    assert isinstance(stores.jobs.claim_many([takeover(made, over, over_pending)])[0], ClaimLost)
    assert found(stores, made) == made


def test_a_slot_that_somebody_holds_is_not_taken_over(stores: Stores) -> None:
    made = running(stores)
    assert isinstance(stores.jobs.claim_many([takeover(made, Slot(due_at=NOON, attempt=1), ())])[0], ClaimLost)
    assert found(stores, made) == made


def test_a_slot_that_waits_is_passed_on(stores: Stores) -> None:
    made = waiting(stores, FIRST, SECOND, attempt=1)
    assert passed_on(stores, made, Handover(known=made.pending, head=FIRST, rest=(SECOND,)))
    after = replace(made, slot=Slot(due_at=FIRST.due_at, attempt=1), pending=(SECOND,))
    assert found(stores, made) == after
    assert not passed_on(stores, made, Handover(known=made.pending, head=FIRST, rest=(SECOND,)))
    assert passed_on(stores, after, Handover(known=(SECOND,)))
    assert found(stores, made) == replace(made, slot=None, pending=())


def test_a_slot_is_not_passed_on_that_is_held_or_waited_for_by_others(stores: Stores) -> None:
    held = running(stores, FIRST)
    assert not passed_on(stores, held, Handover(known=(FIRST,), head=FIRST))
    made = waiting(stores, FIRST)
    assert not passed_on(stores, made, Handover(known=()))
    assert not passed_on(stores, replace(made, slot=None), Handover(known=(FIRST,)))
    assert (found(stores, held), found(stores, made)) == (held, made)


@pytest.mark.parametrize("runs", [True, False], ids=["running", "waiting"])
def test_an_edit_leaves_those_that_wait(stores: Stores, runs: bool) -> None:
    made = running(stores, FIRST) if runs else waiting(stores, FIRST)
    edited = replace(made, version=2, name="another", pending=())
    assert stores.jobs.replace(edited, read=made)
    assert found(stores, made) == replace(edited, pending=(FIRST,))


@pytest.mark.parametrize("runs", [True, False], ids=["running", "waiting"])
@pytest.mark.parametrize("action", ["cancel", "delete"])
def test_what_ends_a_job_ends_those_that_wait(stores: Stores, runs: bool, action: str) -> None:
    made = running(stores, FIRST) if runs else waiting(stores, FIRST)
    ended = getattr(made, action)(LATER, expires_at=NOON + 30 * DAY)
    assert stores.jobs.replace(ended, read=made)
    after = found(stores, made)
    assert after == ended
    assert (after.pending, after.slot) == ((), made.slot if runs else None)


def test_what_ends_a_job_empties_a_slot_that_was_handed_over_meanwhile(stores: Stores) -> None:
    read = running(stores, FIRST)
    assert finish(stores, execution(read), Handover(known=(FIRST,), head=FIRST))
    assert stores.jobs.replace(read.cancel(LATER, expires_at=NOON + 30 * DAY), read=read)
    assert found(stores, read).slot is None


def test_a_paused_job_keeps_those_that_wait(stores: Stores) -> None:
    made = waiting(stores, FIRST, attempt=1)
    paused = made.pause(LATER)
    assert stores.jobs.replace(paused, read=made)
    assert found(stores, made) == paused
    assert paused.pending == (FIRST,)
    assert isinstance(stores.jobs.claim_many([claim(made, "late", queued=True)])[0], ClaimLost)


def test_jobs_that_use_none_of_it_cost_one_write_to_claim_and_one_to_finish(dynamodb: DynamoStores) -> None:
    made = recurring(dynamodb.stores)
    with counted(dynamodb) as calls:
        job = claimed(dynamodb.stores, made, next_run_at=TOMORROW)
        assert finished(dynamodb.stores, execution(job))
    assert calls == {"UpdateItem": 2}
