"""What chance chooses from: what is asked for, what breaks, how long things take."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from tests.chaos.crash.wire import Kind
from tests.chaos.lives.fate import DEEDS, NARROW, SLOW, Break
from tickwell.application.create_job import After, Every, Immediately, NewJob, ScheduleRequest
from tickwell.application.edit_job import CronChange
from tickwell.domain.bounds import NO_BOUNDS, Bounds
from tickwell.domain.cron import CronExpression
from tickwell.domain.retry import Misfire, OnLost, Overlap, RetryPolicy, RetryStrategy

MOST_JOBS = 12
MINUTE = timedelta(minutes=1)
RETRIES = {
    "quickly": RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=20),
    "slowly": RetryPolicy(strategy=RetryStrategy.FIXED, delay_seconds=1000),
}

jobs_by_number = st.integers(0, MOST_JOBS - 1)
_calls = st.one_of(st.integers(0, 4), st.integers(0, 12), st.integers(0, 40))
_kinds = st.builds(Break, kind=st.sampled_from(Kind), at=_calls)
_others = st.builds(Break, deed=st.sampled_from(DEEDS), number=jobs_by_number, at=st.integers(0, 8))
breaks = st.one_of(st.none(), _kinds, _others)
queues = st.sampled_from([None, None, NARROW, SLOW])
outside = ({"outside": 100}, {"outside": 2000})
payloads = st.sampled_from(
    [None, {"failures": 1}, {"failures": 2}, {"failures": 9}, {"failures": 1, "for_good": True}, *outside]
)
common = st.fixed_dictionaries(
    {"payload": payloads, "queue": queues, "max_retries": st.integers(0, 2), "retry": st.sampled_from(sorted(RETRIES))},
    optional={
        "on_lost": st.sampled_from(OnLost),
        "expires_after_seconds": st.sampled_from([30, 3600]),
        "stall_seconds": st.just(10),
        "tags": st.just(("a",)),
    },
)
recurring_only = st.fixed_dictionaries(
    {},
    optional={
        "overlap": st.sampled_from(Overlap),
        "misfire": st.sampled_from([Misfire.RUN_ONCE, Misfire.RUN_ALL, Misfire.SKIP]),
        "pause_after_failures": st.integers(1, 2),
    },
)
schedules = st.sampled_from([CronChange(text="*/7 * * * *"), Every(seconds=200), After(delay_seconds=90)])
once = st.sampled_from([Immediately(), Immediately(), After(delay_seconds=30), After(delay_seconds=2000)])
again = st.sampled_from(["*/5 * * * *", 60, 700])
caller_keys = st.sampled_from(["k", "l"])


def asked(schedule: Any, bounds: Bounds = NO_BOUNDS) -> ScheduleRequest:
    """What is asked for with one of ``once`` or ``again``."""
    if isinstance(schedule, str):
        return CronExpression.parse(schedule)
    return Every(seconds=schedule, bounds=bounds) if isinstance(schedule, int) else schedule


def new_job(name: str, *, retry: str = "quickly", **fields: Any) -> NewJob:
    """A job that is asked for: ``fields`` of ``common``."""
    return NewJob(name=name, task="probe", timeout_seconds=60, retry=RETRIES[retry], **fields)
