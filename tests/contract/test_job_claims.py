"""The claim: one conditional write that one worker wins (rule 2)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.makers import TENANT, TOMORROW, claim, claimed, created, execution, finished, recurring
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import Claimed, ClaimLost
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.retry import Policy, RetryAt
from tickwell.domain.slot import LEASE_MARGIN, Slot


def test_a_claim_takes_the_slot_and_gives_the_job_with_its_payload(stores: Stores) -> None:
    made = created(stores, payload="x" * 1000, policy=Policy(timeout_seconds=77))
    now = NOON + timedelta(seconds=3)
    job = claimed(stores, made, "token-9", now=now)
    lease_until = now + timedelta(seconds=77) + LEASE_MARGIN
    slot = Slot(due_at=NOON, attempt=1, token="token-9", lease_until=lease_until)
    assert job == replace(made, slot=slot, next_run_at=None, last_executed_at=now)
    assert stores.jobs.get(TENANT, made.job_id) == job


@pytest.mark.parametrize("next_run_at", [None, TOMORROW])
def test_the_claim_of_a_recurring_job_arms_the_next_occurrence(stores: Stores, next_run_at: datetime | None) -> None:
    job = claimed(stores, recurring(stores), next_run_at=next_run_at)
    assert job.next_run_at == next_run_at
    assert job.slot is not None
    assert job.slot.due_at == NOON


def test_a_claim_is_won_again_by_its_own_token(stores: Stores) -> None:
    made = created(stores, payload="x" * 1000)
    first = claimed(stores, made, "token-1")
    again = claimed(stores, made, "token-1", now=NOON + timedelta(seconds=9))
    assert again == first


def test_of_many_threads_one_wins_each_job(stores: Stores) -> None:
    jobs = [created(stores) for _ in range(10)]
    tokens = [f"token-{number}" for number in range(8)]

    def race(token: str) -> list[str]:
        results = stores.jobs.claim_many([claim(one, token) for one in jobs])
        return [result.job.job_id for result in results if isinstance(result, Claimed)]

    with ThreadPoolExecutor(max_workers=8) as threads:
        won = [job_id for found in threads.map(race, tokens) for job_id in found]
    assert sorted(won) == sorted(one.job_id for one in jobs)


def test_results_come_in_the_order_of_the_claims(stores: Stores) -> None:
    jobs = [created(stores, payload=number * "x") for number in (0, 500, 1, 600, 2)]
    claims = [claim(one, f"token-{one.job_id}") for one in jobs]
    stale, unknown = replace(claims[1].message, version=9), replace(claims[1].message, job_id="unknown")
    results = stores.jobs.claim_many(
        [replace(claims[0], message=unknown), claims[2], replace(claims[1], message=stale), *claims[3:], claims[0]]
    )
    assert [None if result.job is None else result.job.payload for result in results] == [
        None,
        *(jobs[number].payload for number in (2, 1, 3, 4, 0)),
    ]
    assert [isinstance(result, Claimed) for result in results] == [False, True, False, True, True, True]


def test_the_same_job_twice_in_a_batch_is_claimed_once(stores: Stores) -> None:
    made = created(stores, payload="x" * 1000)
    results = stores.jobs.claim_many([claim(made, "token-1"), claim(made, "token-2")])
    assert sorted(type(result).__name__ for result in results) == ["ClaimLost", "Claimed"]


def test_claiming_nothing_is_nothing(stores: Stores) -> None:
    assert list(stores.jobs.claim_many([])) == []


@pytest.mark.parametrize(
    "stale",
    [{"version": 2}, {"due_at": TOMORROW}, {"due_at": NOON - timedelta(milliseconds=1)}, {"attempt": 2}],
    ids="".join,
)
def test_a_stale_message_loses_and_gets_the_job_as_found(stores: Stores, stale: dict[str, Any]) -> None:
    made = created(stores)
    assert stores.jobs.claim_many([claim(made, **stale)]) == [ClaimLost(job=made)]
    assert stores.jobs.get(TENANT, made.job_id) == made


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.ACTIVE])
@pytest.mark.parametrize("slot", [None, Slot(due_at=NOON, attempt=2)], ids=["first attempt", "retry"])
def test_only_active_jobs_are_claimed(stores: Stores, status: JobStatus, slot: Slot | None) -> None:
    made = recurring(stores, status=status, slot=slot)
    assert stores.jobs.claim_many([claim(made, attempt=1 if slot is None else 2)]) == [ClaimLost(job=made)]


@pytest.mark.parametrize(
    "busy",
    [
        Slot(due_at=NOON - timedelta(days=1), attempt=1, token="other", lease_until=NOON),
        Slot(due_at=NOON - timedelta(days=1), attempt=2),
        Slot(due_at=NOON, attempt=1, token="other", lease_until=NOON - timedelta(days=1)),
    ],
    ids=["an earlier occurrence runs", "an earlier occurrence waits for its retry", "the lease is over"],
)
def test_a_busy_slot_is_never_taken_by_a_first_attempt(stores: Stores, busy: Slot) -> None:
    made = recurring(stores, slot=busy)
    assert stores.jobs.claim_many([claim(made)]) == [ClaimLost(job=made)]


def test_a_message_that_comes_again_after_the_end_loses(stores: Stores) -> None:
    made = created(stores)
    assert finished(stores, execution(claimed(stores, made)))
    (result,) = stores.jobs.claim_many([claim(made, "token-2")])
    assert isinstance(result, ClaimLost)
    assert result.job is not None
    assert result.job.status is JobStatus.COMPLETED


def test_claiming_what_does_not_exist_or_belongs_to_others_loses(stores: Stores) -> None:
    made = created(stores)
    foreign = claim(made, tenant_id="tenant-2")
    assert stores.jobs.claim_many([claim(made, job_id="unknown"), foreign]) == [ClaimLost(job=None)] * 2
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_a_retry_takes_the_waiting_slot_and_leaves_the_next_occurrence_alone(stores: Stores) -> None:
    made = recurring(stores, slot=Slot(due_at=NOON, attempt=3, losses=1), next_run_at=TOMORROW)
    now = NOON + timedelta(minutes=5)
    job = claimed(stores, made, "token-3", attempt=3, now=now, next_run_at=NOON + timedelta(days=9))
    lease_until = now + timedelta(seconds=300) + LEASE_MARGIN
    assert job.slot == Slot(due_at=NOON, attempt=3, losses=1, token="token-3", lease_until=lease_until)
    assert job.next_run_at == TOMORROW
    assert job.last_executed_at == now


@pytest.mark.parametrize(
    "wrong",
    [{"attempt": 2}, {"attempt": 4}, {"attempt": 3, "due_at": TOMORROW}],
    ids=["an attempt that is over", "an attempt to come", "another occurrence"],
)
def test_a_retry_of_another_attempt_or_occurrence_loses(stores: Stores, wrong: dict[str, Any]) -> None:
    made = recurring(stores, slot=Slot(due_at=NOON, attempt=3), next_run_at=TOMORROW)
    assert stores.jobs.claim_many([claim(made, **wrong)]) == [ClaimLost(job=made)]


def test_a_retry_loses_while_somebody_holds_the_slot(stores: Stores) -> None:
    held = Slot(due_at=NOON, attempt=2, token="other", lease_until=TOMORROW)
    made = created(stores, slot=held, next_run_at=None)
    assert stores.jobs.claim_many([claim(made, attempt=2)]) == [ClaimLost(job=made)]


def test_a_waiting_retry_survives_an_edit(stores: Stores) -> None:
    made = _failed_once(stores)
    edited = replace(made, version=2, name="renamed", updated_at=NOON + timedelta(seconds=5))
    assert stores.jobs.replace(edited, read=made)
    job = claimed(stores, made, "token-2", attempt=2)
    assert job.name == "renamed"
    assert job.version == 2


def test_of_many_threads_one_wins_a_retry(stores: Stores) -> None:
    made = _failed_once(stores)
    claims = [claim(made, f"token-{number}", attempt=2) for number in range(2, 10)]
    with ThreadPoolExecutor(max_workers=8) as threads:
        results = [result for (result,) in threads.map(lambda one: stores.jobs.claim_many([one]), claims)]
    assert sum(isinstance(result, Claimed) for result in results) == 1


def _failed_once(stores: Stores) -> Job:
    running = claimed(stores, created(stores))
    decision = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)
    assert finished(stores, execution(running, status=ExecutionStatus.FAILED, decision=decision))
    return stores.jobs.get(TENANT, running.job_id)
