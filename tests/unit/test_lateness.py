"""What counts as late, and what was held back on purpose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.doubles import NOON
from tickwell.application.arming import first_attempt
from tickwell.application.lateness import LATE_AFTER, late_among
from tickwell.domain.job import Job
from tickwell.domain.schedule import OneTime
from tickwell.domain.slot import Slot

MILLISECOND = timedelta(milliseconds=1)
JOB = Job(
    tenant_id="tenant-1",
    job_id="job-1",
    version=1,
    user_id="user-1",
    name="a job",
    task="echo",
    schedule=OneTime(at=NOON),
    next_run_at=None,
    slot=Slot(due_at=NOON, attempt=1, token="t", lease_until=NOON + timedelta(hours=1)),
    created_at=NOON,
    updated_at=NOON,
)
MESSAGE = first_attempt(JOB, NOON)


@pytest.mark.parametrize(("late_by", "count"), [(-MILLISECOND, 0), (timedelta(0), 0), (MILLISECOND, 1)])
def test_an_attempt_is_late_a_minute_after_its_start_time(late_by: timedelta, count: int) -> None:
    assert late_among([MESSAGE], [JOB], NOON + LATE_AFTER + late_by) == count


def test_a_retry_is_late_by_its_own_start_time() -> None:
    slot = Slot(due_at=NOON, attempt=2, token="t", lease_until=NOON + timedelta(hours=2))
    message = replace(MESSAGE, attempt=2, run_at=NOON + timedelta(hours=1))
    assert late_among([message], [replace(JOB, slot=slot)], NOON + timedelta(hours=1)) == 0


def test_what_a_limit_held_back_what_only_probes_and_what_was_not_claimed_is_not_late() -> None:
    later = NOON + timedelta(hours=1)
    assert late_among([replace(MESSAGE, admitted=True)], [JOB], later) == 0
    assert late_among([replace(MESSAGE, probe=True)], [JOB], later) == 0
    assert late_among([MESSAGE], [], later) == 0
    assert late_among([replace(MESSAGE, job_id="another")], [JOB], later) == 0
