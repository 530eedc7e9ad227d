"""The flows that are broken into at every call; see ``test_crash_points``."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from tests.chaos.crash.lab import Lab
from tests.editing import edit, execute_now
from tests.world import ADA
from tickwell.application.create_job import After, Every, Immediately, NewJob
from tickwell.application.edit_job import CronChange
from tickwell.application.manage_job import JobAction
from tickwell.application.ports import Signed
from tickwell.application.task import TaskContext
from tickwell.domain.cron import CronExpression
from tickwell.domain.dead_letter import DeadLetterFilter
from tickwell.domain.job_filter import JobFilter
from tickwell.domain.queue import Kept, Queue, RateLimit, Retention
from tickwell.domain.retry import Misfire, Overlap, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron

MINUTE = timedelta(minutes=1)
LONG_ENOUGH = 33 * MINUTE
OFTEN = CronExpression.parse("*/10 * * * *")


Step = Callable[[Lab], object]


@dataclass(frozen=True, kw_only=True)
class Flow:
    """``act`` is what is broken into, ``prepare`` what it needs; after ``lasts`` everything has ended."""

    prepare: Step = lambda lab: None  # noqa: ARG005 - nothing is to be prepared
    act: Step
    far_timer: str = "sweep"
    lasts: timedelta = LONG_ENOUGH


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


def expiring_in_slot(schedule: CronExpression | Cron) -> Step:
    """The occurrence of 1200, which was missed, is to start now, and has expired; later ones wait behind it."""
    missing = working(
        schedule=schedule,
        overlap=Overlap.QUEUE_ALL,
        misfire=Misfire.RUN_ALL,
        misfire_spread_seconds=800,
        expires_after_seconds=1200,
        later=1795,
    )
    return after(missing, work, wait(10), work, wait(600), work, wait(195))


def lose(lab: Lab) -> None:
    assert lab.world.lose_messages()


def die(lab: Lab) -> None:
    """A worker claims and is never heard of again; its message is lost as well."""
    assert lab.world.die()


def sign(lab: Lab) -> None:
    """As the worker that runs the job would."""
    job = lab.world.job(lab.jobs[0])
    assert isinstance(lab.world.core.jobs.sign(job, now=lab.world.clock.now(), progress=None), Signed)


def while_running(during: Callable[[Lab, TaskContext], Awaitable[None]]) -> Step:
    def prepare(lab: Lab) -> None:
        lab.during = during

    return prepare


async def tell_progress(_lab: Lab, context: TaskContext) -> None:
    for percent in (0, 50, 100):
        await context.progress(percent, "so far")


async def be_cancelled(lab: Lab, context: TaskContext) -> None:
    lab.unwatched(lambda: _cancel(lab))
    await context.heartbeat()


async def be_deleted(lab: Lab, context: TaskContext) -> None:
    lab.unwatched(lambda: change("delete")(lab))
    await context.heartbeat()


async def fail_when_cancelled(lab: Lab, _context: TaskContext) -> None:
    lab.unwatched(lambda: _cancel(lab))
    raise ValueError("by itself")


async def be_given_back(lab: Lab, _context: TaskContext) -> None:
    lab.stop.return_all()
    await asyncio.sleep(60)


def _cancel(lab: Lab) -> None:
    job, now = lab.world.job(lab.jobs[0]), lab.world.clock.now()
    assert lab.world.core.jobs.replace(job.cancel(now, expires_at=now + timedelta(days=1)), read=job)


def work_and_stop(lab: Lab) -> None:
    """A worker that is stopped in the middle of its attempt; the next one is not."""
    lab.during = be_given_back
    try:
        lab.world.work(lab.stop)
    finally:
        lab.during = None


def change(name: str) -> Step:
    return lambda lab: getattr(lab.world.change, name)(ADA, lab.jobs[0].job_id)


def in_queue(count: int, *, paused: bool = False, failures: int = 0, **limits: Any) -> Step:
    """So many jobs of a queue, whose messages are deliverable."""

    def prepare(lab: Lab) -> None:
        lab.world.queue(**limits)
        if paused:
            lab.world.queues.change(ADA, "images", Queue.paused)
        lab.failures = failures
        for _ in range(count):
            lab.create(queue="images")

    return prepare


def resume_queue(lab: Lab) -> None:
    lab.world.queues.change(ADA, "images", Queue.resumed)


def retry_letter(lab: Lab) -> None:
    """Twice where the first try was not answered, as its caller would."""
    (letter,) = lab.world.core.history.list_dead_letters(ADA.tenant_id, limit=10, cursor=None).items
    lab.world.retry_letter(ADA, letter.dead_letter_id)


def create_many(lab: Lab) -> None:
    requests = [NewJob(name=f"job {number}", task="probe", payload="p" * 500 * number) for number in range(3)]
    lab.world.create_many(ADA, requests)


def create_failing(lab: Lab) -> None:
    lab.failures = 3
    lab.world.create_many(ADA, [NewJob(name=f"job {number}", task="probe", max_retries=0) for number in range(3)])


def reschedule(lab: Lab) -> None:
    edit(lab.world, lab.jobs[0], schedule=CronChange(text="*/7 * * * *"), payload="q" * 1000)


def execute(lab: Lab) -> None:
    """Once more; who was answered may rely on it."""
    lab.jobs.append(execute_now(lab.world, lab.jobs[0]))


def bulk(action: JobAction) -> Step:
    return lambda lab: lab.world.bulk_jobs(ADA, action, JobFilter(), dry_run=False, cursor=None)


def bulk_retry_letters(lab: Lab) -> None:
    lab.world.bulk_letters.retry(ADA, DeadLetterFilter(), dry_run=False, cursor=None)


RETRY_LATE = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1200)
RETRY_OVER_NEXT = RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=850)
MEDIUM = "m" * 5_000
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
    "sweep after an outage": Flow(prepare=working(schedule=After(delay_seconds=1207), later=1300), act=sync),
    "send again": Flow(prepare=after(working(), lose, wait(31)), act=sync),
    "send again, recurring": Flow(prepare=after(working(schedule=OFTEN, later=600), lose, wait(31)), act=sync),
    "recover": Flow(prepare=after(working(), die, wait(81)), act=sync),
    "recover, recurring": Flow(prepare=after(working(schedule=OFTEN, later=600), die, wait(81)), act=sync),
    "recover twice": Flow(prepare=after(working(), die, wait(81), sync, die, wait(81)), act=sync),
    "consume dead letters": Flow(prepare=working(), act=consume_dead_letters),
    "consume dead letters, recurring": Flow(prepare=working(schedule=OFTEN, later=600), act=consume_dead_letters),
    "run, probed": Flow(prepare=working(stall_seconds=10), act=work),
    "run, telling progress": Flow(prepare=after(working(), while_running(tell_progress)), act=work),
    "be cancelled": Flow(prepare=after(working(), while_running(be_cancelled)), act=work),
    "be cancelled, recurring": Flow(
        prepare=after(working(schedule=OFTEN, later=600), while_running(be_cancelled)), act=work
    ),
    "be cancelled, and fail before it is told": Flow(
        prepare=after(working(max_retries=0), while_running(fail_when_cancelled)), act=work
    ),
    "be deleted": Flow(prepare=after(working(), while_running(be_deleted)), act=work),
    "probe a dead worker": Flow(prepare=after(working(stall_seconds=10), die, wait(30)), act=work),
    "probe a live worker": Flow(prepare=after(working(stall_seconds=10), die, wait(20), sign, wait(10)), act=work),
    "give back": Flow(prepare=working(), act=work_and_stop),
    "give back, recurring": Flow(prepare=working(schedule=OFTEN, later=600), act=work_and_stop),
    "pause": Flow(prepare=working(schedule=OFTEN, later=70), act=change("pause")),
    "resume": Flow(prepare=after(working(schedule=OFTEN, later=70), change("pause")), act=change("resume")),
    "resume with a retry": Flow(
        prepare=after(working(schedule=OFTEN, failures=1, later=600), work, change("pause"), wait(300)),
        act=change("resume"),
    ),
    "cancel": Flow(prepare=working(later=0), act=change("cancel")),
    "cancel, recurring": Flow(prepare=working(schedule=OFTEN, later=70), act=change("cancel")),
    "cancel with a retry": Flow(prepare=after(working(failures=1), work), act=change("cancel")),
    "cancel what runs": Flow(prepare=after(working(), die), act=after(change("cancel"), wait(81), sync)),
    "retry a job": Flow(prepare=after(working(payload="p" * 1000), work), act=after(change("retry"), wait(1), work)),
    "retry a job that failed": Flow(
        prepare=after(working(failures=1, max_retries=0), work, wait(1)), act=after(change("retry"), work)
    ),
    "retry a job, recurring": Flow(
        prepare=after(working(schedule=OFTEN, later=70), change("cancel")), act=change("retry")
    ),
    "retry a dead letter": Flow(
        prepare=after(working(failures=1, max_retries=0, payload=MEDIUM), work), act=retry_letter
    ),
    "retry a dead letter that fails again": Flow(
        prepare=after(working(failures=2, max_retries=0), work), act=after(retry_letter, work)
    ),
    "give up after several attempts, with a payload": Flow(
        prepare=after(working(failures=99, max_retries=1, payload=MEDIUM), work, wait(60)), act=work
    ),
    "create many": Flow(act=create_many),
    "cancel many": Flow(prepare=after(create_many, working(schedule=OFTEN)), act=bulk(JobAction.CANCEL)),
    "retry many": Flow(prepare=after(create_many, work), act=after(bulk(JobAction.RETRY), wait(1), work)),
    "retry many dead letters": Flow(prepare=after(create_failing, work), act=after(bulk_retry_letters, work)),
    "delete": Flow(prepare=working(schedule=OFTEN, later=70), act=change("delete")),
    "edit": Flow(prepare=working(schedule=OFTEN, later=70), act=reschedule),
    "edit what was due": Flow(prepare=working(schedule=OFTEN, later=600), act=after(reschedule, work)),
    "execute now": Flow(prepare=working(schedule=OFTEN, later=70, payload="p" * 1000), act=after(execute, work)),
    "execute now what has ended": Flow(prepare=after(working(), work, wait(1)), act=after(execute, work)),
    "permits": Flow(prepare=in_queue(3, concurrency=1), act=work),
    "permits and a retry": Flow(prepare=in_queue(2, concurrency=1, failures=1), act=after(work, wait(60), work)),
    "rate": Flow(prepare=in_queue(2, rate_limit=RateLimit(limit=1, per_seconds=10)), act=after(work, wait(10), work)),
    "rate, far": Flow(
        prepare=after(in_queue(1, rate_limit=RateLimit(limit=1, per_seconds=910)), work, creating(queue="images")),
        act=work,
        lasts=95 * MINUTE,  # each duplicate reserves a start time, although it comes to nothing
    ),
    "count what ended": Flow(prepare=in_queue(1, retention=Retention(completed=Kept(count=1))), act=work),
    "retry what was counted": Flow(
        prepare=after(in_queue(1, retention=Retention(completed=Kept(count=1))), work, wait(1)),
        act=after(change("retry"), work),
    ),
    "park in a paused queue": Flow(prepare=in_queue(2, paused=True), act=work),
    "resume a queue": Flow(prepare=after(in_queue(2, paused=True), work), act=after(resume_queue, work)),
    "let go by the sync": Flow(prepare=after(in_queue(2, paused=True), work, resume_queue, lose), act=sync),
    "delete with a retry": Flow(prepare=after(working(failures=1), work), act=change("delete")),
}
