"""How definitions of jobs differ."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.doubles import NOON
from tickwell.domain.cron import CronExpression, DstMissing, DstRepeated
from tickwell.domain.definition import FieldChange, asked_schedule, definition_of, differences, schedule_fields
from tickwell.domain.job import Job, JobStatus, Tally
from tickwell.domain.lane import Lane
from tickwell.domain.retry import RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron, Interval, OneTime, Schedule
from tickwell.domain.slot import Slot

LATER = NOON + timedelta(days=400)


def job(**changes: Any) -> Job:
    fields: dict[str, Any] = {
        "tenant_id": "t",
        "job_id": "j",
        "version": 1,
        "user_id": "u",
        "name": "n",
        "task": "echo",
        "schedule": OneTime(at=NOON),
        "next_run_at": NOON,
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Job(**fields | changes)


def changed(before: Job, after: Job) -> dict[str, tuple[Any, Any]]:
    return {change.field: (change.before, change.after) for change in differences(before, after)}


def test_what_a_job_has_lived_through_is_no_part_of_its_definition() -> None:
    old = job(
        job_id="other",
        version=7,
        user_id="another",
        status=JobStatus.PAUSED,
        next_run_at=None,
        slot=Slot(due_at=NOON, attempt=2),
        tally=Tally(executions=3),
        last_executed_at=LATER,
        paused_at=LATER,
        failures_in_a_row=2,
        expires_at=LATER,
        retry_of="a dead letter",
    )
    assert differences(old, job(created_at=LATER, updated_at=LATER)) == ()


def test_each_field_is_named_as_requests_name_it() -> None:
    policy = job().policy
    new = job(
        name="m",
        description="d",
        task="other",
        payload=[1],
        schedule=Cron(expression=CronExpression.parse("0 9 * * *", "Europe/Berlin")),
        lane=Lane.HIGH,
        tags=("a",),
        scope="s",
        policy=replace(policy, max_retries=9, retry=RetryPolicy(strategy=RetryStrategy.FIXED)),
    )
    found = changed(job(), new)
    told = {
        "name": ("n", "m"),
        "description": (None, "d"),
        "task": ("echo", "other"),
        "payload": (None, [1]),
        "schedule_type": ("scheduled", "cron"),
        "scheduled_time": (NOON, None),
        "cron_expression": (None, "0 9 * * *"),
        "timezone": (None, "Europe/Berlin"),
        "dst_missing": (None, DstMissing.SHIFT),
        "dst_repeated": (None, DstRepeated.FIRST),
        "exclude": (None, ()),
        "jitter_seconds": (None, 0),
        "queue": ("default-medium", "default-high"),
        "priority": (Lane.MEDIUM, Lane.HIGH),
        "max_retries": (3, 9),
        "retry": (policy.retry, RetryPolicy(strategy=RetryStrategy.FIXED)),
        "tags": ((), ("a",)),
        "scope": (None, "s"),
    }
    assert {name: found[name] for name in told} == told
    assert {before for name, (before, _) in found.items() if name not in told} <= {None}, "what only its schedule has"


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        ([0], [False], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": None}, {}, False),
        (None, [], False),
        ("\ud800", "\ud800", True),
        (1e308, 1e308, True),
    ],
)
def test_payloads_are_compared_as_json(before: Any, after: Any, same: bool) -> None:
    found = differences(job(payload=before), job(payload=after))
    assert found == (() if same else (FieldChange(field="payload", before=before, after=after),))


@pytest.mark.parametrize(
    ("standing", "asked"),
    [
        (OneTime(at=NOON, immediate=True), OneTime(at=LATER, immediate=True)),
        (Interval(seconds=60, anchor_at=NOON), Interval(seconds=60, anchor_at=LATER)),
        (Cron(expression=CronExpression.parse("@daily")), Cron(expression=CronExpression.parse("@daily", "UTC"))),
    ],
)
def test_a_schedule_that_is_asked_for_again_stays(standing: Schedule, asked: Schedule) -> None:
    assert differences(job(schedule=standing), job(schedule=asked)) == ()
    assert asked_schedule(standing, asked) is None


def test_another_interval_begins_anew() -> None:
    asked = Interval(seconds=61, anchor_at=LATER)
    assert asked_schedule(Interval(seconds=60, anchor_at=NOON), asked) == asked
    assert changed(job(schedule=Interval(seconds=60, anchor_at=NOON)), job(schedule=asked)) == {
        "interval_seconds": (60, 61)
    }


def test_what_was_immediate_and_is_asked_for_at_an_instant_differs() -> None:
    asked = OneTime(at=NOON)
    assert changed(job(schedule=OneTime(at=NOON, immediate=True)), job(schedule=asked)) == {
        "schedule_type": ("immediate", "scheduled"),
        "scheduled_time": (None, NOON),
    }


def test_names_of_fields_do_not_collide() -> None:
    """A field of a schedule that is called like one of the policy would hide it."""
    found = definition_of(job())
    for schedule in (OneTime(at=NOON), Interval(seconds=1, anchor_at=NOON)):
        names = schedule_fields(schedule)
        assert not names.keys() & (found.keys() - schedule_fields(job().schedule).keys())
    assert isinstance(found["scheduled_time"], datetime)
