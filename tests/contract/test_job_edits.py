"""Edits and skips: they lose against what came between, and never touch a slot that a worker holds."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.makers import (
    TENANT,
    TOMORROW,
    claim,
    claimed,
    created,
    execution,
    finished,
    message,
    recurring,
)
from tests.contract.store_engines import Stores
from tests.doubles import NOON
from tickwell.application.ports import Claimed
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.job import Job, JobStatus, Tally
from tickwell.domain.lane import Lane
from tickwell.domain.retry import Policy, RetryAt
from tickwell.domain.schedule import OneTime
from tickwell.domain.slot import Slot

LATER = NOON + timedelta(seconds=5)
WAITING = Slot(due_at=NOON, attempt=2)
HELD = Slot(due_at=NOON, attempt=1, token="token-1", lease_until=TOMORROW)


def test_an_edit_changes_everything_that_a_member_may_change(stores: Stores) -> None:
    made = recurring(stores)
    edited = replace(
        made,
        version=2,
        name="renamed",
        description="long " * 200,
        payload=["x"] * 500,
        schedule=OneTime(at=TOMORROW),
        lane=Lane.LOW,
        policy=Policy(timeout_seconds=1),
        tags=("t",),
        next_run_at=TOMORROW,
        updated_at=LATER,
    )
    assert stores.jobs.replace(edited, read=made)
    assert stores.jobs.get(TENANT, made.job_id) == edited
    lease_until = claimed(stores, edited, due_at=TOMORROW).slot
    assert lease_until is not None
    assert lease_until.lease_until == NOON + timedelta(seconds=16)


@pytest.mark.parametrize("before", ["short", "b" * 1000])
@pytest.mark.parametrize("after", ["short too", "a" * 1000, "b" * 1000])
def test_a_payload_is_replaced_whatever_its_size(stores: Stores, before: str, after: str) -> None:
    first = created(stores, payload=before)
    second = replace(first, version=2, payload=after, next_run_at=TOMORROW)
    assert stores.jobs.replace(second, read=first)
    third = replace(second, version=3, name="renamed")
    assert stores.jobs.replace(third, read=stores.jobs.get(TENANT, first.job_id))
    assert stores.jobs.get(TENANT, first.job_id) == third


def test_pause_resume_and_delete_are_edits(stores: Stores) -> None:
    made = recurring(stores)
    paused = made.pause(LATER)
    assert stores.jobs.replace(paused, read=made)
    assert stores.jobs.get(TENANT, made.job_id) == paused
    resumed = paused.resume(LATER)
    assert stores.jobs.replace(resumed, read=paused)
    assert stores.jobs.get(TENANT, made.job_id) == resumed
    deleted = resumed.delete(LATER, expires_at=TOMORROW)
    assert stores.jobs.replace(deleted, read=resumed)
    assert stores.jobs.get(TENANT, made.job_id) == deleted


@pytest.mark.parametrize(
    "stale",
    [{"version": 2}, {"next_run_at": None}, {"next_run_at": TOMORROW}, {"status": JobStatus.PAUSED}],
    ids="".join,
)
def test_an_edit_of_what_has_changed_is_refused(stores: Stores, stale: dict[str, Any]) -> None:
    made = recurring(stores)
    read = replace(made, **stale)
    assert not stores.jobs.replace(replace(read, version=read.version + 1, payload="y" * 1000), read=read)
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_an_edit_of_what_has_no_next_occurrence_is_refused_when_there_is_one_now(stores: Stores) -> None:
    made = recurring(stores)
    read = replace(made, next_run_at=None)
    assert not stores.jobs.replace(replace(read, version=2), read=read)


def test_an_edit_of_a_job_that_is_not_there_is_refused(stores: Stores) -> None:
    made = recurring(stores)
    for stranger in (replace(made, tenant_id="tenant-2"), replace(made, job_id="unknown")):
        assert not stores.jobs.replace(replace(stranger, version=2), read=stranger)
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_an_edit_that_was_decided_on_before_a_claim_is_refused(stores: Stores) -> None:
    made = created(stores)
    running = claimed(stores, made)
    assert not stores.jobs.replace(replace(made, version=2, name="renamed"), read=made)
    assert stores.jobs.get(TENANT, made.job_id) == running


def test_an_edit_does_not_bring_a_job_back_that_ended_meanwhile(stores: Stores) -> None:
    running = claimed(stores, created(stores))
    assert finished(stores, execution(running))
    assert not stores.jobs.replace(replace(running, version=2, next_run_at=TOMORROW), read=running)
    assert stores.jobs.get(TENANT, running.job_id).status is JobStatus.COMPLETED


def test_of_many_threads_one_edits(stores: Stores) -> None:
    made = recurring(stores)
    edits = [replace(made, version=2, name=f"name {number}") for number in range(8)]
    with ThreadPoolExecutor(max_workers=8) as threads:
        done = list(threads.map(lambda edit: stores.jobs.replace(edit, read=made), edits))
    assert sum(done) == 1
    assert stores.jobs.get(TENANT, made.job_id) == edits[done.index(True)]


def test_of_an_edit_and_a_claim_one_wins(stores: Stores) -> None:
    for _ in range(10):
        made = recurring(stores)
        edited = replace(made, version=2, next_run_at=LATER)
        with ThreadPoolExecutor(max_workers=2) as threads:
            edit = threads.submit(stores.jobs.replace, edited, read=made)
            work = threads.submit(stores.jobs.claim_many, [claim(made, next_run_at=TOMORROW)])
        (result,) = work.result()
        assert edit.result() is not isinstance(result, Claimed)


@pytest.mark.parametrize("slot", [None, WAITING], ids=["to be emptied", "to be kept"])
def test_an_edit_never_touches_a_slot_that_is_held(stores: Stores, slot: Slot | None) -> None:
    made = recurring(stores, slot=HELD, next_run_at=TOMORROW, tally=Tally(executions=4))
    edited = replace(made, version=2, slot=slot, tally=Tally())
    assert stores.jobs.replace(edited, read=made)
    assert stores.jobs.get(TENANT, made.job_id) == replace(edited, slot=HELD, tally=made.tally)


@pytest.mark.parametrize("kept", [True, False])
def test_a_waiting_retry_is_emptied_exactly_when_the_edit_has_no_slot(stores: Stores, kept: bool) -> None:
    made = recurring(stores, slot=WAITING, next_run_at=TOMORROW)
    edited = replace(made, version=2, slot=WAITING if kept else None)
    assert stores.jobs.replace(edited, read=made)
    assert stores.jobs.get(TENANT, made.job_id) == edited


def test_a_retry_that_is_claimed_before_a_deletion_keeps_its_slot(stores: Stores) -> None:
    made = created(stores, slot=WAITING, next_run_at=None)
    running = claimed(stores, made, "token-2", attempt=2)
    deleted = made.delete(LATER, expires_at=TOMORROW)
    assert deleted.slot is None
    assert stores.jobs.replace(deleted, read=made)
    found = stores.jobs.get(TENANT, made.job_id)
    assert (found.status, found.slot) == (JobStatus.DELETED, running.slot)
    assert finished(stores, execution(running))
    assert stores.jobs.get(TENANT, made.job_id).slot is None


def test_a_deletion_that_races_with_the_claim_of_a_retry_leaves_no_half_of_a_slot(stores: Stores) -> None:
    for number in range(10):
        made = created(stores, slot=WAITING, next_run_at=None)
        deleted = made.delete(LATER, expires_at=TOMORROW)
        with ThreadPoolExecutor(max_workers=2) as threads:
            edit = threads.submit(stores.jobs.replace, deleted, read=made)
            work = threads.submit(stores.jobs.claim_many, [claim(made, f"token-{number}", attempt=2)])
        assert edit.result()
        (result,) = work.result()
        slot = stores.jobs.get(TENANT, made.job_id).slot
        assert (slot is not None) is isinstance(result, Claimed)
        assert slot is None or slot.token == f"token-{number}"


def test_an_edit_while_a_retry_is_decided_on_keeps_both(stores: Stores) -> None:
    running = claimed(stores, recurring(stores), next_run_at=TOMORROW)
    edited = replace(running, version=2, name="renamed")
    assert stores.jobs.replace(edited, read=running)
    decision = RetryAt(at=LATER, attempt=2)
    assert finished(stores, execution(running, status=ExecutionStatus.FAILED, decision=decision))
    found = stores.jobs.get(TENANT, running.job_id)
    assert (found.name, found.slot) == ("renamed", WAITING)


@pytest.mark.parametrize("slot", [HELD, WAITING], ids=["held", "waiting"])
@pytest.mark.parametrize("next_run_at", [None, TOMORROW + timedelta(days=1)])
def test_a_skip_moves_a_busy_job_past_an_occurrence(stores: Stores, slot: Slot, next_run_at: datetime | None) -> None:
    made = recurring(stores, slot=slot, next_run_at=TOMORROW)
    assert stores.jobs.skip(message(made, due_at=TOMORROW), next_run_at=next_run_at, now=LATER)
    found = stores.jobs.get(TENANT, made.job_id)
    assert found == replace(made, next_run_at=next_run_at, updated_at=LATER)


@pytest.mark.parametrize(
    ("changes", "stale"),
    [
        ({"slot": None}, {}),
        ({"status": JobStatus.PAUSED}, {}),
        ({"status": JobStatus.DELETED}, {}),
        ({}, {"version": 2}),
        ({}, {"due_at": NOON}),
        ({}, {"job_id": "unknown"}),
        ({}, {"tenant_id": "tenant-2"}),
    ],
    ids=["slot empty", "paused", "deleted", "version", "occurrence", "unknown", "another tenant's"],
)
def test_a_skip_is_refused_as_a_claim_would_be(stores: Stores, changes: dict[str, Any], stale: dict[str, Any]) -> None:
    made = recurring(stores, **{"slot": HELD, "next_run_at": TOMORROW} | changes)
    hint = message(made, **{"due_at": TOMORROW} | stale)
    assert not stores.jobs.skip(hint, next_run_at=None, now=LATER)
    assert stores.jobs.get(TENANT, made.job_id) == made


def test_an_occurrence_is_skipped_once(stores: Stores) -> None:
    made: Job = recurring(stores, slot=HELD, next_run_at=TOMORROW)
    hint = message(made, due_at=TOMORROW)
    after = TOMORROW + timedelta(days=1)
    assert stores.jobs.skip(hint, next_run_at=after, now=LATER)
    assert not stores.jobs.skip(hint, next_run_at=after, now=LATER)


LONG = "l" * 1000


@pytest.mark.parametrize("payload", ["short", LONG])
def test_a_job_that_runs_again_expires_no_more_and_has_its_payload(stores: Stores, payload: str) -> None:
    running = claimed(stores, created(stores, payload=payload))
    assert finished(stores, execution(running, expires_at=TOMORROW))
    ended = stores.jobs.get(TENANT, running.job_id)
    assert (ended.status, ended.expires_at) == (JobStatus.COMPLETED, TOMORROW)
    again = ended.retry(LATER)
    assert stores.jobs.replace(again, read=ended)
    stores.clock.advance(timedelta(days=400))
    found = stores.jobs.get(TENANT, running.job_id)
    assert (found, found.payload) == (again, payload)


def test_cancelling_what_runs_leaves_the_slot_to_its_worker(stores: Stores) -> None:
    running = claimed(stores, created(stores))
    cancelled = running.cancel(LATER, expires_at=TOMORROW)
    assert stores.jobs.replace(cancelled, read=running)
    found = stores.jobs.get(TENANT, running.job_id)
    assert (found.status, found.slot) == (JobStatus.CANCELLED, running.slot)
    assert finished(stores, execution(running))
    ended = stores.jobs.get(TENANT, running.job_id)
    assert (ended.status, ended.slot, ended.tally.executions) == (JobStatus.CANCELLED, None, 1)


def test_a_failed_attempt_leaves_no_retry_waiting_in_a_cancelled_job(stores: Stores) -> None:
    running = claimed(stores, created(stores))
    assert stores.jobs.replace(running.cancel(LATER, expires_at=TOMORROW), read=running)
    decision = RetryAt(at=LATER, attempt=2)
    assert finished(stores, execution(running, status=ExecutionStatus.FAILED, decision=decision))
    assert stores.jobs.get(TENANT, running.job_id).slot is None


def test_of_a_cancellation_and_a_claim_one_wins(stores: Stores) -> None:
    for number in range(10):
        made = created(stores)
        with ThreadPoolExecutor(max_workers=2) as threads:
            edit = threads.submit(stores.jobs.replace, made.cancel(LATER, expires_at=TOMORROW), read=made)
            work = threads.submit(stores.jobs.claim_many, [claim(made, f"token-{number}")])
        (result,) = work.result()
        assert edit.result() is not isinstance(result, Claimed)
        found = stores.jobs.get(TENANT, made.job_id)
        assert found.status is (JobStatus.CANCELLED if edit.result() else JobStatus.ACTIVE)


def test_of_many_retries_of_one_job_one_wins(stores: Stores) -> None:
    made = created(stores, status=JobStatus.FAILED, next_run_at=None, expires_at=TOMORROW, payload=LONG)
    edits = [made.retry(LATER + timedelta(milliseconds=number)) for number in range(8)]
    with ThreadPoolExecutor(max_workers=8) as threads:
        done = list(threads.map(lambda edit: stores.jobs.replace(edit, read=made), edits))
    assert sum(done) == 1
    assert stores.jobs.get(TENANT, made.job_id) == edits[done.index(True)]


def test_queue_and_dead_letter_of_a_job_come_back(stores: Stores) -> None:
    made = created(stores, queue="campaign", retry_of="letter-1")
    assert stores.jobs.get(TENANT, made.job_id) == made
