"""A recurring job whose schedule is over is completed, in the write that finishes the last attempt."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.contract.dynamodb_probe import counted
from tests.contract.makers import (
    DAILY,
    RETENTION,
    TENANT,
    TOMORROW,
    claimed,
    execution,
    finished,
    message,
    recurring,
)
from tests.contract.store_engines import DynamoStores, Stores
from tests.doubles import NOON
from tickwell.adapters.documents import definition_text
from tickwell.domain.bounds import Bounds, exclusions
from tickwell.domain.cron import DstMissing, DstRepeated
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.handover import Handover
from tickwell.domain.job import JobStatus
from tickwell.domain.pending import Pending
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, Policy, RetryAt
from tickwell.domain.schedule import Cron, Interval
from tickwell.domain.slot import Slot

FINISHED_AT = NOON + timedelta(seconds=2)
ENDING = replace(DAILY, bounds=Bounds(end_at=NOON))


@pytest.mark.parametrize(
    ("decision", "status", "in_a_row"),
    [
        (Completed(), ExecutionStatus.SUCCESS, 0),
        (GiveUp(reason="enough"), ExecutionStatus.FAILED, 1),
        (GiveUp(reason="lost"), ExecutionStatus.LOST, 1),
        (Cancelled(), ExecutionStatus.CANCELLED, 0),
    ],
)
@pytest.mark.parametrize("hint", [True, False])
@pytest.mark.parametrize("payload", ["short", "long" * 500])
def test_the_end_of_the_last_occurrence_completes_the_job(
    stores: Stores, decision: Decision, status: ExecutionStatus, in_a_row: int, hint: bool, payload: str
) -> None:
    running = claimed(stores, recurring(stores, schedule=ENDING, payload=payload), next_run_at=None)
    assert running.status is JobStatus.ACTIVE
    assert finished(stores, execution(running, decision=decision, status=status, recurring=hint))
    found = stores.jobs.get(TENANT, running.job_id)
    assert found == replace(
        running,
        status=JobStatus.COMPLETED,
        slot=None,
        tally=found.tally,
        failures_in_a_row=in_a_row,
        updated_at=FINISHED_AT,
        expires_at=NOON + RETENTION,
    )
    assert found.tally.executions == 1
    assert found.payload == payload


def test_a_retry_of_the_last_occurrence_comes_first(stores: Stores) -> None:
    running = claimed(stores, recurring(stores, schedule=ENDING), next_run_at=None)
    retry = RetryAt(at=NOON + timedelta(minutes=1), attempt=2)
    assert finished(stores, execution(running, status=ExecutionStatus.FAILED, decision=retry))
    waiting = stores.jobs.get(TENANT, running.job_id)
    assert (waiting.status, waiting.slot) == (JobStatus.ACTIVE, Slot(due_at=NOON, attempt=2))
    again = claimed(stores, waiting, "token-2", attempt=2)
    assert finished(stores, execution(again))
    assert stores.jobs.get(TENANT, running.job_id).status is JobStatus.COMPLETED


def test_the_last_failure_completes_a_job_that_would_pause_itself(stores: Stores) -> None:
    made = recurring(stores, schedule=ENDING, policy=Policy(pause_after_failures=1))
    running = claimed(stores, made, next_run_at=None)
    assert finished(stores, execution(running, status=ExecutionStatus.FAILED, decision=GiveUp(reason="enough")))
    found = stores.jobs.get(TENANT, made.job_id)
    assert (found.status, found.pause_reason, found.version) == (JobStatus.COMPLETED, None, 1)


@pytest.mark.parametrize("edit", ["pause", "delete", "cancel"])
def test_what_a_member_did_meanwhile_stands(stores: Stores, edit: str) -> None:
    running = claimed(stores, recurring(stores, schedule=ENDING), next_run_at=None)
    at = NOON + timedelta(seconds=1)
    edited = running.pause(at) if edit == "pause" else getattr(running, edit)(at, expires_at=TOMORROW)
    assert stores.jobs.replace(edited, read=running)
    assert finished(stores, execution(running))
    found = stores.jobs.get(TENANT, running.job_id)
    assert found == replace(edited, slot=None, tally=found.tally)


def test_a_schedule_that_goes_on_again_keeps_the_job_active(stores: Stores) -> None:
    running = claimed(stores, recurring(stores, schedule=ENDING), next_run_at=None)
    edited = replace(running, version=2, schedule=DAILY, next_run_at=TOMORROW)
    assert stores.jobs.replace(edited, read=running)
    assert finished(stores, execution(running))
    found = stores.jobs.get(TENANT, running.job_id)
    assert (found.status, found.next_run_at) == (JobStatus.ACTIVE, TOMORROW)


def test_an_edit_of_the_job_that_was_read_before_its_end_is_refused(stores: Stores) -> None:
    running = claimed(stores, recurring(stores, schedule=ENDING), next_run_at=None)
    assert finished(stores, execution(running))
    assert not stores.jobs.replace(replace(running, version=2, name="renamed"), read=running)


def test_being_completed_costs_one_write_that_is_refused(dynamodb: DynamoStores) -> None:
    running = claimed(dynamodb.stores, recurring(dynamodb.stores, schedule=ENDING), next_run_at=None)
    with counted(dynamodb) as calls:
        assert finished(dynamodb.stores, execution(running))
    assert calls == {"UpdateItem": 2}


PENDING = Pending(due_at=NOON - timedelta(hours=1))


@pytest.mark.parametrize("decision", [Completed(), GiveUp(reason="enough"), Cancelled()])
def test_who_waits_for_the_slot_takes_it_before_the_job_is_completed(stores: Stores, decision: Decision) -> None:
    held = Slot(due_at=NOON, attempt=1, token="token-1", lease_until=TOMORROW)
    made = recurring(stores, schedule=ENDING, slot=held, pending=(PENDING,), next_run_at=None)
    handover = Handover(known=(PENDING,), head=PENDING)
    last = execution(made, decision=decision)
    assert stores.jobs.finish_many([last], now=FINISHED_AT, handovers={last.token: handover}) == [True]
    found = stores.jobs.get(TENANT, made.job_id)
    assert (found.status, found.slot, found.pending) == (JobStatus.ACTIVE, handover.slot, ())
    assert stores.jobs.pass_on(found, Handover(known=()), now=FINISHED_AT, expires_at=TOMORROW)
    done = stores.jobs.get(TENANT, made.job_id)
    assert (done.status, done.slot, done.expires_at) == (JobStatus.COMPLETED, None, TOMORROW)
    assert done.updated_at == FINISHED_AT


@pytest.mark.parametrize("next_run_at", [None, TOMORROW])
@pytest.mark.parametrize("read_next_run_at", [None, TOMORROW])
@pytest.mark.parametrize("status", [JobStatus.ACTIVE, JobStatus.PAUSED])
def test_a_slot_that_nobody_takes_completes_an_active_job_that_has_nothing_to_come(
    stores: Stores, status: JobStatus, next_run_at: Any, read_next_run_at: Any
) -> None:
    made = recurring(stores, slot=Slot(due_at=NOON, attempt=1), next_run_at=next_run_at, status=status)
    read = replace(made, next_run_at=read_next_run_at)
    assert stores.jobs.pass_on(read, Handover(known=()), now=FINISHED_AT, expires_at=TOMORROW)
    found = stores.jobs.get(TENANT, made.job_id)
    is_over = next_run_at is None and status is JobStatus.ACTIVE
    assert found.status is (JobStatus.COMPLETED if is_over else status)
    assert (found.slot, found.expires_at) == (None, TOMORROW if is_over else None)


@pytest.mark.parametrize("slot", [None, Slot(due_at=NOON - timedelta(hours=1), attempt=2)])
@pytest.mark.parametrize("next_run_at", [None, TOMORROW])
def test_a_last_occurrence_that_is_left_out_completes_the_job_unless_it_is_busy(
    stores: Stores, slot: Slot | None, next_run_at: Any
) -> None:
    made = recurring(stores, slot=slot, payload="long" * 500)
    skipped = stores.jobs.skip(
        message(made), next_run_at=next_run_at, now=FINISHED_AT, if_busy=False, expires_at=TOMORROW
    )
    assert skipped
    found = stores.jobs.get(TENANT, made.job_id)
    is_over = next_run_at is None and slot is None
    assert found.status is (JobStatus.COMPLETED if is_over else JobStatus.ACTIVE)
    assert (found.next_run_at, found.slot) == (next_run_at, slot)
    assert found.expires_at == (TOMORROW if is_over else None)
    assert found.payload == made.payload
    again = stores.jobs.skip(
        message(made), next_run_at=next_run_at, now=FINISHED_AT, if_busy=False, expires_at=TOMORROW
    )
    assert not again


def test_leaving_out_costs_one_write_and_the_last_one_of_a_busy_job_one_that_is_refused(dynamodb: DynamoStores) -> None:
    stores = dynamodb.stores
    idle, busy = recurring(stores), recurring(stores, slot=Slot(due_at=NOON - timedelta(hours=1), attempt=2))
    for made, updates in [(idle, 1), (busy, 2)]:
        with counted(dynamodb) as calls:
            assert stores.jobs.skip(message(made), next_run_at=None, now=NOON, if_busy=False, expires_at=TOMORROW)
        assert calls == {"UpdateItem": updates}


BOUNDS = Bounds(
    start_at=NOON,
    end_at=NOON + timedelta(days=400, milliseconds=1),
    exclude=exclusions(["2026-12-24/2026-12-26", "2027-01-01", "1970-01-01", "2026-12-25"]),
)


@pytest.mark.parametrize(
    "schedule",
    [
        Cron(
            expression=replace(DAILY.expression, dst_missing=DstMissing.SKIP, dst_repeated=DstRepeated.BOTH),
            bounds=BOUNDS,
        ),
        Cron(expression=replace(DAILY.expression, timezone="Europe/Berlin"), jitter_seconds=3600),
        Cron(expression=DAILY.expression, bounds=Bounds(exclude=exclusions(["2026-12-24"]))),
        Interval(seconds=60, anchor_at=NOON, timezone="Asia/Tokyo", bounds=BOUNDS, jitter_seconds=30),
        Interval(seconds=60, anchor_at=NOON, bounds=Bounds(end_at=TOMORROW)),
    ],
    ids=lambda schedule: type(schedule).__name__,
)
def test_schedules_are_kept_as_they_are(stores: Stores, schedule: Any) -> None:
    made = recurring(stores, schedule=schedule)
    found = stores.jobs.get(TENANT, made.job_id)
    assert found.schedule == schedule
    assert found == made


def test_a_hundred_exclusions_leave_the_definition_small(stores: Stores) -> None:
    """An item of DynamoDB is billed by the kilobyte, at each write of an occurrence."""
    ranges = [
        f"{year}-{month:02d}-0{month % 3 + 1}/{year}-{month:02d}-28"
        for year in range(2026, 2034)
        for month in range(1, 13)
    ]
    exclude = exclusions([*ranges, *(f"2040-01-0{day}" for day in range(1, 5))])
    made = recurring(stores, schedule=replace(DAILY, bounds=Bounds(exclude=exclude)))
    assert stores.jobs.get(TENANT, made.job_id) == made
    assert len(exclude) == 100
    assert len(definition_text(made)) < 800
