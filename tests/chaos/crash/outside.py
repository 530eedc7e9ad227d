"""Flows of attempts that go on outside of any worker (X10); see ``test_crash_points``."""

from typing import Any

from tests.chaos.crash.flows import (
    LARGE,
    MINUTE,
    OFTEN,
    Flow,
    Step,
    after,
    change,
    lose,
    sync,
    wait,
    while_running,
    work,
    working,
)
from tests.chaos.crash.lab import Lab
from tickwell.application.task import TaskContext
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.execution import Failure
from tickwell.domain.progress import progress
from tickwell.domain.retry import Overlap

_BROKEN = Failure(code="DISK_FULL", message="the disk was full")


async def hand_on(lab: Lab, context: TaskContext) -> None:
    """The token goes to whoever does the work."""
    lab.tokens.append((context.execution_id, context.completion_token))


async def log_and_hand_on(lab: Lab, context: TaskContext) -> None:
    context.log("info", "handed on")
    await hand_on(lab, context)


async def be_completed(lab: Lab, context: TaskContext) -> None:
    """Whoever does the work is faster than the worker."""
    await hand_on(lab, context)
    lab.unwatched(lambda: complete(lab))


async def hand_on_once(lab: Lab, context: TaskContext) -> None:
    """Only the first attempt goes on outside."""
    if lab.tokens:
        lab.output = "done"
    await hand_on(lab, context)


async def hand_on_and_be_cancelled(lab: Lab, context: TaskContext) -> None:
    await hand_on(lab, context)
    if len(lab.tokens) == 1:
        lab.unwatched(lambda: change("cancel")(lab))


def handed(*, seconds: int = 120, during: Any = hand_on, count: int = 1, **fields: Any) -> Step:
    """Jobs whose attempts go on outside; their messages are deliverable."""

    def prepare(lab: Lab) -> None:
        if "queue" in fields:
            lab.world.queue(concurrency=1)
        for _ in range(count):
            working(output=PendingCompletion(timeout_seconds=seconds), **{"max_retries": 0, **fields})(lab)

    return after(prepare, while_running(during))


def complete(lab: Lab, output: Any = "done") -> None:
    lab.world.outside.complete(*lab.tokens[-1], output)


def complete_largely(lab: Lab) -> None:
    complete(lab, LARGE)


def fail(*, retryable: bool) -> Step:
    return lambda lab: lab.world.outside.fail(*lab.tokens[-1], _BROKEN, retryable=retryable)


def live(lab: Lab) -> None:
    """A sign of life, with progress."""
    lab.world.outside.heartbeat(*lab.tokens[-1], progress(50, "so far", at=lab.world.clock.now()))


_SUPERSEDED = handed(seconds=3600, during=hand_on_once, schedule=OFTEN, overlap=Overlap.CANCEL_OTHER, later=600)

OUTSIDE_FLOWS = {
    "hand on": Flow(prepare=handed(), act=work),
    "hand on, with a log": Flow(prepare=handed(during=log_and_hand_on, max_retries=1), act=work),
    "hand on, for long": Flow(prepare=handed(seconds=1000), act=work),
    "hand on, for less than its worker had": Flow(
        prepare=handed(seconds=950, timeout_seconds=2000), act=work, lasts=60 * MINUTE
    ),
    "hand on, recurring": Flow(prepare=handed(schedule=OFTEN, later=600), act=work),
    "hand on, in a queue": Flow(prepare=handed(count=2, queue="images"), act=work),
    "hand on what is complete": Flow(prepare=handed(during=be_completed), act=work),
    "hand on what was cancelled": Flow(prepare=handed(during=hand_on_and_be_cancelled), act=work),
    "complete outside": Flow(prepare=after(handed(), work), act=complete),
    "complete outside, with a log and much output": Flow(
        prepare=after(handed(during=log_and_hand_on), work), act=complete_largely
    ),
    "complete outside, in a queue": Flow(prepare=after(handed(count=2, queue="images"), work), act=complete),
    "fail outside": Flow(prepare=after(handed(max_retries=1), work), act=fail(retryable=True)),
    "fail outside, for good": Flow(prepare=after(handed(max_retries=1), work), act=fail(retryable=False)),
    "live outside": Flow(prepare=after(handed(), work, wait(60)), act=live),
    "live outside, in a queue": Flow(prepare=after(handed(queue="images"), work, wait(60)), act=live),
    "live outside, too late": Flow(prepare=after(handed(), work, wait(126)), act=live),
    "time out outside": Flow(prepare=after(handed(), work, wait(126)), act=work),
    "time out outside, unprobed": Flow(prepare=after(handed(), work, wait(200), lose), act=sync),
    "cancel outside": Flow(prepare=after(handed(), work), act=change("cancel")),
    "delete outside": Flow(prepare=after(handed(schedule=OFTEN, later=600), work), act=change("delete")),
    "supersede outside": Flow(prepare=after(_SUPERSEDED, work, wait(600)), act=work, lasts=120 * MINUTE),
}
