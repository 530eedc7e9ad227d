"""Flows of overlap, misfire, expiry and of those that wait; see ``test_crash_points``."""

from tests.chaos.crash.flows import (
    OFTEN,
    RETRY_OVER_NEXT,
    Flow,
    Step,
    after,
    change,
    die,
    expiring_in_slot,
    lose,
    sync,
    wait,
    work,
    working,
)
from tests.chaos.crash.lab import Lab
from tests.outcomes import arrive
from tickwell.application.create_job import After
from tickwell.domain.retry import Misfire, Overlap


def busy(overlap: Overlap, **fields: object) -> Step:
    """The occurrence of 600 waits in the slot for its retry at 1450; that of 1200 is deliverable."""
    creating = working(schedule=OFTEN, failures=1, retry=RETRY_OVER_NEXT, overlap=overlap, later=600, **fields)
    return after(creating, work, wait(600))


def running(overlap: Overlap) -> Step:
    """The occurrence of 600 is with a worker that has died; that of 1200 is deliverable."""
    return after(working(schedule=OFTEN, overlap=overlap, timeout_seconds=600, later=600), die, wait(600))


def arrives(lab: Lab) -> None:
    """What is deliverable is claimed or passed by, and what is claimed does not run."""
    arrive(lab.world)


WAITS = after(busy(Overlap.QUEUE_ALL), work)
"""The occurrence of 1200 waits behind the retry of 600."""

POLICY_FLOWS = {
    "wait behind a retry": Flow(prepare=busy(Overlap.QUEUE_ONE), act=work),
    "wait behind what runs": Flow(prepare=running(Overlap.QUEUE_ALL), act=work),
    "hand over": Flow(prepare=after(WAITS, wait(250)), act=work),
    "hand over after a loss": Flow(prepare=after(running(Overlap.QUEUE_ALL), work, wait(40)), act=sync),
    "a lost message of who waits": Flow(
        prepare=after(running(Overlap.QUEUE_ALL), work, wait(40), sync, lose, wait(31)), act=sync
    ),
    "supersede a retry": Flow(prepare=busy(Overlap.CANCEL_OTHER), act=work),
    "supersede what runs": Flow(prepare=running(Overlap.CANCEL_OTHER), act=after(work, wait(40), sync)),
    "run beside": Flow(prepare=busy(Overlap.ALLOW), act=work),
    "run beside what runs": Flow(prepare=running(Overlap.ALLOW), act=work),
    "catch up all": Flow(prepare=working(schedule=OFTEN, misfire=Misfire.RUN_ALL, later=3595), act=work),
    "catch up all, busy": Flow(
        prepare=after(busy(Overlap.SKIP, misfire=Misfire.RUN_ALL), wait(1000)), act=after(arrives, work)
    ),
    "catch up none": Flow(prepare=working(schedule=OFTEN, misfire=Misfire.SKIP, later=3595), act=work),
    "too late": Flow(prepare=working(schedule=After(delay_seconds=5), misfire=Misfire.SKIP, later=70), act=work),
    "expire": Flow(prepare=working(schedule=OFTEN, expires_after_seconds=30, later=640), act=work),
    "expire, one-time": Flow(prepare=working(expires_after_seconds=5, later=10), act=work),
    "expire in the slot": Flow(prepare=expiring_in_slot(OFTEN), act=work),
    "pause while one waits": Flow(prepare=WAITS, act=change("pause")),
    "resume while one waits": Flow(prepare=after(WAITS, change("pause"), wait(10)), act=change("resume")),
    "cancel while one waits": Flow(prepare=WAITS, act=change("cancel")),
    "delete while one waits": Flow(prepare=after(running(Overlap.QUEUE_ALL), work), act=change("delete")),
}
