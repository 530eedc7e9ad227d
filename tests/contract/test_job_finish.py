"""Finishing an attempt: by its token only, once, and counted exactly (rule 3)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.makers import (
    RETENTION,
    TENANT,
    TOMORROW,
    claim,
    claimed,
    created,
    execution,
    finished,
    recurring,
)
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import Claimed
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import TRANSITIONS, Job, JobStatus, Tally
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, RetryAt
from tickwell.domain.slot import Slot

FINISHED_AT = NOON + timedelta(seconds=2)
RETRY = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)


@pytest.mark.parametrize(
    ("decision", "status", "ends"),
    [
        (Completed(), ExecutionStatus.SUCCESS, JobStatus.COMPLETED),
        (GiveUp(reason="enough"), ExecutionStatus.FAILED, JobStatus.FAILED),
        (GiveUp(reason="lost twice"), ExecutionStatus.LOST, JobStatus.FAILED),
        (Cancelled(), ExecutionStatus.CANCELLED, JobStatus.CANCELLED),
    ],
)
def test_a_one_time_job_ends_as_the_decision_says(
    stores: Stores, decision: Decision, status: ExecutionStatus, ends: JobStatus
) -> None:
    running = claimed(stores, created(stores, payload="x" * 1000))
    assert finished(stores, execution(running, decision=decision, status=status))
    success, failed = status is ExecutionStatus.SUCCESS, ends is JobStatus.FAILED
    assert stores.jobs.get(TENANT, running.job_id) == replace(
        running,
        status=ends,
        slot=None,
        tally=Tally(executions=1, successful=int(success), failed=int(failed), duration_ms=1500),
        updated_at=FINISHED_AT,
        expires_at=NOON + RETENTION,
    )


@pytest.mark.parametrize("decision", [Completed(), GiveUp(reason="enough"), Cancelled()])
@pytest.mark.parametrize("hint", [True, False])
def test_a_recurring_job_goes_on(stores: Stores, decision: Decision, hint: bool) -> None:
    running = claimed(stores, recurring(stores), next_run_at=TOMORROW)
    assert finished(stores, execution(running, decision=decision, recurring=hint))
    tally = Tally(executions=1, successful=1, duration_ms=1500)
    in_a_row = int(isinstance(decision, GiveUp))
    assert stores.jobs.get(TENANT, running.job_id) == replace(
        running, slot=None, tally=tally, failures_in_a_row=in_a_row
    )


def test_a_wrong_hint_does_not_keep_a_one_time_job_from_ending(stores: Stores) -> None:
    running = claimed(stores, created(stores))
    assert finished(stores, execution(running, recurring=True))
    assert stores.jobs.get(TENANT, running.job_id).status is JobStatus.COMPLETED


def test_a_retry_is_left_waiting_in_the_slot(stores: Stores) -> None:
    running = claimed(stores, created(stores))
    assert finished(stores, execution(running, status=ExecutionStatus.LOST, decision=RETRY, losses=1))
    found = stores.jobs.get(TENANT, running.job_id)
    slot = Slot(due_at=NOON, attempt=2, losses=1)
    assert found == replace(running, slot=slot, tally=Tally(executions=1, failed=1, duration_ms=1500))


@pytest.mark.parametrize("decision", [Completed(), GiveUp(reason="enough"), Cancelled(), RETRY])
def test_an_attempt_is_finished_once(stores: Stores, decision: Decision | RetryAt) -> None:
    attempt = execution(claimed(stores, created(stores)), decision=decision)
    assert finished(stores, attempt)
    after_first = stores.jobs.get(TENANT, attempt.job_id)
    assert not finished(stores, attempt)
    assert stores.jobs.get(TENANT, attempt.job_id) == after_first


@pytest.mark.parametrize(
    "attempt",
    [{"token": "token-of-another"}, {"tenant_id": "tenant-2"}, {"job_id": "unknown"}],
    ids="".join,
)
def test_nobody_finishes_what_he_does_not_hold(stores: Stores, attempt: dict[str, Any]) -> None:
    running = claimed(stores, created(stores))
    assert not finished(stores, execution(running, **attempt))
    assert stores.jobs.get(TENANT, running.job_id) == running


def test_a_zombie_does_not_disturb_the_attempt_that_replaced_it(stores: Stores) -> None:
    zombie = execution(claimed(stores, created(stores), "token-1"))
    assert finished(stores, replace(zombie, status=ExecutionStatus.LOST, decision=RETRY, losses=1))
    successor = claimed(stores, stores.jobs.get(TENANT, zombie.job_id), "token-2", attempt=2)
    assert not finished(stores, zombie)
    assert stores.jobs.get(TENANT, zombie.job_id) == successor


def test_an_edit_does_not_strand_a_running_attempt(stores: Stores) -> None:
    running = claimed(stores, recurring(stores), next_run_at=TOMORROW)
    edited = replace(running, version=2, name="renamed", next_run_at=TOMORROW + timedelta(hours=1))
    assert stores.jobs.replace(edited, read=running)
    assert finished(stores, execution(running))
    found = stores.jobs.get(TENANT, running.job_id)
    assert (found.slot, found.version, found.name) == (None, 2, "renamed")


@pytest.mark.parametrize("decision", [Completed(), GiveUp(reason="enough"), Cancelled(), RETRY])
def test_a_job_that_was_deleted_meanwhile_only_loses_the_slot(stores: Stores, decision: Decision | RetryAt) -> None:
    running = claimed(stores, created(stores))
    deleted = running.delete(NOON + timedelta(seconds=1), expires_at=TOMORROW)
    assert stores.jobs.replace(deleted, read=running)
    assert finished(stores, execution(running, decision=decision))
    tally = Tally(executions=1, successful=1, duration_ms=1500)
    in_a_row = int(isinstance(decision, GiveUp))
    found = stores.jobs.get(TENANT, running.job_id)
    assert found == replace(deleted, slot=None, tally=tally, failures_in_a_row=in_a_row)


@pytest.mark.parametrize("status", list(JobStatus))
def test_a_retry_waits_only_where_it_may_come_to_be_tried(stores: Stores, status: JobStatus) -> None:
    slot = Slot(due_at=NOON, attempt=1, token="token-1", lease_until=TOMORROW)
    made = recurring(stores, status=status, slot=slot, next_run_at=None)
    assert finished(stores, execution(made, decision=RETRY))
    waiting = Slot(due_at=NOON, attempt=2) if status in {JobStatus.ACTIVE, JobStatus.PAUSED} else None
    found = stores.jobs.get(TENANT, made.job_id)
    assert (found.slot, found.status) == (waiting, status)


@pytest.mark.parametrize("status", list(JobStatus))
@pytest.mark.parametrize(
    ("decision", "target"),
    [
        (Completed(), JobStatus.COMPLETED),
        (GiveUp(reason="enough"), JobStatus.FAILED),
        (Cancelled(), JobStatus.CANCELLED),
    ],
)
def test_only_a_status_that_allows_it_becomes_final(
    stores: Stores, status: JobStatus, decision: Decision, target: JobStatus
) -> None:
    slot = Slot(due_at=NOON, attempt=1, token="token-1", lease_until=TOMORROW)
    made = created(stores, status=status, slot=slot, next_run_at=None)
    assert finished(stores, execution(made, decision=decision))
    found = stores.jobs.get(TENANT, made.job_id)
    allowed = target in TRANSITIONS[status]
    assert found.status is (target if allowed else status)
    assert (found.expires_at is not None) is allowed


def test_the_tally_counts_every_attempt_exactly(stores: Stores) -> None:
    made = recurring(stores)
    statuses = [status for status in ExecutionStatus if status is not ExecutionStatus.RUNNING]
    for day, status in enumerate(statuses):
        due_at = NOON + timedelta(days=day)
        job = claimed(stores, made, f"token-{day}", due_at=due_at, next_run_at=due_at + timedelta(days=1))
        assert finished(stores, execution(job, status=status))
    tally = stores.jobs.get(TENANT, made.job_id).tally
    assert tally == Tally(executions=5, successful=1, failed=3, duration_ms=5 * 1500)


def test_of_many_threads_one_finishes_each_attempt(stores: Stores) -> None:
    results = stores.jobs.claim_many([claim(created(stores)) for _ in range(10)])
    attempts = [execution(result.job) for result in results if isinstance(result, Claimed)]
    with ThreadPoolExecutor(max_workers=6) as threads:
        done = list(threads.map(lambda _: stores.jobs.finish_many(attempts, now=FINISHED_AT), range(6)))
    assert [sum(column) for column in zip(*done, strict=True)] == [1] * len(attempts)
    assert all(_tally(stores, attempt.job_id) == 1 for attempt in attempts)


def test_results_come_in_the_order_of_the_executions(stores: Stores) -> None:
    attempts = [execution(_running(stores)) for _ in range(5)]
    attempts[1] = replace(attempts[1], token="not mine")
    attempts[3] = replace(attempts[3], job_id="unknown")
    assert list(stores.jobs.finish_many(attempts, now=FINISHED_AT)) == [True, False, True, False, True]
    assert list(stores.jobs.finish_many([], now=FINISHED_AT)) == []


def _running(stores: Stores) -> Job:
    return claimed(stores, created(stores))


def _tally(stores: Stores, job_id: str) -> int:
    return stores.jobs.get(TENANT, job_id).tally.executions
