"""A process may die, and a service may fail, at every call of a port: whatever was accepted still ends rightly.

Each flow is run once to record the calls that it makes, and then once for each of them and each way to fail there.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.crash_lab import Crash, Lab, Wire, new_lab, ways_to_break
from tests.world import ADA
from tickwell.application.create_job import After, Every, Immediately
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import TickwellError
from tickwell.domain.execution import Execution, ExecutionStatus
from tickwell.domain.job import Job, JobState, JobStatus
from tickwell.domain.retry import GiveUp, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import next_due

MINUTE = timedelta(minutes=1)
OFTEN = CronExpression.parse("*/10 * * * *")
LONG_ENOUGH = 33 * MINUTE
RESTART = timedelta(seconds=20)
STEP = MINUTE
STILL_DUE = 2 * MINUTE


Step = Callable[[Lab], object]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """``act`` is what is broken into, ``prepare`` what it needs."""

    prepare: Step = lambda lab: None  # noqa: ARG005 - nothing is to be prepared
    act: Step


def work(lab: Lab) -> None:
    lab.world.work()


def sync(lab: Lab) -> None:
    lab.world.sync()


def consume_dead_letters(lab: Lab) -> None:
    """What the lane gives up goes to the consumer, as a redrive would bring it."""
    for queue in lab.world.lanes.values():
        if deliveries := queue.receive(10, wait_seconds=0):
            lab.world.core.consume_dead_letters()(deliveries)
            queue.delete(deliveries)


def creating(**fields: Any) -> Step:
    return lambda lab: lab.create(**fields)


def working(*, failures: int = 0, output: Any = "done", later: float = 0, **fields: Any) -> Step:
    """A job whose message is deliverable, and whose attempts fail so many times."""

    def prepare(lab: Lab) -> None:
        lab.failures, lab.output = failures, output
        lab.create(**fields)
        lab.world.clock.advance(later)

    return prepare


def after(prepare: Step, *steps: Step) -> Step:
    def all_of(lab: Lab) -> None:
        for step in (prepare, *steps):
            step(lab)

    return all_of


def wait(seconds: float) -> Step:
    return lambda lab: lab.world.clock.advance(seconds)


def lose(lab: Lab) -> None:
    assert lab.world.lose_messages()


def die(lab: Lab) -> None:
    """A worker claims and is never heard of again; its message is lost as well."""
    for queue in lab.world.lanes.values():
        if deliveries := queue.receive(10, wait_seconds=0):
            messages: list[Any] = [delivery.message for delivery in deliveries]
            assert lab.world.core.claim_attempts()(messages, now=lab.world.clock.now()).claimed
            queue.delete(deliveries)


def change(name: str) -> Step:
    return lambda lab: getattr(lab.world.change, name)(ADA, lab.jobs[0].job_id)


RETRY_LATE = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1200)
RETRY_OVER_NEXT = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=850)
LARGE = "x" * 300_000

FLOWS = {
    "create, immediate": Flow(act=creating(schedule=Immediately())),
    "create, delayed": Flow(act=creating(schedule=After(delay_seconds=20))),
    "create, far": Flow(act=creating(schedule=After(delay_seconds=1207))),
    "create, recurring": Flow(act=creating(schedule=OFTEN)),
    "create, large": Flow(act=creating(payload=LARGE)),
    "run": Flow(prepare=working(), act=work),
    "run, large output": Flow(prepare=working(output=LARGE), act=work),
    "run, recurring": Flow(prepare=working(schedule=OFTEN, later=600), act=work),
    "run, recurring rarely": Flow(prepare=working(schedule=Every(seconds=1000), later=100), act=after(wait(900), sync)),
    "fail": Flow(prepare=working(failures=1), act=work),
    "fail, recurring": Flow(prepare=working(schedule=OFTEN, failures=1, later=600), act=work),
    "fail, with a late retry": Flow(prepare=working(failures=1, retry=RETRY_LATE), act=work),
    "retry": Flow(prepare=after(working(failures=1), work, wait(60)), act=work),
    "give up": Flow(prepare=working(failures=99, max_retries=0), act=work),
    "give up, recurring": Flow(prepare=working(schedule=OFTEN, failures=1, max_retries=0, later=600), act=work),
    "give up, and pause": Flow(
        prepare=working(schedule=OFTEN, failures=1, max_retries=0, pause_after_failures=1, later=600), act=work
    ),
    "skip": Flow(
        prepare=after(working(schedule=OFTEN, failures=1, retry=RETRY_OVER_NEXT, later=600), work, wait(600)),
        act=work,
    ),
    "catch up": Flow(prepare=working(schedule=OFTEN, later=7195), act=work),
    "sweep": Flow(prepare=working(schedule=After(delay_seconds=1207), later=600), act=sync),
    "send again": Flow(prepare=after(working(), lose, wait(31)), act=sync),
    "send again, recurring": Flow(prepare=after(working(schedule=OFTEN, later=600), lose, wait(31)), act=sync),
    "recover": Flow(prepare=after(working(), die, wait(81)), act=sync),
    "recover, recurring": Flow(prepare=after(working(schedule=OFTEN, later=600), die, wait(81)), act=sync),
    "recover twice": Flow(prepare=after(working(), die, wait(81), sync, die, wait(81)), act=sync),
    "consume dead letters": Flow(prepare=working(), act=consume_dead_letters),
    "consume dead letters, recurring": Flow(prepare=working(schedule=OFTEN, later=600), act=consume_dead_letters),
    "pause": Flow(prepare=working(schedule=OFTEN, later=70), act=change("pause")),
    "resume": Flow(prepare=after(working(schedule=OFTEN, later=70), change("pause")), act=change("resume")),
    "resume with a retry": Flow(
        prepare=after(working(schedule=OFTEN, failures=1, later=600), work, change("pause"), wait(300)),
        act=change("resume"),
    ),
    "delete": Flow(prepare=working(schedule=OFTEN, later=70), act=change("delete")),
    "delete with a retry": Flow(prepare=after(working(failures=1), work), act=change("delete")),
}


def play(folder: Path, flow: Flow, wire: Wire) -> Lab:
    """Run ``flow`` with its fault, and then let time pass without further ones."""
    lab, close = new_lab(folder, wire)
    try:
        flow.prepare(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            flow.act(lab)
        wire.armed = False
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
    for job in lab.all_jobs():
        if job.status is JobStatus.PAUSED:
            lab.world.clock.advance(200)
            lab.world.change.resume(ADA, job.job_id)


def _assert_settled(lab: Lab, job: Job) -> None:
    executions = lab.world.executions(job)
    letters = lab.world.read.dead_letters(ADA, limit=100, cursor=None).items
    given_up = sum(isinstance(e.decision, GiveUp) for e in executions)
    assert len(letters) == given_up
    assert job.tally.executions == len(executions)
    for due_at in {e.due_at for e in executions}:
        _assert_one_outcome(job, [e for e in executions if e.due_at == due_at])
    if job.status is JobStatus.DELETED:
        assert job.slot is None
    elif job.status is JobStatus.PAUSED:
        assert (job.slot, job.next_run_at, job.failures_in_a_row) == (None, None, given_up)
        assert job.failures_in_a_row == job.policy.pause_after_failures
    elif job.is_recurring:
        _assert_goes_on(lab, job, {e.due_at for e in executions})
    else:
        assert (job.slot, job.next_run_at) == (None, None)
        assert job.status is (JobStatus.FAILED if given_up else JobStatus.COMPLETED)


def _assert_one_outcome(job: Job, executions: list[Execution]) -> None:
    """Attempts in a row without a hole; only the last one is final, and it is unless the job was deleted."""
    assert [e.attempt for e in executions] == list(range(1, len(executions) + 1))
    final = [e for e in executions if e.status is ExecutionStatus.SUCCESS or isinstance(e.decision, GiveUp)]
    assert len(final) <= 1
    assert final == executions[-1:] or job.status is JobStatus.DELETED


def _assert_goes_on(lab: Lab, job: Job, executed: set[datetime]) -> None:
    """A recurring job is ready for its next occurrence, and each earlier one was executed or skipped, not both."""
    now = lab.world.clock.now()
    assert job.state(now) in {JobState.DELAYED, JobState.WAITING}
    assert job.next_run_at is not None
    assert job.next_run_at > now - STILL_DUE
    skips = lab.world.core.history.list_skips(job.tenant_id, job.job_id, limit=100, cursor=None).items
    if job.version == 1:
        for due_at in _occurrences(job):
            skipped = any(skip.first_due_at <= due_at <= skip.last_due_at for skip in skips)
            assert skipped or due_at in executed, f"the occurrence of {due_at:%H:%M} has no outcome"
            # After a crash between a skip's record and the job's write, the execution is what counts; see ``Skip``.
            both = skipped and due_at in executed
            assert not both or lab.wire.at is not None, f"the occurrence of {due_at:%H:%M} has two outcomes"


def _occurrences(job: Job) -> list[datetime]:
    """All that are over: those before the next one."""
    found, due_at = [], next_due(job.schedule, job.created_at)
    while due_at is not None and job.next_run_at is not None and due_at < job.next_run_at:
        found.append(due_at)
        due_at = next_due(job.schedule, due_at)
    return found


@pytest.mark.parametrize("name", FLOWS)
def test_whatever_breaks_at_whatever_call_every_job_still_ends_rightly(name: str, tmp_path: Path) -> None:
    flow = FLOWS[name]
    recorded = play(tmp_path, flow, Wire()).wire.calls
    assert recorded
    faults = []
    for number, call in enumerate(recorded):
        for kind in ways_to_break(call):
            try:
                play(tmp_path, flow, Wire(kind=kind, at=number))
            except AssertionError as error:
                faults.append(f"{kind.value} {number} {call}: {str(error)[:300]}")
    assert not faults, "\n".join(faults)
