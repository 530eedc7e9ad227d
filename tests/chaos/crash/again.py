"""What its caller asks for once more when it was not answered: a backfill, the retry of a dead letter."""

from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from tests.chaos.crash.flows import MEDIUM, MINUTE, retry_letter, work, working
from tests.chaos.crash.ground import Engine
from tests.chaos.crash.lab import Lab, new_lab
from tests.chaos.crash.remains import require_explained
from tests.chaos.crash.settled import RESTART, STEP, require_settled
from tests.chaos.crash.verdicts import Duplicated, Lost, Wrong
from tests.chaos.crash.wire import Crash, Wire
from tests.doubles import NOON
from tests.occurring import backfill
from tests.world import ADA
from tickwell.domain.cron import CronExpression
from tickwell.domain.errors import IllegalTransitionError, TickwellError

HOUR = timedelta(hours=1)
HOURLY = CronExpression.parse("0 * * * *")


def play_backfill(again: bool, folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
    """A backfill that is broken into, its caller's second try, should there be one; then time passes."""
    lab, close = new_lab(folder, wire, engine)
    try:
        job = lab.create(schedule=HOURLY, payload="p" * 1000)
        wire.armed = True
        with suppress(Crash, TickwellError):
            backfill(lab.world, job, NOON - 2 * HOUR)
        lab.restart()
        lab.world.clock.advance(RESTART)
        lab.deliver_again(seed)
        if again:
            made = backfill(lab.world, job, NOON - 2 * HOUR)
            Wrong.unless(made.next_from is None, "the second try does not end")
        lab.world.live(5 * MINUTE, step=STEP)
        listed = lab.world.read.executions(ADA, job.job_id, limit=100).items
        due = sorted(one.due_at for one in listed)
        Duplicated.unless(len(set(due)) == len(due) and not lab.faults, f"ran for {due}; {lab.faults}")
        Lost.unless(not again or due == [NOON - hours * HOUR for hours in (2, 1, 0)], f"ran for {due}")
        for child in lab.all_jobs():
            stranded = child.slot is not None or (child.job_id != job.job_id and child.next_run_at is not None)
            Lost.unless(not stranded, "a child is stranded")
        require_explained(lab, lab.all_jobs())
    finally:
        close()
    return lab


def play_letter(folder: Path, wire: Wire, engine: Engine, seed: int) -> Lab:
    """A retry of a dead letter that is broken into, and its caller's second try; then time passes."""
    lab, close = new_lab(folder, wire, engine)
    try:
        working(failures=1, max_retries=0, payload=MEDIUM)(lab)
        work(lab)
        wire.armed = True
        with suppress(Crash, TickwellError):
            retry_letter(lab)
        lab.restart()
        lab.world.clock.advance(RESTART)
        lab.deliver_again(seed)
        with suppress(IllegalTransitionError):
            retry_letter(lab)
        lab.world.live(5 * MINUTE, step=STEP)
        (letter,) = lab.world.core.history.list_dead_letters(ADA.tenant_id, limit=10, cursor=None).items
        made = [job for job in lab.all_jobs() if job.retry_of is not None]
        Lost.unless(bool(made), "the dead letter was not retried")
        Duplicated.unless(len(made) == 1, f"{len(made)} jobs were made of a dead letter")
        told = (letter.retried_as, letter.dead_letter_id)
        Wrong.unless((made[0].job_id, made[0].retry_of) == told, "the dead letter names another job")
        outputs = [execution.output for execution in lab.world.executions(made[0])]
        Wrong.unless(outputs == ["done"], f"it ended with {outputs}")
        require_settled(lab)
    finally:
        close()
    return lab
