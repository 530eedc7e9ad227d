"""A process may die, and a store may fail, at every call: whoever puts a job under its key again has it, once."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.chaos.crash.flows import MINUTE
from tests.chaos.crash.lab import Crash, Lab, Wire, new_lab, ways_to_break
from tests.world import ADA
from tickwell.application.apply_jobs import ApplyJobs, Choice, Entry
from tickwell.application.create_job import At, NewJob, ScheduleRequest
from tickwell.application.define_job import DefineAction, KeyedJob
from tickwell.domain.caller_key import ABANDONED_AFTER
from tickwell.domain.errors import TickwellError
from tickwell.domain.job import JobStatus

LATER = timedelta(hours=1)


def new_job(lab: Lab, payload: str = "p" * 1000, after: timedelta = LATER) -> NewJob:
    at: ScheduleRequest = At(at=lab.jobs[0].created_at + after)
    return NewJob(name="x", task="probe", payload=payload, schedule=at)


def put(lab: Lab, *, scope: str | None = None, payload: str = "p" * 1000) -> DefineAction:
    wanted = KeyedJob(key="k", job=new_job(lab, payload), scope=scope, adopts=True)
    return lab.world.define_job(ADA, wanted).action


def delete(lab: Lab) -> None:
    holder = lab.world.core.caller_keys.find(ADA.tenant_id, "k")
    if holder is not None:
        with suppress(TickwellError):
            lab.world.change.delete(ADA, holder.job_id)


def made_and_deleted(lab: Lab) -> None:
    put(lab)
    delete(lab)


def prune(lab: Lab) -> None:
    apply = ApplyJobs(define_job=lab.world.define_job, side_by_side=1)
    apply(ADA, [Entry(key="other", job=new_job(lab))], Choice(scope="s", prune=True))


Step = Callable[[Lab], object]
NOTHING: Step = lambda lab: None  # noqa: E731, ARG005 - nothing is to be prepared

FLOWS: dict[str, tuple[Step, Step]] = {
    "create": (NOTHING, put),
    "create in a scope": (NOTHING, lambda lab: put(lab, scope="s")),
    "change": (lambda lab: put(lab, payload="other"), put),
    "move to another scope": (lambda lab: put(lab, scope="a"), lambda lab: put(lab, scope="b")),
    "delete": (put, delete),
    "make anew what was deleted": (made_and_deleted, put),
    "prune": (lambda lab: put(lab, scope="s"), prune),
}


def play(folder: Path, name: str, wire: Wire, wait: timedelta) -> list[str]:
    """Break into the flow, put the job again after ``wait``, and let it run; the calls made."""
    prepare, act = FLOWS[name]
    lab, close = new_lab(folder, wire)
    try:
        lab.create(name="the first")
        lab.world.work()
        prepare(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            act(lab)
        wire.revive()
        lab.world.clock.advance(wait)
        put(lab)
        assert put(lab) is DefineAction.UNCHANGED
        keyed = [job for job in lab.all_jobs() if job.caller_key == "k" and job.status is not JobStatus.DELETED]
        assert len(keyed) == 1
        holder = lab.world.core.caller_keys.find(ADA.tenant_id, "k")
        assert holder is not None
        assert (holder.job_id, lab.world.job(keyed[0]).payload) == (keyed[0].job_id, "p" * 1000)
        lab.world.live(LATER + 2 * MINUTE, step=10 * MINUTE)
        assert len(lab.world.executions(keyed[0])) == 1
        assert lab.faults == []
    finally:
        close()
    return wire.calls


@pytest.mark.parametrize("wait", [timedelta(0), 2 * ABANDONED_AFTER], ids=["at once", "later"])
@pytest.mark.parametrize("name", FLOWS)
def test_whatever_breaks_at_whatever_call_putting_it_again_repairs_it(
    name: str, wait: timedelta, tmp_path: Path
) -> None:
    recorded = play(tmp_path, name, Wire(), wait)
    assert recorded
    faults = []
    for number, call in enumerate(recorded):
        for kind in ways_to_break(call):
            try:
                play(tmp_path, name, Wire(kind=kind, at=number), wait)
            except AssertionError as error:
                faults.append(f"{kind.value} {number} {call}: {str(error)[:300]}")
    assert not faults, "\n".join(faults)
