"""Signs of life: by the token only, and never to the lease's harm."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import RETENTION, TENANT, TOMORROW, claimed, created, execution, finished, job, recurring
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import Signed, TokenGone
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.progress import Progress
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, Policy, RetryAt
from tickwell.domain.slot import LEASE_MARGIN, Slot

STALLS = Policy(timeout_seconds=100, stall_seconds=30)
RETRY = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)
HALF = Progress(percent=50, message="half of it", at=NOON + timedelta(seconds=20))


def after(seconds: float) -> Any:
    return NOON + timedelta(seconds=seconds)


def running(stores: Stores, **changes: Any) -> Job:
    return claimed(stores, created(stores, policy=STALLS, **changes))


def slot_of(stores: Stores, of: Job) -> Slot | None:
    return stores.jobs.get(TENANT, of.job_id).slot


def test_a_sign_extends_the_lease_and_gives_the_job_as_it_stands(stores: Stores) -> None:
    of = running(stores, payload="x" * 1000)
    assert of.slot is not None
    answer = stores.jobs.sign(of, now=after(20), progress=None)
    extended = replace(of, slot=replace(of.slot, lease_until=after(50) + LEASE_MARGIN))
    assert answer == Signed(job=replace(extended, payload=None))
    assert stores.jobs.get(TENANT, of.job_id) == extended


def test_progress_stays_until_there_is_newer(stores: Stores) -> None:
    of = running(stores)
    done = Progress(percent=99.9, message=None, at=after(40))
    for told, expected in ((HALF, HALF), (None, HALF), (done, done)):
        answer = stores.jobs.sign(of, now=after(20), progress=told)
        slot = slot_of(stores, of)
        assert slot is not None
        assert slot.progress == expected
        assert answer == Signed(job=replace(of, slot=slot, payload=None))


def test_the_latest_probe_is_noted_until_the_slot_is_left(stores: Stores) -> None:
    of = running(stores)
    for noted, expected in ((30, 30), (60, 60), (45, 60), (60, 60)):
        stores.jobs.note_probe(of, at=after(noted))
        slot = slot_of(stores, of)
        assert slot is not None
        assert slot.probe_at == after(expected)
    stores.jobs.sign(of, now=after(20), progress=HALF)
    slot = slot_of(stores, of)
    assert slot is not None
    assert slot.probe_at == after(60)
    assert finished(stores, execution(of, decision=RETRY))
    assert slot_of(stores, of) == Slot(due_at=slot.due_at, attempt=2)


def test_a_probe_of_another_attempt_is_not_noted(stores: Stores) -> None:
    of = running(stores)
    assert of.slot is not None
    stores.jobs.note_probe(replace(of, slot=replace(of.slot, token="another")), at=after(30))
    assert slot_of(stores, of) == of.slot
    stores.jobs.note_probe(of, at=after(30))
    assert finished(stores, execution(of, decision=Completed()))
    stores.jobs.note_probe(of, at=after(60))
    assert slot_of(stores, of) is None


def test_the_lease_never_outlives_the_time_limit(stores: Stores) -> None:
    of = running(stores)
    stores.jobs.sign(of, now=after(95), progress=None)
    slot = slot_of(stores, of)
    assert slot is not None
    assert slot.lease_until == after(100) + LEASE_MARGIN


def test_without_a_stall_limit_a_sign_leaves_the_lease_as_it_is(stores: Stores) -> None:
    of = claimed(stores, created(stores))
    assert isinstance(stores.jobs.sign(of, now=after(200), progress=HALF), Signed)
    assert of.slot is not None
    assert slot_of(stores, of) == replace(of.slot, progress=HALF)


def test_a_sign_by_a_clock_that_lags_shortens_no_lease(stores: Stores) -> None:
    of = running(stores)
    assert isinstance(stores.jobs.sign(of, now=after(-20), progress=HALF), Signed)
    assert of.slot is not None
    assert slot_of(stores, of) == replace(of.slot, progress=HALF)


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.DELETED, JobStatus.PAUSED])
def test_the_answer_tells_what_the_job_has_become(stores: Stores, status: JobStatus) -> None:
    of = claimed(stores, recurring(stores, policy=STALLS), next_run_at=TOMORROW)
    ways = {
        JobStatus.CANCELLED: lambda: of.cancel(after(1), expires_at=TOMORROW),
        JobStatus.DELETED: lambda: of.delete(after(1), expires_at=TOMORROW),
        JobStatus.PAUSED: lambda: of.pause(after(1)),
    }
    assert stores.jobs.replace(ways[status](), read=of)
    answer = stores.jobs.sign(of, now=after(20), progress=HALF)
    assert isinstance(answer, Signed)
    assert answer.job.status is status
    slot = slot_of(stores, of)
    assert slot is not None
    assert (slot.progress, slot.lease_until) == (HALF, after(50) + LEASE_MARGIN)


@pytest.mark.parametrize("decision", [Completed(), GiveUp(reason="enough"), Cancelled(), RETRY])
def test_a_sign_after_the_end_changes_nothing(stores: Stores, decision: Decision) -> None:
    of = running(stores)
    assert finished(stores, execution(of, decision=decision))
    ended = stores.jobs.get(TENANT, of.job_id)
    assert stores.jobs.sign(of, now=after(20), progress=HALF) == TokenGone()
    assert stores.jobs.get(TENANT, of.job_id) == ended


def test_a_zombie_is_told_and_its_successor_is_not_touched(stores: Stores) -> None:
    zombie = running(stores)
    assert finished(stores, execution(zombie, status=ExecutionStatus.LOST, decision=RETRY, losses=1))
    successor = claimed(stores, stores.jobs.get(TENANT, zombie.job_id), "token-2", attempt=2)
    assert stores.jobs.sign(zombie, now=after(20), progress=HALF) == TokenGone()
    assert stores.jobs.get(TENANT, zombie.job_id) == successor


def test_what_does_not_exist_belongs_to_others_or_has_expired_is_gone(stores: Stores) -> None:
    of = running(stores)
    for stranger in (replace(of, job_id="unknown"), replace(of, tenant_id="tenant-2")):
        assert stores.jobs.sign(stranger, now=after(20), progress=HALF) == TokenGone()
    assert stores.jobs.get(TENANT, of.job_id) == of
    assert stores.jobs.replace(of.delete(after(1), expires_at=after(60)), read=of)
    stores.clock.set(after(60))
    assert stores.jobs.sign(of, now=after(60), progress=HALF) == TokenGone()


def test_only_who_holds_a_slot_can_sign(stores: Stores) -> None:
    for of in (job(stores), job(stores, slot=Slot(due_at=NOON, attempt=2))):
        with pytest.raises(ValueError, match="nobody holds"):
            stores.jobs.sign(of, now=NOON, progress=None)


@pytest.mark.parametrize("decision", [Completed(), Cancelled(), RETRY])
@pytest.mark.parametrize("ends", [True, False])
def test_progress_goes_with_the_attempt(stores: Stores, decision: Decision, ends: bool) -> None:
    of = running(stores) if ends else claimed(stores, recurring(stores, policy=STALLS), next_run_at=TOMORROW)
    stores.jobs.sign(of, now=after(20), progress=HALF)
    assert finished(stores, execution(of, decision=decision))
    left = slot_of(stores, of)
    assert left == (Slot(due_at=NOON, attempt=2) if decision is RETRY else None)
    if left is not None or not ends:
        attempt, due_at = (1, TOMORROW) if left is None else (2, NOON)
        again = claimed(stores, of, "token-2", attempt=attempt, due_at=due_at, next_run_at=None)
        assert again.slot is not None
        assert again.slot.progress is None


def test_a_claim_begins_without_progress(stores: Stores) -> None:
    left_behind = Slot(due_at=NOON, attempt=2, progress=HALF)
    of = claimed(stores, created(stores, slot=left_behind, next_run_at=None), attempt=2)
    assert of.slot is not None
    assert of.slot.progress is None


def test_returns_are_kept_with_the_occurrence_and_no_longer(stores: Stores) -> None:
    of = claimed(stores, recurring(stores), next_run_at=TOMORROW)
    assert finished(stores, execution(of, status=ExecutionStatus.LOST, decision=RETRY, returns=1))
    waiting = Slot(due_at=NOON, attempt=2, returns=1)
    assert slot_of(stores, of) == waiting
    second = claimed(stores, of, "token-2", attempt=2)
    assert second.slot == replace(waiting, token="token-2", lease_until=after(300) + LEASE_MARGIN)
    assert finished(stores, execution(second, expires_at=NOON + RETENTION))
    third = claimed(stores, of, "token-3", due_at=TOMORROW, next_run_at=None)
    assert third.slot is not None
    assert third.slot.returns == 0


def test_an_edit_that_empties_the_slot_forgets_its_returns(stores: Stores) -> None:
    made = recurring(stores, slot=Slot(due_at=NOON, attempt=2, returns=1), next_run_at=TOMORROW)
    assert stores.jobs.replace(made.cancel(after(1), expires_at=NOON + RETENTION), read=made)
    assert slot_of(stores, made) is None


def test_of_signs_and_an_end_at_the_same_time_the_end_stands(stores: Stores) -> None:
    attempts = [running(stores) for _ in range(6)]
    with ThreadPoolExecutor(max_workers=8) as threads:
        signs = [threads.submit(stores.jobs.sign, of, now=after(20), progress=HALF) for of in attempts for _ in "12"]
        ends = [threads.submit(finished, stores, execution(of)) for of in attempts]
        late = [threads.submit(stores.jobs.sign, of, now=after(21), progress=HALF) for of in attempts]
        assert all(end.result() for end in ends)
        assert {type(sign.result()) for sign in [*signs, *late]} <= {Signed, TokenGone}
    for of in attempts:
        assert stores.jobs.sign(of, now=after(22), progress=HALF) == TokenGone()
        assert stores.jobs.get(TENANT, of.job_id).status is JobStatus.COMPLETED


def test_a_cancellation_and_signs_at_the_same_time_both_stand(stores: Stores) -> None:
    of = running(stores)
    with ThreadPoolExecutor(max_workers=8) as threads:
        signs = [threads.submit(stores.jobs.sign, of, now=after(20), progress=HALF) for _ in range(6)]
        cancelling = threads.submit(stores.jobs.replace, of.cancel(after(1), expires_at=NOON + RETENTION), read=of)
        assert cancelling.result()
        assert all(isinstance(sign.result(), Signed) for sign in signs)
    found = stores.jobs.get(TENANT, of.job_id)
    assert found.status is JobStatus.CANCELLED
    assert found.slot is not None
    assert found.slot.progress == HALF
