"""What changes of a job leave out: occurrences that were due, or waited, and that nobody will start any more.

A paused job has accounted for everything up to its last change (``updated_at``): pausing accounts for what was due by
then, and each change while it is paused, the resume included, for what came since.
"""

from datetime import datetime, timedelta

from tickwell.domain.arrival import CANCELLED, EDITED, PAUSED, LeftOut, unbegun
from tickwell.domain.execution import SkipOutcome
from tickwell.domain.job import KEEPS_RETRY, Job, JobStatus
from tickwell.domain.occurrence import gap_between, only, runs

_MILLISECOND = timedelta(milliseconds=1)


def left_out_by(read: Job, changed: Job, now: datetime) -> list[LeftOut]:
    """The occurrences that the change from ``read`` to ``changed`` at ``now`` leaves out."""
    found = [*_armed(read, changed, now), *_during_pause(read, now)]
    if changed.status in KEEPS_RETRY:
        return found
    slot = read.slot
    if slot is not None and not slot.is_running():
        found += unbegun(slot, CANCELLED, SkipOutcome.CANCELLED)
    waiting = runs(read.schedule, [pending.due_at for pending in read.pending])
    return [*found, *(LeftOut(gap=gap, reason=CANCELLED, outcome=SkipOutcome.CANCELLED) for gap in waiting)]


def left_out_by_pausing_itself(job: Job, now: datetime) -> list[LeftOut]:
    """What is left out should one more failure pause ``job``, as read, at ``now``: what is due and not claimed yet.

    The write that pauses it knows no schedule. One that is claimed in the meantime overrides its record.
    """
    limit, due_at = job.policy.pause_after_failures, job.next_run_at
    if limit is None or due_at is None or job.status is not JobStatus.ACTIVE or job.failures_in_a_row + 1 < limit:
        return []
    gap = gap_between(job.schedule, due_at - _MILLISECOND, now)
    return [] if gap is None else [LeftOut(gap=gap, reason=PAUSED)]


def _armed(read: Job, changed: Job, now: datetime) -> list[LeftOut]:
    """The occurrence that was armed, and those that have passed since then."""
    due_at = read.next_run_at
    if due_at is None or changed.next_run_at == due_at:
        return []
    ends = changed.status not in KEEPS_RETRY
    outcome = SkipOutcome.CANCELLED if ends else SkipOutcome.SKIPPED
    reason = CANCELLED if ends else PAUSED if changed.status is JobStatus.PAUSED else EDITED
    if not read.is_recurring:
        return [LeftOut(gap=only(due_at), reason=reason, outcome=outcome)] if ends or due_at <= now else []
    gap = gap_between(read.schedule, due_at - _MILLISECOND, now)
    return [] if gap is None else [LeftOut(gap=gap, reason=reason, outcome=outcome)]


def _during_pause(read: Job, now: datetime) -> list[LeftOut]:
    if read.status is not JobStatus.PAUSED or not read.is_recurring:
        return []
    gap = gap_between(read.schedule, read.updated_at, now)
    return [] if gap is None else [LeftOut(gap=gap, reason=PAUSED)]
