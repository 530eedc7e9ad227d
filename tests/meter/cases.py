"""What is metered: one job, or one request, of each kind, in full batches and alone.

Each case makes many of its kind and gives the share of one. What the safety sync does anyway, each minute, is not
among it: that is the case ``idle_hour``. Full: requests follow one another, messages come in batches of ten, the
stream in batches of its five seconds. Sparse: each job is alone in each of its batches, and what processes remember of
queues and stop switches for five seconds has been forgotten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

from tests.meter.bill import Bill
from tests.meter.crowd import crowd
from tests.meter.prices import Charge
from tests.meter.stage import FULL_BATCH, Stage, empty_stage, open_stage, spent

JOBS: Final = 50
"""How many jobs share what is shared in full batches."""

IN_ONE_REQUEST: Final = 100
"""As many recurring jobs as well: the safety sync sends those of each of its 8 shards together."""

ALONE: Final = 5
"""How many jobs there are that meet nobody; the rows of counts grow a little with the first ones."""

AWAY_SECONDS: Final = 20
"""Between jobs that meet nobody."""

HOUR: Final = 3600
FAR_SECONDS: Final = 1800
POLLED_QUEUES: Final = 7
POLLERS: Final = 5
POLL_SECONDS: Final = 20
"""Lambda keeps five long polls open for each queue that it reads."""

IN_REACH_SECONDS: Final = 60
IMMEDIATE: Final[dict[str, Any]] = {"name": "a job", "payload": {"customer": 4711}}
FAILING: Final[dict[str, Any]] = {"name": "a job", "task": "http_request", "payload": {"url": "http://127.0.0.1:9/"}}
"""Nobody listens there: a failure that may pass."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Crowd:
    """How many are made, and how they meet."""

    jobs: int
    batch: int

    @property
    def is_alone(self) -> bool:
        """Whether none meets another."""
        return self.batch == 1


FULL: Final = Crowd(jobs=JOBS, batch=FULL_BATCH)
MANY: Final = Crowd(jobs=IN_ONE_REQUEST, batch=FULL_BATCH)
SPARSE: Final = Crowd(jobs=ALONE, batch=1)


def immediate(crowd: Crowd) -> Bill:
    """One request for each job; it runs at once, and the safety sync looks at it once."""
    return _in_turn(crowd, IMMEDIATE)


def delayed(crowd: Crowd) -> Bill:
    """Within the reach of a message's delay."""
    return _in_turn(crowd, {**IMMEDIATE, "delay_seconds": IN_REACH_SECONDS}, wait=IN_REACH_SECONDS)


def in_bulk(crowd: Crowd) -> Bill:
    """One request for all of them."""
    with open_stage() as stage:

        def submit_and_work() -> None:
            stage.request("POST", "/api/v1/jobs/batch", {"jobs": [IMMEDIATE] * crowd.jobs})
            _live(stage, crowd)
            _look(stage)

        span = _span(stage, submit_and_work)
    return span.share(crowd.jobs)


def far_by_sweep(crowd: Crowd) -> Bill:
    """Due in an hour: the safety sync sends it when it is within reach."""
    with open_stage() as stage:

        def all_of_it() -> None:
            _create_far(stage, crowd)
            stage.pass_time(HOUR - 14 * 60)
            stage.sync(2)
            stage.pass_time(15 * 60)
            _live(stage, crowd)
            _look(stage)

        span = _span(stage, all_of_it)
    return span.share(crowd.jobs)


def far_by_scheduler(crowd: Crowd) -> Bill:
    """Due in an hour: a schedule of EventBridge Scheduler for each job."""
    with open_stage(far_timer="scheduler") as stage:

        def all_of_it() -> None:
            _create_far(stage, crowd)
            stage.pass_time(HOUR - 2 * 60)
            stage.fire(batch=crowd.batch)
            stage.pass_time(3 * 60)
            _live(stage, crowd)
            _look(stage)

        span = _span(stage, all_of_it)
    return span.share(crowd.jobs, far_timer="scheduler")


def occurrence_by_sweep(crowd: Crowd) -> Bill:
    """One of many occurrences of hourly jobs, from its message to its record; it arms the next one."""
    return _occurrence(crowd, interval_seconds=HOUR, minutes=60)


def occurrence_each_minute(crowd: Crowd) -> Bill:
    """One of many occurrences of jobs that run each minute: the worker sends the next one's message."""
    return _occurrence(crowd, interval_seconds=60, minutes=1)


def failing(crowd: Crowd, *, max_retries: int) -> Bill:
    """A job that fails each time, with its dead letter; nobody is told."""
    with open_stage() as stage:
        terms = {**FAILING, "max_retries": max_retries}

        def all_of_it() -> None:
            for _ in range(crowd.jobs):
                _create(stage, terms)
                if crowd.is_alone:
                    _until_it_ends(stage, crowd)
            _until_it_ends(stage, crowd)
            _look(stage)

        span = _span(stage, all_of_it)
    return span.share(crowd.jobs)


def final_failure(crowd: Crowd) -> Bill:
    """A job whose only attempt fails."""
    return failing(crowd, max_retries=0)


def retry(crowd: Crowd) -> Bill:
    """What a second attempt adds."""
    return failing(crowd, max_retries=1).plus(failing(crowd, max_retries=0), -1)


def told(crowd: Crowd) -> Bill:
    """What telling the owner of a failure costs: one mail."""
    with open_stage() as stage:
        for _ in range(crowd.jobs):
            _create(stage, {**FAILING, "max_retries": 0})
        stage.work()
        stage.follow()
        with spent(stage) as bill:
            stage.work("notify", "notifier", crowd.batch)
        return bill.each(crowd.jobs)


def cancelled(crowd: Crowd) -> Bill:
    """The request that cancels a delayed job."""
    with open_stage() as stage:
        jobs = [_create(stage, {**IMMEDIATE, "delay_seconds": IN_REACH_SECONDS}) for _ in range(crowd.jobs)]
        stage.follow()
        with spent(stage) as bill:
            for job in jobs:
                _pause(stage, crowd)
                stage.request("POST", f"/api/v1/jobs/{job}/cancel")
        return bill.each(crowd.jobs)


def reads(paths: Mapping[str, str]) -> dict[str, Bill]:
    """Requests that read, each alone; ``{job}`` in a path is one of 1,000 jobs, ten of which have run."""
    bills: dict[str, Bill] = {}
    with open_stage() as stage:
        later = {**IMMEDIATE, "delay_seconds": FAR_SECONDS}
        stage.request("POST", "/api/v1/jobs/batch", {"jobs": [later] * 990})
        job = [_create(stage, IMMEDIATE) for _ in range(10)][-1]
        stage.work()
        stage.follow()
        for name, path in paths.items():
            stage.pass_time(AWAY_SECONDS)
            with spent(stage) as bills[name]:
                stage.request("GET", path.format(job=job))
    return bills


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """What was used from an instant on, and when the safety sync ran meanwhile."""

    bill: Bill
    begun: datetime
    synced: Sequence[datetime]

    def share(self, jobs: int, *, far_timer: str = "sweep") -> Bill:
        """What one job used, without what the safety sync does at those instants anyway.

        To be asked for when its stage is closed.
        """
        anyway = _idle_syncs(far_timer, self.begun, tuple(self.synced))
        return self.bill.plus(anyway, -1).each(jobs)


@cache
def _idle_syncs(far_timer: str, begun: datetime, synced: Sequence[datetime]) -> Bill:
    """What the safety sync uses where there is nothing to do; it has run until ``begun``."""
    with empty_stage(far_timer=far_timer) as idle:
        idle.now = begun - timedelta(seconds=60)
        idle.sync(2)
        with spent(idle) as bill:
            for at in synced:
                idle.now = at
                idle.sync()
        return bill


def _span(stage: Stage, all_of_it: Callable[[], None]) -> Span:
    begun, before = stage.now, len(stage.synced)
    with spent(stage) as bill:
        all_of_it()
    return Span(bill=bill, begun=begun, synced=stage.synced[before:])


def _create(stage: Stage, terms: Mapping[str, Any]) -> str:
    return str(stage.request("POST", "/api/v1/jobs", dict(terms))["id"])


def _create_far(stage: Stage, crowd: Crowd) -> None:
    for _ in range(crowd.jobs):
        _create(stage, {**IMMEDIATE, "delay_seconds": HOUR})
        _pause(stage, crowd)


def _in_turn(crowd: Crowd, terms: Mapping[str, Any], *, wait: float = 0) -> Bill:
    """Create jobs one by one, and let them live: each before the next is made, or all together."""
    with open_stage() as stage:

        def all_of_it() -> None:
            for _ in range(crowd.jobs):
                _pause(stage, crowd)
                _create(stage, terms)
                if crowd.is_alone:
                    stage.pass_time(wait)
                    _live(stage, crowd)
                    _look(stage)
            stage.pass_time(wait)
            _live(stage, crowd)
            _look(stage)

        span = _span(stage, all_of_it)
    return span.share(crowd.jobs)


def _occurrence(crowd: Crowd, *, interval_seconds: int, minutes: int) -> Bill:
    """A later occurrence of each of many jobs, as the safety sync runs each minute."""

    def pass_minutes(number: int) -> None:
        for _ in range(number):
            stage.pass_time(60)
            _live(stage, crowd)
            stage.sync()

    with open_stage() as stage:
        for _ in range(crowd.jobs):
            _create(stage, {**IMMEDIATE, "interval_seconds": interval_seconds})
            _pause(stage, crowd)
        pass_minutes(max(3, minutes + 2))
        span = _span(stage, lambda: pass_minutes(minutes))
    return span.share(crowd.jobs)


def _until_it_ends(stage: Stage, crowd: Crowd) -> None:
    while stage.work(batch=crowd.batch):
        stage.follow()
        stage.pass_time(300)


def _live(stage: Stage, crowd: Crowd) -> None:
    """What is due runs, and the stream brings what was written."""
    if crowd.is_alone:
        while stage.work(most=1):
            stage.follow()
            stage.pass_time(AWAY_SECONDS)
    stage.work(batch=crowd.batch)
    stage.follow()


def _look(stage: Stage) -> None:
    """The safety sync looks at what was due."""
    stage.pass_time(60)
    stage.sync(2)


def _pause(stage: Stage, crowd: Crowd) -> None:
    if crowd.is_alone:
        stage.pass_time(AWAY_SECONDS)


def idle_hour(waiting: int) -> Bill:
    """An hour in which nothing is due while so many jobs wait for a far day: the safety sync, and Lambda's polls.

    The jobs are put where they belong without being written one by one (``crowd``).
    """
    with open_stage() as stage, crowd(stage, waiting=waiting, ended=0):
        stage.pass_time(60)
        stage.sync()
        stage.pass_time(60)
        with spent(stage) as bill:
            stage.sync(60)
    bill.add(Charge.SQS, POLLED_QUEUES * POLLERS * HOUR / POLL_SECONDS)
    bill.add(Charge.SCHEDULER, 60)
    return bill
