"""A flow played with its fault, and what must be true once time has passed; see ``test_crash_points``."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from tests.chaos.crash.flows import MINUTE, Flow
from tests.chaos.crash.ground import Engine, embedded
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.remains import require_explained
from tests.chaos.crash.verdicts import Duplicated, Lost, Wrong
from tests.chaos.crash.wire import Crash, Wire
from tests.outcomes import ran
from tests.world import ADA
from tickwell.domain.errors import TickwellError
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.job import ENDS_ATTEMPT, Job, JobState, JobStatus
from tickwell.domain.queue import Queue
from tickwell.domain.retry import GiveUp, Overlap, RetryAt
from tickwell.domain.schedule import next_due

RESTART = timedelta(seconds=20)
STEP = MINUTE
STILL_DUE = 2 * MINUTE


def play(folder: Path, flow: Flow, wire: Wire, engine: Engine = embedded, *, seed: int = 0) -> Lab:
    """Run ``flow`` with its fault, and then let time pass without further ones.

    What was sent comes again, out of order, after the restart and at the end. Raises an AssertionError; see
    ``verdicts``.
    """
    lab, close = new_lab(folder, wire, engine, far_timer=flow.far_timer)
    try:
        flow.prepare(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            flow.act(lab)
        lab.restart()
        lab.world.clock.advance(RESTART)
        lab.deliver_again(seed)
        _resume_all(lab)
        lab.world.live(flow.lasts, step=STEP)
        require_settled(lab)
        _require_nothing_twice(lab, seed)
    finally:
        close()
    return lab


def require_settled(lab: Lab) -> None:
    """Everything has ended as it must, and nothing else stands."""
    Duplicated.unless(not lab.faults, "; ".join(lab.faults))
    jobs = lab.all_jobs()
    for job in jobs:
        _require_settled(lab, job)
    require_explained(lab, jobs)


def _require_nothing_twice(lab: Lab, seed: int) -> None:
    """Duplicates of everything, long after the end: nothing runs again."""
    before = len(lab.started)
    records = {job.key: job.tally.executions for job in lab.all_jobs()}
    lab.deliver_again(seed + 1)
    lab.world.work()
    Duplicated.unless(not lab.faults, "; ".join(lab.faults))
    after = {job.key: job.tally.executions for job in lab.all_jobs()}
    Duplicated.unless((len(lab.started), after) == (before, records), "a message that came again had an effect")


def _resume_all(lab: Lab) -> None:
    for state in lab.world.queues.list_queues(ADA):
        if state.queue.paused_at is not None:
            lab.world.queues.change(ADA, state.queue.name, Queue.resumed)
    for job in lab.all_jobs():
        if job.status is JobStatus.PAUSED:
            lab.world.clock.advance(200)
            lab.world.change.resume(ADA, job.job_id)


def _require_settled(lab: Lab, job: Job) -> None:
    executions = lab.world.executions(job)
    letters = lab.world.read.dead_letters(ADA, limit=100, cursor=None).items
    given_up = sum(isinstance(e.decision, GiveUp) for e in executions)
    written = sum(letter.job_id == job.job_id for letter in letters)
    Lost.unless(written >= given_up, f"{written} dead letters of {given_up}")
    Duplicated.unless(written <= given_up, f"{written} dead letters of {given_up}")
    Lost.unless(job.tally.executions >= len(executions), "an execution was not counted")
    Duplicated.unless(job.tally.executions <= len(executions), "an execution was counted twice")
    Lost.unless(job.pending == (), "an occurrence still waits")
    for due_at in {e.due_at for e in executions}:
        _require_one_outcome(job, [e for e in executions if e.due_at == due_at])
    if job.status is JobStatus.PAUSED:
        Lost.unless((job.slot, job.next_run_at) == (None, None), f"a paused job has {job.slot} {job.next_run_at}")
        Wrong.unless(job.failures_in_a_row == given_up == job.policy.pause_after_failures, "it paused at another time")
    elif job.is_recurring and job.status is JobStatus.ACTIVE:
        _require_goes_on(lab, job, [e.due_at for e in ran(lab.world, job) if e.attempt == 1])
    else:
        Lost.unless((job.slot, job.next_run_at) == (None, None), f"what has ended has {job.slot} {job.next_run_at}")
        _require_ended(lab, job, executions)


def _require_ended(lab: Lab, job: Job, executions: Sequence[Execution]) -> None:
    if job.status in ENDS_ATTEMPT:
        return
    if job.is_recurring:
        Lost.unless(job.status is JobStatus.COMPLETED, f"a recurring job is {job.status}")
        Wrong.unless(job.expires_at is not None, "what is over never expires")
        _require_outcomes(lab, job, [e.due_at for e in executions])
        return
    Lost.unless(bool(executions), f"a one-time job is {job.status} and never ran")
    last = executions[-1]
    Wrong.unless(job.status is last.ends_as, f"{job.status} after {last.status}")
    Wrong.unless(last.due_at == max(e.due_at for e in executions), "its last execution is not that of its last retry")


def _require_one_outcome(job: Job, executions: list[Execution]) -> None:
    """Attempts in a row without a hole; only the last one is final, and it is unless the job was ended."""
    attempts = [e.attempt for e in executions]
    Lost.unless(attempts == list(range(1, len(executions) + 1)), f"attempts {attempts}")
    final = [e for e in executions if not isinstance(e.decision, RetryAt)]
    Duplicated.unless(len(final) <= 1, f"{len(final)} final attempts")
    may_be_cancelled = job.status in ENDS_ATTEMPT or job.policy.overlap is Overlap.CANCEL_OTHER
    Lost.unless(final == executions[-1:] or may_be_cancelled, "its last attempt is not final")
    cancelled = any(e.status is ExecutionStatus.CANCELLED for e in executions)
    Wrong.unless(not cancelled or may_be_cancelled, "an attempt was cancelled by nobody")


def _require_goes_on(lab: Lab, job: Job, executed: list[datetime]) -> None:
    """A recurring job is ready for its next occurrence, and each earlier one was executed or skipped, not both.

    Nor was one executed twice: by the job, and by a child.
    """
    Duplicated.unless(len(executed) == len(set(executed)), f"executed: {executed}")
    now = lab.world.clock.now()
    state = job.state(now)
    Lost.unless(state in {JobState.DELAYED, JobState.WAITING}, f"a recurring job is {state}")
    Lost.unless(job.next_run_at is not None and job.next_run_at > now - STILL_DUE, f"next run {job.next_run_at}")
    _require_outcomes(lab, job, executed)


def _require_outcomes(lab: Lab, job: Job, executed: Sequence[datetime]) -> None:
    """Each occurrence that is over was executed or skipped."""
    skips = lab.world.core.history.list_skips(job.tenant_id, job.job_id, limit=100, cursor=None).items
    if job.version == 1:
        for due_at in _occurrences(job):
            skipped = any(skip.first_due_at <= due_at <= skip.last_due_at for skip in skips)
            Lost.unless(skipped or due_at in executed, f"the occurrence of {due_at:%H:%M} has no outcome")
            # After a crash between a skip's record and the job's write, the execution is what counts; see ``Skip``.
            both = skipped and due_at in executed
            twice = f"the occurrence of {due_at:%H:%M} has two outcomes"
            Duplicated.unless(not both or lab.wire.at is not None, twice)


def _occurrences(job: Job) -> list[datetime]:
    """All that are over: those before the next one, or all of a schedule that is over."""
    found, due_at = [], next_due(job.schedule, job.created_at)
    while due_at is not None and (job.next_run_at is None or due_at < job.next_run_at):
        found.append(due_at)
        due_at = next_due(job.schedule, due_at)
    return found
