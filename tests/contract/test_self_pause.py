"""A recurring job pauses itself after so many failures in a row, in the write that finishes the last one (X23)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.makers import TENANT, TOMORROW, claim, claimed, created, execution, finished, recurring
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.application.ports import Claimed
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus, PauseReason
from tickwell.domain.retry import Cancelled, Completed, GiveUp, Policy, RetryAt

FINISHED_AT = NOON + timedelta(seconds=2)
FAILED: dict[str, Any] = {"status": ExecutionStatus.FAILED, "decision": GiveUp(reason="enough")}


def pausing(stores: Stores, after: int, **changes: Any) -> Job:
    return recurring(stores, policy=Policy(pause_after_failures=after), **changes)


def run(stores: Stores, of: Job, **ending: Any) -> Job:
    """One attempt at the occurrence of noon, which is next again afterwards; the job as it is then."""
    running = claimed(stores, of, token=stores.ids.token(), next_run_at=NOON)
    assert finished(stores, execution(running, **ending))
    return stores.jobs.get(TENANT, of.job_id)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_the_last_of_so_many_failures_in_a_row_pauses_the_job(stores: Stores, after: int) -> None:
    made = pausing(stores, after)
    for number in range(1, after):
        made = run(stores, made, **FAILED)
        assert (made.status, made.failures_in_a_row, made.version) == (JobStatus.ACTIVE, number, 1)
    before = made
    made = run(stores, made, **FAILED)
    assert made == replace(
        before,
        version=2,
        status=JobStatus.PAUSED,
        next_run_at=None,
        paused_at=FINISHED_AT,
        updated_at=FINISHED_AT,
        failures_in_a_row=after,
        pause_reason=PauseReason.FAILURES,
        tally=made.tally,
        last_executed_at=NOON,
    )
    assert made.tally.failed == after
    assert made.slot is None


def test_a_success_begins_the_count_anew(stores: Stores) -> None:
    made = run(stores, pausing(stores, 2), **FAILED)
    made = run(stores, made, decision=Completed())
    assert made.failures_in_a_row == 0
    made = run(stores, made, **FAILED)
    assert (made.status, made.failures_in_a_row) == (JobStatus.ACTIVE, 1)


def test_a_cancelled_attempt_and_a_retry_leave_the_count(stores: Stores) -> None:
    made = run(stores, pausing(stores, 2), **FAILED)
    made = run(stores, made, status=ExecutionStatus.CANCELLED, decision=Cancelled())
    assert (made.status, made.failures_in_a_row) == (JobStatus.ACTIVE, 1)
    retry = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)
    made = run(stores, made, status=ExecutionStatus.FAILED, decision=retry)
    assert (made.status, made.failures_in_a_row) == (JobStatus.ACTIVE, 1)


def test_without_a_limit_failures_are_counted_and_pause_nothing(stores: Stores) -> None:
    made = recurring(stores)
    for _ in range(3):
        made = run(stores, made, **FAILED)
    assert (made.status, made.failures_in_a_row, made.paused_reason) == (JobStatus.ACTIVE, 3, None)


def test_a_wrong_hint_does_not_keep_a_job_from_pausing(stores: Stores) -> None:
    made = run(stores, pausing(stores, 1), recurring=False, **FAILED)
    assert made.status is JobStatus.PAUSED


def test_a_one_time_job_fails_and_never_pauses(stores: Stores) -> None:
    made = created(stores, policy=Policy(pause_after_failures=1))
    assert run(stores, made, **FAILED).status is JobStatus.FAILED


@pytest.mark.parametrize("edit", ["pause", "delete", "cancel"])
def test_what_a_member_did_meanwhile_stands(stores: Stores, edit: str) -> None:
    running = claimed(stores, pausing(stores, 1), next_run_at=TOMORROW)
    at = NOON + timedelta(seconds=1)
    edited = running.pause(at) if edit == "pause" else getattr(running, edit)(at, expires_at=TOMORROW)
    assert stores.jobs.replace(edited, read=running)
    assert finished(stores, execution(running, **FAILED))
    found = stores.jobs.get(TENANT, running.job_id)
    assert found == replace(edited, slot=None, tally=found.tally, failures_in_a_row=1)


def test_resuming_begins_the_count_anew_and_forgets_the_reason(stores: Stores) -> None:
    paused = run(stores, pausing(stores, 2, failures_in_a_row=1), **FAILED)
    assert paused.paused_reason == "2 failed occurrences in a row"
    resumed = paused.resume(FINISHED_AT)
    assert stores.jobs.replace(resumed, read=paused)
    found = stores.jobs.get(TENANT, paused.job_id)
    assert found == resumed
    assert (found.failures_in_a_row, found.pause_reason, found.status) == (0, None, JobStatus.ACTIVE)


def test_an_edit_beside_a_failure_loses_no_count(stores: Stores) -> None:
    running = claimed(stores, pausing(stores, 3, failures_in_a_row=1), next_run_at=TOMORROW)
    read = stores.jobs.get(TENANT, running.job_id)
    assert finished(stores, execution(running, **FAILED))
    edited = replace(read, version=2, name="renamed", updated_at=FINISHED_AT, policy=Policy(pause_after_failures=2))
    assert stores.jobs.replace(edited, read=read)
    assert stores.jobs.get(TENANT, running.job_id).failures_in_a_row == 2


def test_a_smaller_limit_holds_from_the_next_failure_on(stores: Stores) -> None:
    read = pausing(stores, 5, failures_in_a_row=3)
    edited = replace(read, version=2, policy=Policy(pause_after_failures=2))
    assert stores.jobs.replace(edited, read=read)
    assert run(stores, edited, **FAILED).paused_reason == "4 failed occurrences in a row"


def test_a_paused_job_can_be_claimed_by_no_message_of_before(stores: Stores) -> None:
    made = pausing(stores, 1)
    run(stores, made, **FAILED)
    (result,) = stores.jobs.claim_many([claim(made, next_run_at=TOMORROW)])
    assert not isinstance(result, Claimed)


def test_counting_costs_no_write_of_its_own_and_pausing_one_that_is_refused(dynamodb: DynamoStores) -> None:
    made = pausing(dynamodb.stores, 2)
    running = claimed(dynamodb.stores, made, next_run_at=NOON)
    with counted(dynamodb) as calls:
        assert finished(dynamodb.stores, execution(running, **FAILED))
    assert calls == {"UpdateItem": 1}
    running = claimed(dynamodb.stores, made, next_run_at=NOON)
    with counted(dynamodb) as calls:
        assert finished(dynamodb.stores, execution(running, **FAILED))
    assert calls == {"UpdateItem": 2}
