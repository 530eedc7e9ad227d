"""What is known of an occurrence comes to one outcome."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.contract.makers import RETENTION, TENANT
from tests.doubles import NOON
from tickwell.domain.child import stand_in
from tickwell.domain.cron import CronExpression
from tickwell.domain.execution import Execution, ExecutionStatus, Skip, SkipOutcome
from tickwell.domain.job import Job, JobStatus
from tickwell.domain.occurrence_entry import OccurrenceEntry, Recorded, Window, due_between
from tickwell.domain.occurrence_outcome import occurrence_entries
from tickwell.domain.pending import Pending
from tickwell.domain.retry import Cancelled, Completed, Decision, GiveUp, RetryAt
from tickwell.domain.schedule import Cron, Interval
from tickwell.domain.slot import Slot

HOUR = timedelta(hours=1)
DONE = Completed()
RETRY = RetryAt(at=NOON + timedelta(minutes=5), attempt=2)
JOB = Job(
    tenant_id=TENANT,
    job_id="019aa7c2-5d3e-7c41-9b0e-3f5a6c7d8e90",
    version=1,
    user_id="user-1",
    name="a job",
    task="echo",
    schedule=Cron(expression=CronExpression.parse("0 * * * *")),
    next_run_at=NOON + HOUR,
    created_at=NOON - 24 * HOUR,
    updated_at=NOON,
)


def attempt(of: Job = JOB, due_at: datetime = NOON, number: int = 1, decision: Decision = DONE) -> Execution:
    return Execution(
        tenant_id=TENANT,
        job_id=of.job_id,
        due_at=due_at,
        attempt=number,
        status=ExecutionStatus.SUCCESS if decision == DONE else ExecutionStatus.FAILED,
        token="t",
        decision=decision,
        started_at=NOON,
        finished_at=NOON,
        expires_at=NOON + RETENTION,
    )


def skipped(first: datetime = NOON, last: datetime | None = None, count: int | None = 1, **changes: Any) -> Skip:
    fields: dict[str, Any] = {"reason": "missed", "expires_at": NOON + RETENTION, **changes}
    return Skip(
        tenant_id=TENANT, job_id=JOB.job_id, first_due_at=first, last_due_at=last or first, count=count, **fields
    )


def entries(
    job: Job = JOB,
    *,
    executions: Sequence[Execution] = (),
    skips: Sequence[Skip] = (),
    children: Sequence[Job] = (),
    after: datetime | None = None,
    most: int = 100,
) -> list[OccurrenceEntry]:
    recorded = Recorded(executions=executions, skips=skips, children=children)
    window = Window(since=NOON - 12 * HOUR if after is None else after, until=NOON, after=after)
    return occurrence_entries(job, recorded, window, most=most, now=NOON)


def only(job: Job = JOB, **found: Any) -> OccurrenceEntry:
    (entry,) = entries(job, **found)
    return entry


IN_SLOT = Slot(due_at=NOON, attempt=2)
RUNNING = replace(IN_SLOT, token="t")


@pytest.mark.parametrize(
    ("decision", "job", "outcome"),
    [
        (Completed(), JOB, "executed"),
        (GiveUp(reason="enough"), JOB, "executed"),
        (Cancelled(), JOB, "cancelled"),
        (RETRY, replace(JOB, slot=IN_SLOT), "waiting"),
        (RETRY, replace(JOB, slot=RUNNING), "running"),
        (RETRY, replace(JOB, slot=replace(RUNNING, attempt=1)), "waiting"),
        (RETRY, replace(JOB, next_run_at=NOON), "waiting"),
        (RETRY, JOB, "executed"),
        (RETRY, replace(JOB, status=JobStatus.CANCELLED, next_run_at=None), "cancelled"),
        (RETRY, replace(JOB, status=JobStatus.DELETED, next_run_at=None), "cancelled"),
        (Completed(), replace(JOB, slot=replace(RUNNING, attempt=1)), "executed"),
    ],
)
def test_attempts_of_the_job_itself(decision: Decision, job: Job, outcome: str) -> None:
    entry = only(job, executions=[attempt(decision=decision)])
    assert (entry.outcome, entry.execution_id is not None) == (outcome, True)
    assert (entry.next_attempt_at is not None) == (outcome == "waiting")


@pytest.mark.parametrize(
    ("given_up", "outcome"), [(SkipOutcome.SKIPPED, "executed"), (SkipOutcome.CANCELLED, "cancelled")]
)
def test_a_retry_that_is_not_made_any_more_has_the_reason_of_its_record(given_up: SkipOutcome, outcome: str) -> None:
    skip = skipped(reason="a newer occurrence took its place", outcome=given_up)
    entry = only(executions=[attempt(decision=RETRY)], skips=[skip])
    assert (entry.outcome, entry.reason, entry.status) == (outcome, skip.reason, ExecutionStatus.FAILED)


def test_the_newest_attempt_counts() -> None:
    tried = [attempt(decision=RETRY), attempt(number=2)]
    assert (only(executions=tried).status, only(executions=tried).attempt) == (ExecutionStatus.SUCCESS, 2)


def test_what_is_known_of_an_instant_counts_in_a_fixed_order() -> None:
    child = stand_in(JOB, NOON, now=NOON)
    own, others = attempt(), attempt(child)
    skip = skipped()
    running = replace(JOB, slot=replace(RUNNING, attempt=1))
    assert only(executions=[own, others], skips=[skip], children=[child]).execution_id == own.execution_id
    assert only(running, executions=[others], skips=[skip], children=[child]).outcome == "running"
    assert only(executions=[others], skips=[skip], children=[child]).execution_id == others.execution_id
    assert only(executions=[others], skips=[skip]).child_id == child.job_id
    assert only(skips=[skip], children=[child]).outcome == "waiting"
    assert only(skips=[skip]).outcome == "skipped"
    assert only(skips=[replace(skip, outcome=SkipOutcome.CANCELLED)]).outcome == "cancelled"
    assert only(replace(JOB, next_run_at=NOON)).outcome == "waiting"


def test_what_waits_for_the_slot_is_told() -> None:
    job = replace(JOB, slot=replace(RUNNING, due_at=NOON - HOUR), pending=(Pending(due_at=NOON),))
    running, waiting = entries(job, skips=[skipped()])
    assert (running.outcome, waiting.due_at, waiting.outcome) == ("running", NOON, "waiting")
    assert waiting.reason == "waits for the occurrences before it"


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, "waiting"),
        ({"slot": replace(RUNNING, attempt=1), "next_run_at": None}, "running"),
        ({"slot": IN_SLOT, "next_run_at": None}, "waiting"),
        ({"status": JobStatus.CANCELLED, "next_run_at": None}, "cancelled"),
        ({"status": JobStatus.DELETED, "next_run_at": None}, "cancelled"),
    ],
)
def test_a_child_without_a_record(changes: dict[str, Any], outcome: str) -> None:
    child = replace(stand_in(JOB, NOON, now=NOON), **changes)
    entry = only(children=[child])
    assert (entry.due_at, entry.outcome, entry.child_id) == (NOON, outcome, child.job_id)


def test_a_child_whose_records_are_gone_says_nothing() -> None:
    child = replace(stand_in(JOB, NOON, now=NOON), status=JobStatus.COMPLETED, next_run_at=None)
    assert entries(children=[child]) == []
    assert only(children=[child], skips=[skipped()]).outcome == "skipped"


def test_what_a_child_did_later_is_no_occurrence_of_its_parent() -> None:
    """It was retried, as an occurrence of its own."""
    child = stand_in(JOB, NOON - HOUR, now=NOON)
    first, again = attempt(child, NOON - HOUR), attempt(child, NOON)
    assert only(executions=[first, again]).due_at == NOON - HOUR


def test_a_range_goes_on_behind_what_was_executed_after_all() -> None:
    long = skipped(NOON - 3 * HOUR, NOON, None)
    first, rest = entries(executions=[attempt(due_at=NOON - 3 * HOUR)], skips=[long])
    assert (first.due_at, first.outcome) == (NOON - 3 * HOUR, "executed")
    assert (rest.due_at, rest.last_due_at) == (NOON - 2 * HOUR, NOON)


RESCHEDULED = replace(JOB, schedule=Interval(seconds=1700, anchor_at=NOON - 24 * HOUR))
"""Its schedule does not say any more which occurrences there were each hour."""


def test_what_was_recorded_as_left_out_and_ran_and_was_recorded_anew_is_told_once() -> None:
    """As where a worker claims the first one between the two writes of an edit, which is tried again then."""
    skips = [skipped(NOON - HOUR, NOON, 2), skipped(NOON)]
    found = entries(RESCHEDULED, executions=[attempt(due_at=NOON - HOUR)], skips=skips)
    assert [(one.due_at, one.outcome, one.count) for one in found] == [
        (NOON - HOUR, "executed", 1),
        (NOON, "skipped", 1),
    ]


@pytest.mark.parametrize(("later", "count"), [(timedelta(0), 3), (HOUR, None)])
def test_ranges_that_overlap_are_told_as_one(later: timedelta, count: int | None) -> None:
    start = NOON - 5 * HOUR
    skips = [skipped(start, start + 3 * HOUR, 4), skipped(start + HOUR, start + 3 * HOUR + later, 3)]
    first, rest = entries(RESCHEDULED, executions=[attempt(due_at=start)], skips=skips)
    assert (first.due_at, first.outcome) == (start, "executed")
    assert start < rest.due_at <= start + HOUR
    assert (rest.last_due_at, rest.count) == (start + 3 * HOUR + later, count)


def test_ranges_that_follow_each_other_are_told_one_by_one() -> None:
    start = NOON - 5 * HOUR
    skips = [skipped(start, start + 2 * HOUR, 3), skipped(start + 3 * HOUR, start + 4 * HOUR, 2, reason="edited")]
    assert [(one.due_at, one.count) for one in entries(RESCHEDULED, skips=skips)] == [(start, 3), (start + 3 * HOUR, 2)]


def test_what_was_backfilled_by_another_schedule_is_not_among_those_of_a_range() -> None:
    child = replace(stand_in(RESCHEDULED, NOON - timedelta(minutes=90), now=NOON), status=JobStatus.COMPLETED)
    ran = attempt(child, due_at=NOON - timedelta(minutes=90))
    first, second = entries(RESCHEDULED, executions=[ran], skips=[skipped(NOON - 2 * HOUR, NOON, 3)], children=[child])
    assert (first.count, first.outcome) == (3, "skipped")
    assert (second.due_at, second.outcome) == (NOON - timedelta(minutes=90), "executed")


def test_a_range_that_was_shown_is_not_shown_again_and_instants_go_on() -> None:
    long, short = skipped(NOON - 3 * HOUR, NOON, None), skipped(NOON - 2 * HOUR, NOON, 3)
    assert len(entries(skips=[long])) == 1
    assert entries(skips=[long], after=NOON - 3 * HOUR) == []
    assert [one.due_at for one in entries(skips=[short], after=NOON - HOUR)] == [NOON - HOUR, NOON]


@pytest.mark.parametrize("count", [2, 4])
def test_a_range_that_the_schedule_tells_otherwise_is_one_entry(count: int) -> None:
    assert only(skips=[skipped(NOON - 2 * HOUR, NOON, count)]).count == count


def test_no_more_is_worked_out_than_was_asked_for() -> None:
    job = replace(JOB, schedule=Interval(seconds=1, anchor_at=NOON - 24 * HOUR))
    skips = [skipped(NOON - (n + 1) * HOUR, NOON - n * HOUR - timedelta(seconds=1), 3600) for n in range(10, 0, -1)]
    ranges = [replace(one, last_due_at=one.first_due_at + timedelta(seconds=999), count=1000) for one in skips]
    found = entries(job, skips=ranges, most=5)
    assert [one.due_at for one in found] == [ranges[0].first_due_at + timedelta(seconds=n) for n in range(5)]


def test_occurrences_of_a_range_include_both_ends() -> None:
    found = list(due_between(JOB.schedule, NOON, NOON + 2 * HOUR))
    assert found == [NOON, NOON + HOUR, NOON + 2 * HOUR]
    assert list(due_between(JOB.schedule, NOON + HOUR / 2, NOON + HOUR / 2)) == []


@pytest.mark.parametrize(("executed", "begins"), [(True, NOON - 8 * HOUR), (False, NOON - 9 * HOUR)])
def test_a_page_that_ends_where_a_range_begins_loses_no_range_and_shows_none_twice(
    executed: bool, begins: datetime
) -> None:
    begin = NOON - 9 * HOUR
    many = skipped(begin, NOON, count=None)
    recorded = Recorded(skips=[many], executions=[attempt(due_at=begin)] if executed else [])
    whole = occurrence_entries(JOB, recorded, Window(since=begin, until=NOON), most=10, now=NOON)
    assert whole[-1].due_at == begins
    behind = Window(since=begin + timedelta(milliseconds=1), until=NOON, after=begin)
    rest = occurrence_entries(JOB, recorded, behind, most=10, now=NOON)
    assert [*whole[:1], *rest] == whole
