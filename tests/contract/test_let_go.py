"""Slots that work outside holds (X10): by the token only, and gone with the attempt."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.contract.makers import TENANT, claimed, created, execution, finished
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import SignAnswer, Signed, TokenGone
from tickwell.domain.completion import Outside
from tickwell.domain.job import Job
from tickwell.domain.progress import Progress
from tickwell.domain.retry import Completed, Policy, RetryAt
from tickwell.domain.slot import TAKEOVER_DELAY, Slot

OUTSIDE = Outside(since=NOON + timedelta(seconds=20), timeout_seconds=3600)
RETRY = RetryAt(at=NOON + timedelta(hours=1), attempt=2)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def running(stores: Stores) -> Job:
    return claimed(stores, created(stores, policy=Policy(timeout_seconds=100)))


def let_go(stores: Stores, of: Job, outside: Outside = OUTSIDE) -> SignAnswer:
    (answer,) = stores.jobs.let_go_many([(of, outside)])
    return answer


def slot_of(stores: Stores, of: Job) -> Slot | None:
    return stores.jobs.get(TENANT, of.job_id).slot


@pytest.mark.parametrize("outside", [OUTSIDE, replace(OUTSIDE, has_log=True), replace(OUTSIDE, timeout_seconds=1)])
def test_the_lease_becomes_that_of_the_work_outside(stores: Stores, outside: Outside) -> None:
    of = running(stores)
    assert of.slot is not None
    until = outside.until(outside.since)
    slot = replace(of.slot, outside=outside, lease_until=until, probe_at=until + TAKEOVER_DELAY)
    for _ in range(2):
        assert let_go(stores, of, outside) == Signed(job=replace(of, slot=slot, payload=None))
        assert slot_of(stores, of) == slot


def test_a_sign_begins_its_time_anew_and_keeps_the_rest(stores: Stores) -> None:
    of = running(stores)
    answer = let_go(stores, of)
    assert isinstance(answer, Signed)
    half = Progress(percent=50, message="half of it", at=after(100))
    signed = stores.jobs.sign(answer.job, now=after(100), progress=half)
    assert isinstance(signed, Signed)
    assert signed.job.slot is not None
    assert (signed.job.slot.lease_until, signed.job.slot.progress) == (after(3700), half)
    assert signed.job.slot.outside == OUTSIDE


def test_only_the_holder_of_the_slot_lets_go(stores: Stores) -> None:
    of = running(stores)
    assert of.slot is not None
    stranger = replace(of, slot=replace(of.slot, token="another"))
    assert let_go(stores, stranger) == TokenGone()
    assert slot_of(stores, of) == of.slot
    assert finished(stores, execution(of, decision=Completed()))
    assert let_go(stores, of) == TokenGone()
    assert slot_of(stores, of) is None


def test_many_are_let_go_of_together_and_each_by_its_own_token(stores: Stores) -> None:
    jobs = [running(stores) for _ in range(3)]
    assert jobs[1].slot is not None
    jobs[1] = replace(jobs[1], slot=replace(jobs[1].slot, token="another"))
    answers = stores.jobs.let_go_many([(of, replace(OUTSIDE, timeout_seconds=n + 1)) for n, of in enumerate(jobs)])
    assert [isinstance(answer, Signed) for answer in answers] == [True, False, True]
    found = [slot and slot.outside and slot.outside.timeout_seconds for slot in (slot_of(stores, of) for of in jobs)]
    assert found == [1, None, 3]
    assert stores.jobs.let_go_many([]) == []


def test_it_goes_with_the_attempt_and_not_on_to_the_next(stores: Stores) -> None:
    of = running(stores)
    let_go(stores, of)
    assert finished(stores, execution(of, decision=RETRY))
    assert slot_of(stores, of) == Slot(due_at=NOON, attempt=2)
