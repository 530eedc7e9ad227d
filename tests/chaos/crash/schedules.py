"""Flows of schedules that end, and of jitter; see ``test_crash_points``."""

from dataclasses import replace

from tests.chaos.crash.flows import MINUTE, OFTEN, Flow, after, change, die, expiring_in_slot, sync, wait, work, working
from tests.doubles import NOON
from tickwell.domain.bounds import Bounds
from tickwell.domain.retry import Misfire, Overlap, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron

LAST = Cron(expression=OFTEN, bounds=Bounds(end_at=NOON + 10 * MINUTE))
"""An occurrence, and no other."""

LAST_TWO = Cron(expression=OFTEN, bounds=Bounds(end_at=NOON + 20 * MINUTE))
IN_ELEVEN_MINUTES = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=660)
WAITS = after(
    working(schedule=LAST_TWO, overlap=Overlap.QUEUE_ALL, failures=1, retry=IN_ELEVEN_MINUTES, later=600),
    *(work, wait(600), work),
)
"""The last occurrence waits until the slot is free."""

SCHEDULE_FLOWS = {
    "run, the last occurrence": Flow(prepare=working(schedule=LAST, later=600), act=work),
    "run, with jitter": Flow(prepare=working(schedule=replace(LAST, jitter_seconds=60), later=660), act=work),
    "recover, the last occurrence": Flow(prepare=after(working(schedule=LAST, later=600), die, wait(81)), act=sync),
    "give up, the last occurrence": Flow(
        prepare=working(schedule=LAST, failures=1, max_retries=0, pause_after_failures=1, later=600), act=work
    ),
    "leave out the last occurrence": Flow(prepare=working(schedule=LAST, misfire=Misfire.SKIP, later=700), act=work),
    "let the last occurrence wait": Flow(prepare=after(WAITS, wait(60)), act=work),
    "let the last occurrence expire": Flow(prepare=expiring_in_slot(LAST_TWO), act=work),
    "resume, when it is over": Flow(
        prepare=after(working(schedule=LAST), change("pause"), wait(660)), act=change("resume")
    ),
}
