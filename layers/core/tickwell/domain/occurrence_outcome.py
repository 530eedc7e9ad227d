"""What became of the occurrences of a job, and which are to come: each instant has one outcome.

What is past is known from records: executions of the job, executions of the children that stood in for it, and skips.
What is present, from the job and those children. What is to come, from the schedule.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice

from tickwell.domain.arrival import PAUSED
from tickwell.domain.child import parent_of, stands_in_for
from tickwell.domain.execution import Execution, ExecutionStatus, Skip, SkipOutcome, execution_id
from tickwell.domain.job import ENDS_ATTEMPT, Job, JobStatus
from tickwell.domain.occurrence_entry import (
    MILLISECOND,
    OccurrenceEntry,
    OccurrenceOutcome,
    Recorded,
    Window,
    due_between,
    is_undecided,
)
from tickwell.domain.retry import Cancelled, GiveUp, RetryAt
from tickwell.domain.schedule import OneTime
from tickwell.domain.skipped_ranges import beside_singles, skipped


def occurrence_entries(
    job: Job, recorded: Recorded, window: Window, *, most: int, now: datetime
) -> list[OccurrenceEntry]:
    """The first ``most`` entries of ``window``, in order; ``job`` was read before ``recorded``.

    Of what is known of one instant this counts, in this order: attempts of the job, what it is doing, a child that
    stands in for it, a skip, the schedule.
    """
    attempts, of_children = _by_occurrence(job, recorded.executions)
    skips = {skip.first_due_at: skip for skip in recorded.skips}
    found = {entry.due_at: entry for entry in islice(_undecided(job, window, now), most)}
    ranges, skips_alone = skipped(job, recorded.skips, window, most)
    found |= skips_alone
    for child in recorded.children:
        due_at = stands_in_for(child.job_id)
        if due_at is not None and (entry := _of_child(child, due_at, of_children.pop(due_at, []), now)) is not None:
            found[due_at] = entry
    found |= {due_at: _tried(tried, None, None, now) for due_at, tried in of_children.items()}
    found |= {entry.due_at: entry for entry in _in_slot(job, now)}
    found |= {due_at: _tried(tried, job, skips.get(due_at), now) for due_at, tried in attempts.items()}
    singles = [entry for entry in found.values() if window.has(entry.due_at)]
    # One that begins where the page before ended was shown there, unless that page showed an execution at that instant.
    unshown = [entry for entry in ranges if entry.due_at != window.after or entry.due_at in found]
    whole = beside_singles(unshown, found, job.schedule)
    return sorted([*whole, *singles], key=lambda entry: entry.due_at)[:most]


def _by_occurrence(
    job: Job, executions: Sequence[Execution]
) -> tuple[dict[datetime, list[Execution]], dict[datetime, list[Execution]]]:
    """The attempts of the job itself, and those of children that stood in for it; extra executions are left out."""
    own: dict[datetime, list[Execution]] = {}
    others: dict[datetime, list[Execution]] = {}
    for execution in executions:
        if execution.job_id == job.job_id:
            own.setdefault(execution.due_at, []).append(execution)
        elif stands_in_for(execution.job_id) == execution.due_at:
            others.setdefault(execution.due_at, []).append(execution)
    return own, others


def _tried(attempts: Sequence[Execution], job: Job | None, skip: Skip | None, now: datetime) -> OccurrenceEntry:
    """What the recorded ``attempts`` of one occurrence come to; ``job`` ran them (None: it is not known any more)."""
    last = attempts[-1]
    slot = None if job is None or job.slot is None or job.slot.due_at != last.due_at else job.slot
    if job is not None and slot is not None and slot.is_running() and slot.attempt > last.attempt:
        return _running(job, now)
    outcome, reason, next_at = OccurrenceOutcome.EXECUTED, None, None
    match last.decision:
        case Cancelled():
            outcome, reason = OccurrenceOutcome.CANCELLED, "cancelled while it was running"
        case GiveUp(reason=why):
            reason = why
        case RetryAt(at=at) if job is None or slot is not None or is_undecided(job, last.due_at):
            outcome, next_at = OccurrenceOutcome.WAITING, at
            reason = f"attempt {last.attempt} ended as {last.status.value}; the next one is to come"
        case RetryAt():
            outcome, reason = _without_retry(job, skip)
    return OccurrenceEntry(
        due_at=last.due_at,
        outcome=outcome,
        reason=reason,
        status=last.status,
        attempt=last.attempt,
        execution_id=last.execution_id,
        child_id=_child_id(last.job_id),
        next_attempt_at=next_at,
    )


def _without_retry(job: Job | None, skip: Skip | None) -> tuple[OccurrenceOutcome, str]:
    """How an occurrence ended whose next attempt was given up while it waited."""
    if skip is not None:
        cancelled = skip.outcome is SkipOutcome.CANCELLED
        return OccurrenceOutcome.CANCELLED if cancelled else OccurrenceOutcome.EXECUTED, skip.reason
    if job is not None and job.status in ENDS_ATTEMPT:
        return OccurrenceOutcome.CANCELLED, f"the job was {job.status.value} before the next attempt"
    return OccurrenceOutcome.EXECUTED, "the next attempt was given up"


def _of_child(child: Job, due_at: datetime, tried: Sequence[Execution], now: datetime) -> OccurrenceEntry | None:
    """What a child makes of the occurrence that it stands in for; None where its records are gone."""
    if tried:
        return _tried(tried, child, None, now)
    for entry in _in_slot(child, now):
        if entry.due_at == due_at:
            return entry
    if child.next_run_at == due_at:
        return OccurrenceEntry(due_at=due_at, outcome=OccurrenceOutcome.WAITING, child_id=child.job_id)
    if child.status in ENDS_ATTEMPT:
        reason = f"{child.status.value} before it began"
        return OccurrenceEntry(due_at=due_at, outcome=OccurrenceOutcome.CANCELLED, reason=reason, child_id=child.job_id)
    return None


def _in_slot(job: Job, now: datetime) -> Iterator[OccurrenceEntry]:
    """What ``job`` is busy with, and what waits behind that."""
    slot = job.slot
    if slot is not None and slot.is_running():
        yield _running(job, now)
    elif slot is not None:
        yield OccurrenceEntry(due_at=slot.due_at, outcome=OccurrenceOutcome.WAITING, child_id=_child_id(job.job_id))
    for pending in job.pending:
        reason = "waits for the occurrences before it"
        yield OccurrenceEntry(due_at=pending.due_at, outcome=OccurrenceOutcome.WAITING, reason=reason)


def _running(job: Job, now: datetime) -> OccurrenceEntry:
    slot = job.slot
    due_at, attempt = (now, 1) if slot is None else (slot.due_at, slot.attempt)
    return OccurrenceEntry(
        due_at=due_at,
        outcome=OccurrenceOutcome.RUNNING,
        status=ExecutionStatus.RUNNING,
        attempt=attempt,
        execution_id=execution_id(job.job_id, due_at, attempt),
        child_id=_child_id(job.job_id),
    )


def _undecided(job: Job, window: Window, now: datetime) -> Iterator[OccurrenceEntry]:
    """What is due and not begun, and what is to come, as the job and its schedule say; see also ``_without_record``."""
    if job.next_run_at is None or job.status is not JobStatus.ACTIVE:
        yield from _without_record(job, window, now)
        return
    if window.has(job.next_run_at):
        yield _to_come(job.next_run_at, now)
    if job.is_recurring:
        since = max(window.since, job.next_run_at + MILLISECOND)
        yield from (_to_come(due_at, now) for due_at in due_between(job.schedule, since, window.until))


def _without_record(job: Job, window: Window, now: datetime) -> Iterator[OccurrenceEntry]:
    """What passed since a job was paused, which its next change records; a one-time job that ended before it began."""
    schedule = job.schedule
    if isinstance(schedule, OneTime):
        if job.status in ENDS_ATTEMPT and job.last_executed_at is None:
            reason = f"{job.status.value} before it began"
            yield OccurrenceEntry(due_at=schedule.at, outcome=OccurrenceOutcome.CANCELLED, reason=reason)
    elif job.status is JobStatus.PAUSED:
        since = max(window.since, job.updated_at + MILLISECOND)
        for due_at in due_between(schedule, since, min(window.until, now)):
            yield OccurrenceEntry(due_at=due_at, outcome=OccurrenceOutcome.SKIPPED, reason=PAUSED)


def _to_come(due_at: datetime, now: datetime) -> OccurrenceEntry:
    outcome = OccurrenceOutcome.WAITING if due_at <= now else OccurrenceOutcome.UPCOMING
    return OccurrenceEntry(due_at=due_at, outcome=outcome)


def _child_id(job_id: str) -> str | None:
    return None if parent_of(job_id) is None else job_id
