"""Jobs under keys: whoever puts a job under its key again has it, once, whatever broke off the first try."""

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from tests.chaos.crash.flows import MINUTE
from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.remains import require_explained
from tests.chaos.crash.verdicts import Duplicated, Lost, Wrong
from tests.chaos.crash.wire import Crash, Wire
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

KEYED: dict[str, tuple[Step, Step]] = {
    "create": (NOTHING, put),
    "create in a scope": (NOTHING, lambda lab: put(lab, scope="s")),
    "change": (lambda lab: put(lab, payload="other"), put),
    "move to another scope": (lambda lab: put(lab, scope="a"), lambda lab: put(lab, scope="b")),
    "delete": (put, delete),
    "make anew what was deleted": (made_and_deleted, put),
    "prune": (lambda lab: put(lab, scope="s"), prune),
}

WAITS = {"at once": timedelta(0), "later": 2 * ABANDONED_AFTER}


def play_keyed(name: str, wait: timedelta, folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
    """Break into the flow, put the job again after ``wait``, and let it run."""
    prepare, act = KEYED[name]
    lab, close = new_lab(folder, wire, engine)
    try:
        lab.create(name="the first")
        lab.world.work()
        prepare(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            act(lab)
        lab.restart()
        lab.world.clock.advance(wait)
        put(lab)
        Wrong.unless(put(lab) is DefineAction.UNCHANGED, "putting it once more changes something")
        keyed = [job for job in lab.all_jobs() if job.caller_key == "k" and job.status is not JobStatus.DELETED]
        Lost.unless(bool(keyed), "there is no job of the key")
        Duplicated.unless(len(keyed) == 1, f"{len(keyed)} jobs have the key")
        holder = lab.world.core.caller_keys.find(ADA.tenant_id, "k")
        Lost.unless(holder is not None and holder.job_id == keyed[0].job_id, "the key is another job's")
        Lost.unless(lab.world.job(keyed[0]).payload == "p" * 1000, "the job is not what was put")
        lab.deliver_again(seed)
        lab.world.live(LATER + 2 * MINUTE, step=10 * MINUTE)
        ran = len(lab.world.executions(keyed[0]))
        Lost.unless(ran > 0, "the job never ran")
        Duplicated.unless(ran == 1 and not lab.faults, f"{ran} executions; {lab.faults}")
        require_explained(lab, lab.all_jobs())
    finally:
        close()
    return lab
