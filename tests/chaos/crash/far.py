"""Flows of what EventBridge Scheduler brings, and of as many jobs as one request may have."""

from dataclasses import replace

from tests.chaos.crash.flows import OFTEN, Flow, after, change, creating, lose, sync, wait, work, working
from tests.chaos.crash.lab import Lab
from tests.world import ADA
from tickwell.application.create_job import After, NewJob
from tickwell.domain.cron import CronExpression

FAR = After(delay_seconds=1207)
HALF_HOURLY = CronExpression.parse("*/30 * * * *")
CAMPAIGN = 1000
"""As many jobs as a request may have; see ``MOST_JOBS``."""


def dispatch(lab: Lab) -> None:
    """What is due at EventBridge Scheduler goes through the dispatch queue to its lane."""
    lab.world.dispatch()


def campaign(lab: Lab) -> None:
    """One request with as many jobs as there may be in one, a part of them later."""
    schedules = [After(delay_seconds=delay) for delay in (0, 40, 1207)]
    lab.world.create_many(
        ADA,
        [NewJob(name=f"mail {n}", task="probe", schedule=schedules[n % 3], max_retries=0) for n in range(CAMPAIGN)],
    )


_BY_SCHEDULER = {
    "create, far": Flow(act=creating(schedule=FAR)),
    "create, recurring rarely": Flow(act=creating(schedule=HALF_HOURLY)),
    "dispatch": Flow(prepare=working(schedule=FAR, later=1150), act=dispatch),
    "dispatch late": Flow(prepare=working(schedule=FAR, later=1300), act=after(sync, dispatch, work)),
    "dispatch and run": Flow(prepare=working(schedule=HALF_HOURLY, later=1750), act=after(dispatch, wait(50), work)),
    "lose what was dispatched": Flow(prepare=after(working(schedule=FAR, later=1210), dispatch, lose), act=sync),
    "cancel, far": Flow(prepare=working(schedule=FAR), act=change("cancel")),
    "pause, far": Flow(prepare=working(schedule=HALF_HOURLY), act=change("pause")),
    "resume, far": Flow(prepare=after(working(schedule=HALF_HOURLY), change("pause")), act=change("resume")),
    "run, and arm the next one far away": Flow(prepare=working(schedule=HALF_HOURLY, later=1800), act=work),
    "run often": Flow(prepare=working(schedule=OFTEN, later=600), act=work),
}
FAR_FLOWS = {f"{name}, by Scheduler": replace(flow, far_timer="scheduler") for name, flow in _BY_SCHEDULER.items()}
CAMPAIGN_FLOWS = {"create a campaign": Flow(act=campaign)}
