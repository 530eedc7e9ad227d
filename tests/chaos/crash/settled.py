"""A flow played with its fault, and what must be true once time has passed; see ``test_crash_points``."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tests.chaos.crash.flows import MINUTE, Flow
from tests.chaos.crash.lab import Crash, Lab, Wire, new_lab
from tests.outcomes import ran
from tests.world import ADA
from tickwell.domain.errors import TickwellError
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.job import ENDS_ATTEMPT, Job, JobState, JobStatus
from tickwell.domain.queue import Queue
from tickwell.domain.retry import GiveUp, Overlap, RetryAt
from tickwell.domain.schedule import next_due

LONG_ENOUGH = 33 * MINUTE
RESTART = timedelta(seconds=20)
STEP = MINUTE
STILL_DUE = 2 * MINUTE


def play(folder: Path, flow: Flow, wire: Wire) -> Lab:
    """Run ``flow`` with its fault, and then let time pass without further ones."""
    lab, close = new_lab(folder, wire)
    try:
        flow.prepare(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            flow.act(lab)
        wire.revive()
        lab.world.clock.advance(RESTART)
        _resume_all(lab)
        lab.world.live(LONG_ENOUGH, step=STEP)
        assert lab.faults == []
        for job in lab.all_jobs():
            _assert_settled(lab, job)
    finally:
        close()
    return lab


def _resume_all(lab: Lab) -> None:
    for state in lab.world.queues.list_queues(ADA):
        if state.queue.paused_at is not None:
            lab.world.queues.change(ADA, state.queue.name, Queue.resumed)
    for job in lab.all_jobs():
        if job.status is JobStatus.PAUSED:
            lab.world.clock.advance(200)
            lab.world.change.resume(ADA, job.job_id)


def _assert_settled(lab: Lab, job: Job) -> None:
    executions = lab.world.executions(job)
    letters = lab.world.read.dead_letters(ADA, limit=100, cursor=None).items
    given_up = sum(isinstance(e.decision, GiveUp) for e in executions)
    assert sum(letter.job_id == job.job_id for letter in letters) == given_up
    assert job.tally.executions == len(executions)
    assert job.pending == ()
    for due_at in {e.due_at for e in executions}:
        _assert_one_outcome(job, [e for e in executions if e.due_at == due_at])
    if job.status in ENDS_ATTEMPT:
        assert (job.slot, job.next_run_at) == (None, None)
    elif job.status is JobStatus.PAUSED:
        assert (job.slot, job.next_run_at, job.failures_in_a_row) == (None, None, given_up)
        assert job.failures_in_a_row == job.policy.pause_after_failures
    elif job.is_recurring and job.status is JobStatus.COMPLETED:
        assert (job.slot, job.next_run_at) == (None, None)
        assert job.expires_at is not None
        _assert_outcomes(lab, job, [e.due_at for e in executions])
    elif job.is_recurring:
        _assert_goes_on(lab, job, [e.due_at for e in ran(lab.world, job) if e.attempt == 1])
    else:
        assert (job.slot, job.next_run_at) == (None, None)
        assert executions
        last = executions[-1]
        assert job.status is last.ends_as
        assert last.due_at == max(e.due_at for e in executions)


def _assert_one_outcome(job: Job, executions: list[Execution]) -> None:
    """Attempts in a row without a hole; only the last one is final, and it is unless the job was ended."""
    assert [e.attempt for e in executions] == list(range(1, len(executions) + 1))
    final = [e for e in executions if not isinstance(e.decision, RetryAt)]
    assert len(final) <= 1
    may_be_cancelled = job.status in ENDS_ATTEMPT or job.policy.overlap is Overlap.CANCEL_OTHER
    assert final == executions[-1:] or may_be_cancelled
    assert all(e.status is not ExecutionStatus.CANCELLED for e in executions) or may_be_cancelled


def _assert_goes_on(lab: Lab, job: Job, executed: list[datetime]) -> None:
    """A recurring job is ready for its next occurrence, and each earlier one was executed or skipped, not both.

    Nor was one executed twice: by the job, and by a child.
    """
    assert len(executed) == len(set(executed))
    now = lab.world.clock.now()
    assert job.state(now) in {JobState.DELAYED, JobState.WAITING}
    assert job.next_run_at is not None
    assert job.next_run_at > now - STILL_DUE
    _assert_outcomes(lab, job, executed)


def _assert_outcomes(lab: Lab, job: Job, executed: Sequence[datetime]) -> None:
    """Each occurrence that is over was executed or skipped."""
    skips = lab.world.core.history.list_skips(job.tenant_id, job.job_id, limit=100, cursor=None).items
    if job.version == 1:
        for due_at in _occurrences(job):
            skipped = any(skip.first_due_at <= due_at <= skip.last_due_at for skip in skips)
            assert skipped or due_at in executed, f"the occurrence of {due_at:%H:%M} has no outcome"
            # After a crash between a skip's record and the job's write, the execution is what counts; see ``Skip``.
            both = skipped and due_at in executed
            assert not both or lab.wire.at is not None, f"the occurrence of {due_at:%H:%M} has two outcomes"


def _occurrences(job: Job) -> list[datetime]:
    """All that are over: those before the next one, or all of a schedule that is over."""
    found, due_at = [], next_due(job.schedule, job.created_at)
    while due_at is not None and (job.next_run_at is None or due_at < job.next_run_at):
        found.append(due_at)
        due_at = next_due(job.schedule, due_at)
    return found
