"""What changes of a job leave out: occurrences that were due, or waited, and that nobody will start any more.

A paused job has accounted for everything up to its last change (``updated_at``): pausing accounts for what was due by
then, and each change while it is paused, the resume included, for what came since.
"""

from datetime import datetime, timedelta

from tickwell.domain.arrival import CANCELLED, EDITED, PAUSED, LeftOut, unbegun
from tickwell.domain.execution import SkipOutcome
from tickwell.domain.job import KEEPS_RETRY, Job, JobStatus, PauseReason
from tickwell.domain.message import JobMessage
from tickwell.domain.occurrence import Gap, gap_between, only, runs

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


def stranded(job: Job, message: JobMessage) -> Gap | None:
    """The occurrences from that of ``message`` on that were due before ``job`` paused itself, and nobody claimed.

    The write that pauses a job does not know of them; their message tells. One that was executed nevertheless overrides
    its record.
    """
    pauses = job.status is JobStatus.PAUSED and job.pause_reason is PauseReason.FAILURES and job.paused_at is not None
    was_armed = message.attempt == 1 and not message.queued and message.version == job.version - 1
    if not pauses or not was_armed or job.paused_at is None:
        return None
    return gap_between(job.schedule, message.due_at - _MILLISECOND, job.paused_at)


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
