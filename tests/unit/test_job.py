"""Jobs: transitions, the derived state, and where a message stands to its job."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tickwell.application.arming import attempt_message, first_attempt
from tickwell.domain.errors import IllegalTransitionError, NotFoundError
from tickwell.domain.execution import execution_id, parse_execution_id
from tickwell.domain.job import TRANSITIONS, Job, JobState, JobStatus, sources
from tickwell.domain.occurrence import Gap, Rearm, Standing, rearm, standing
from tickwell.domain.retry import Policy
from tickwell.domain.schedule import Interval, OneTime, next_due
from tickwell.domain.slot import LEASE_MARGIN, Slot

JOB_ID = "01935f2e-7c1a-7b2e-9d3f-5b6c7d8e9f00"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
EVERY_MINUTE = Interval(seconds=60, anchor_at=NOON)


def a_job(**fields: Any) -> Job:
    defaults: dict[str, Any] = {
        "tenant_id": "t",
        "job_id": JOB_ID,
        "version": 4,
        "user_id": "u",
        "name": "n",
        "task": "echo",
        "schedule": EVERY_MINUTE,
        "next_run_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job(**(defaults | fields))


RUNNING = Slot(due_at=NOON, attempt=2, token="x", lease_until=NOON + MINUTE)
WAITING = Slot(due_at=NOON, attempt=2)

ALLOWED = {
    ("active", "paused"), ("active", "completed"), ("active", "failed"), ("active", "cancelled"), ("active", "deleted"),
    ("paused", "active"), ("paused", "cancelled"), ("paused", "deleted"),
    ("completed", "active"), ("failed", "active"), ("cancelled", "active"),
    ("completed", "deleted"), ("failed", "deleted"), ("cancelled", "deleted"),
}  # fmt: skip


@pytest.mark.parametrize("source", JobStatus)
@pytest.mark.parametrize("target", JobStatus)
def test_which_status_may_follow_which(source: JobStatus, target: JobStatus) -> None:
    allowed = (source.value, target.value) in ALLOWED
    assert (target in TRANSITIONS[source]) is allowed
    assert (source in sources(target)) is allowed


@pytest.mark.parametrize("status", JobStatus)
def test_every_step_is_refused_where_it_is_not_allowed(status: JobStatus) -> None:
    job = a_job(status=status)
    steps: dict[JobStatus, Callable[[], Job]] = {
        JobStatus.PAUSED: lambda: job.pause(NOON),
        JobStatus.ACTIVE: lambda: job.resume(NOON) if status is JobStatus.PAUSED else job.retry(NOON),
        JobStatus.CANCELLED: lambda: job.cancel(NOON, expires_at=NOON),
        JobStatus.DELETED: lambda: job.delete(NOON, expires_at=NOON),
    }
    for target, step in steps.items():
        if (status.value, target.value) in ALLOWED:
            changed = step()
            assert (changed.status, changed.version) == (target, job.version + 1)
        else:
            with pytest.raises(IllegalTransitionError):
                step()


def test_a_retried_one_time_job_is_due_at_once_and_never_at_an_instant_that_it_had() -> None:
    ended = a_job(schedule=OneTime(at=NOON), status=JobStatus.FAILED, next_run_at=None, last_executed_at=NOON)
    assert ended.retry(NOON + MINUTE).next_run_at == NOON + MINUTE
    assert ended.retry(NOON).next_run_at == NOON + timedelta(milliseconds=1)
    assert replace(ended, expires_at=NOON).retry(NOON).expires_at is None


def test_a_recurring_job_that_was_cancelled_goes_on_with_its_next_occurrence() -> None:
    assert a_job(status=JobStatus.CANCELLED, next_run_at=None).retry(NOON).next_run_at == NOON + MINUTE


def test_a_job_is_not_retried_while_its_last_attempt_runs() -> None:
    with pytest.raises(IllegalTransitionError):
        a_job(status=JobStatus.CANCELLED, slot=RUNNING).retry(NOON)


@pytest.mark.parametrize(("slot", "kept"), [(RUNNING, RUNNING), (WAITING, None), (None, None)])
def test_cancelling_gives_up_what_waits_and_leaves_the_slot_to_what_runs(slot: Slot | None, kept: Slot | None) -> None:
    cancelled = a_job(slot=slot).cancel(NOON, expires_at=NOON + MINUTE)
    assert (cancelled.slot, cancelled.next_run_at, cancelled.expires_at) == (kept, None, NOON + MINUTE)


@pytest.mark.parametrize(("stall_seconds", "lease_seconds"), [(None, 300), (30, 30), (900, 300)])
def test_a_lease_holds_until_the_time_limit_or_the_stall_limit(stall_seconds: int | None, lease_seconds: int) -> None:
    assert Policy(stall_seconds=stall_seconds).lease_seconds == lease_seconds


def test_only_recurring_jobs_can_be_paused() -> None:
    with pytest.raises(IllegalTransitionError):
        a_job(schedule=OneTime(at=NOON)).pause(NOON)


def test_resuming_goes_on_with_the_first_occurrence_after_now() -> None:
    job = a_job(status=JobStatus.PAUSED, next_run_at=None)
    assert job.resume(NOON + 90 * SECOND).next_run_at == NOON + 120 * SECOND


def test_deleting_empties_a_waiting_slot_and_leaves_a_running_attempt_alone() -> None:
    assert a_job(slot=WAITING).delete(NOON, expires_at=NOON).slot is None
    assert a_job(slot=RUNNING).delete(NOON, expires_at=NOON).slot == RUNNING


@pytest.mark.parametrize(
    ("fields", "state"),
    [
        ({"next_run_at": NOON + SECOND}, JobState.DELAYED),
        ({"next_run_at": NOON}, JobState.WAITING),
        ({"slot": RUNNING}, JobState.RUNNING),
        ({"slot": WAITING, "next_run_at": NOON + SECOND}, JobState.RETRYING),
        ({"status": JobStatus.PAUSED}, JobState.PAUSED),
        ({"status": JobStatus.PAUSED, "slot": WAITING}, JobState.PAUSED),
        ({"status": JobStatus.COMPLETED}, JobState.COMPLETED),
        ({"status": JobStatus.DELETED, "slot": RUNNING}, JobState.DELETED),
    ],
)
def test_the_state_is_derived(fields: dict[str, Any], state: JobState) -> None:
    assert a_job(**fields).state(NOON) is state


FIRST = first_attempt(a_job(), NOON)
SECOND_ATTEMPT = attempt_message(a_job(), due_at=NOON, attempt=2, run_at=NOON)
QUEUED = replace(FIRST, queued=True)
TAKEOVER = NOON + MINUTE + 5 * SECOND


@pytest.mark.parametrize(
    ("message", "job", "now", "expected"),
    [
        (FIRST, a_job(), NOON, Standing.WAITING),
        (FIRST, a_job(version=5), NOON, Standing.RESOLVED),
        (FIRST, a_job(next_run_at=NOON + MINUTE), NOON, Standing.RESOLVED),
        (FIRST, a_job(next_run_at=None), NOON, Standing.RESOLVED),
        (FIRST, a_job(status=JobStatus.PAUSED), NOON, Standing.RESOLVED),
        (FIRST, a_job(slot=replace(WAITING, due_at=NOON - MINUTE)), NOON, Standing.BLOCKED),
        (FIRST, a_job(slot=replace(RUNNING, attempt=1)), NOON, Standing.RUNNING),
        (FIRST, a_job(slot=replace(RUNNING, attempt=1)), TAKEOVER - SECOND, Standing.RUNNING),
        (FIRST, a_job(slot=replace(RUNNING, attempt=1)), TAKEOVER, Standing.ABANDONED),
        (FIRST, a_job(slot=replace(RUNNING, attempt=1), status=JobStatus.DELETED), TAKEOVER, Standing.ABANDONED),
        (FIRST, a_job(slot=WAITING), NOON, Standing.RESOLVED),
        (SECOND_ATTEMPT, a_job(slot=WAITING), NOON, Standing.WAITING),
        (SECOND_ATTEMPT, a_job(slot=WAITING, version=9), NOON, Standing.WAITING),
        (SECOND_ATTEMPT, a_job(slot=WAITING, status=JobStatus.PAUSED), NOON, Standing.RESOLVED),
        (SECOND_ATTEMPT, a_job(slot=RUNNING), NOON, Standing.RUNNING),
        (SECOND_ATTEMPT, a_job(slot=replace(WAITING, attempt=3)), NOON, Standing.RESOLVED),
        (SECOND_ATTEMPT, a_job(slot=None), NOON, Standing.RESOLVED),
        (FIRST, a_job(slot=replace(WAITING, attempt=1)), NOON, Standing.RESOLVED),
        (QUEUED, a_job(slot=replace(WAITING, attempt=1)), NOON, Standing.WAITING),
        (QUEUED, a_job(slot=replace(WAITING, attempt=1), version=9), NOON, Standing.WAITING),
        (QUEUED, a_job(slot=replace(WAITING, attempt=1), status=JobStatus.PAUSED), NOON, Standing.RESOLVED),
        (QUEUED, a_job(slot=replace(RUNNING, attempt=1)), NOON, Standing.RUNNING),
        (QUEUED, a_job(slot=WAITING), NOON, Standing.RESOLVED),
        (QUEUED, a_job(), NOON, Standing.RESOLVED),
        (QUEUED, a_job(slot=replace(WAITING, due_at=NOON - MINUTE)), NOON, Standing.RESOLVED),
    ],
)
def test_where_a_message_stands(message: Any, job: Job, now: Any, expected: Standing) -> None:
    assert standing(message, job, now) is expected


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        (0 * SECOND, Rearm(next_run_at=NOON + MINUTE, gap=None)),
        (60 * SECOND, Rearm(next_run_at=NOON + MINUTE, gap=None)),
        (
            121 * SECOND,
            Rearm(
                next_run_at=NOON + 2 * MINUTE,
                gap=Gap(first_due_at=NOON + MINUTE, last_due_at=NOON + MINUTE, count=1),
            ),
        ),
        (
            timedelta(days=365) + SECOND,
            Rearm(
                next_run_at=NOON + timedelta(days=365),
                gap=Gap(
                    first_due_at=NOON + MINUTE, last_due_at=NOON + timedelta(days=365) - MINUTE, count=365 * 1440 - 1
                ),
            ),
        ),
    ],
)
def test_how_a_recurring_job_goes_on_when_it_is_late(late: timedelta, expected: Rearm) -> None:
    assert rearm(EVERY_MINUTE, NOON, NOON + late, grace=MINUTE) == expected


def test_an_interval_counts_from_its_anchor() -> None:
    schedule = Interval(seconds=7, anchor_at=NOON)
    assert next_due(schedule, NOON - MINUTE) == NOON + 7 * SECOND
    assert next_due(schedule, NOON) == NOON + 7 * SECOND
    assert next_due(schedule, NOON + 7 * SECOND) == NOON + 14 * SECOND
    assert next_due(schedule, NOON + timedelta(seconds=13, milliseconds=999)) == NOON + 14 * SECOND


def test_an_execution_id_names_job_occurrence_and_attempt() -> None:
    identifier = execution_id(JOB_ID, NOON, 12)
    assert parse_execution_id(identifier) == (JOB_ID, NOON, 12)


@pytest.mark.parametrize(
    "identifier",
    ["", "x", JOB_ID, f"{JOB_ID}-", f"{JOB_ID}-1-1", f"{JOB_ID}-0193a1b2c3d4-01", f"{JOB_ID}-0193A1B2C3D4-1",
     f"{JOB_ID}-0193a1b2c3d4-1-1", f"{JOB_ID}-ffffffffffffffff-1", f"{JOB_ID}-0193a1b2c3d4-१"],
)  # fmt: skip
def test_what_is_no_execution_id_is_not_found(identifier: str) -> None:
    with pytest.raises(NotFoundError):
        parse_execution_id(identifier)


@pytest.mark.parametrize(
    ("policy", "after_seconds", "holds_seconds"),
    [
        (Policy(timeout_seconds=100), 99, 100),
        (Policy(timeout_seconds=100, stall_seconds=30), 0, 30),
        (Policy(timeout_seconds=100, stall_seconds=30), 50, 80),
        (Policy(timeout_seconds=100, stall_seconds=30), 99, 100),
        (Policy(timeout_seconds=20, stall_seconds=30), 5, 20),
    ],
)
def test_a_sign_extends_the_lease_up_to_the_time_limit(policy: Policy, after_seconds: int, holds_seconds: int) -> None:
    running = a_job(policy=policy, last_executed_at=NOON)
    until = running.lease_after_sign(NOON + after_seconds * SECOND)
    assert until == NOON + holds_seconds * SECOND + LEASE_MARGIN
