"""Flows that only the mutations need, besides those of the crash points."""

from datetime import timedelta
from pathlib import Path

from tests.chaos.crash.every_flow import ALL_FLOWS
from tests.chaos.crash.flows import OFTEN, Flow, after, creating, die, sync, wait, while_running, work, working
from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab
from tests.chaos.crash.settled import play
from tests.chaos.crash.wire import Wire
from tests.doubles import NOON
from tests.editing import edit
from tickwell.application.create_job import At
from tickwell.application.task import TaskContext


async def be_edited(lab: Lab, _context: TaskContext) -> None:
    """Somebody changes the job while its attempt runs: once, also where it runs again."""
    if lab.world.job(lab.jobs[0]).version == 1:
        lab.unwatched(lambda: edit(lab.world, lab.jobs[0], payload="another"))


FLOWS = {
    **ALL_FLOWS,
    "create, for a time that has passed": Flow(act=creating(schedule=At(at=NOON - timedelta(hours=1)))),
    "edit what runs": Flow(prepare=after(working(schedule=OFTEN, later=600), while_running(be_edited)), act=work),
    "recover what ran at the first look": Flow(
        prepare=after(working(), die, wait(31)), act=after(sync, wait(60), sync, work)
    ),
}


def play_own(name: str, folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
    """As all others are played."""
    return play(folder, FLOWS[name], wire, engine, seed=seed)
