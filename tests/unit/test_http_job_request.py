"""``POST /jobs``: what a body means, and which bodies contradict themselves."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import ValidationError

from tickwell.application.create_job import After, At, Every, Immediately, NewJob, ScheduleRequest
from tickwell.domain.bounds import Bounds, exclusions
from tickwell.domain.cron import CronExpression, DstMissing, DstRepeated
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.retry import OnLost, RetryPolicy, RetryStrategy
from tickwell.domain.schedule import Cron
from tickwell.http.job_request import JobRequest

NINE = "2026-11-25T09:00:00Z"
SKIP, BOTH = DstMissing.SKIP, DstRepeated.BOTH
BOUNDS = Bounds(
    start_at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    end_at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC),
    exclude=exclusions(["2026-12-24", "2027-01-01"]),
)
AT_NINE = At(at=datetime(2026, 11, 25, 9, 0, tzinfo=UTC))


def new_job(**fields: Any) -> NewJob:
    return JobRequest.model_validate({"name": "a job", **fields}).to_new_job()


@pytest.mark.parametrize(
    ("fields", "schedule"),
    [
        ({}, Immediately()),
        ({"schedule_type": "immediate"}, Immediately()),
        ({"job_type": "one-time"}, Immediately()),
        ({"scheduled_time": NINE}, AT_NINE),
        ({"scheduled_for": NINE}, AT_NINE),
        ({"scheduled_time": NINE, "schedule_type": "scheduled", "job_type": "one-time"}, AT_NINE),
        ({"scheduled_time": NINE, "timezone": "Europe/Berlin"}, AT_NINE),
        ({"scheduled_time": "2026-11-25T10:00:00+01:00"}, AT_NINE),
        ({"scheduled_time": "2026-11-25T09:00:00.000-00:00"}, AT_NINE),
        ({"scheduled_time": NINE, "scheduled_for": None, "cron_expression": None}, AT_NINE),
        ({"delay_seconds": 0}, After(delay_seconds=0)),
        ({"delay_seconds": 1.5, "schedule_type": "scheduled"}, After(delay_seconds=1.5)),
        ({"cron_expression": "0 9 * * *"}, Cron(expression=CronExpression.parse("0 9 * * *"))),
        (
            {
                "cron_expression": "0 9 * * *",
                "timezone": "Asia/Tokyo",
                "schedule_type": "cron",
                "job_type": "recurring",
            },
            Cron(expression=CronExpression.parse("0 9 * * *", "Asia/Tokyo")),
        ),
        ({"interval_seconds": 30}, Every(seconds=30)),
        (
            {"cron_expression": "0 2 * * *", "dst_missing": "skip", "dst_repeated": "both", "jitter_seconds": 9},
            Cron(expression=CronExpression.parse("0 2 * * *", dst_missing=SKIP, dst_repeated=BOTH), jitter_seconds=9),
        ),
        (
            {"cron_expression": "0 9 * * *", "start_at": NINE, "end_at": NINE, "exclude": ["2027-01-01", "2026-12-24"]},
            Cron(expression=CronExpression.parse("0 9 * * *"), bounds=BOUNDS),
        ),
        (
            {"interval_seconds": 30, "timezone": "Asia/Tokyo", "exclude": ["2026-12-24/2026-12-26"]},
            Every(seconds=30, timezone="Asia/Tokyo", bounds=Bounds(exclude=exclusions(["2026-12-24/2026-12-26"]))),
        ),
        ({"interval_seconds": 30, "end_at": None, "exclude": None, "jitter_seconds": None}, Every(seconds=30)),
        ({"interval_seconds": 30, "schedule_type": "interval", "job_type": "recurring"}, Every(seconds=30)),
    ],
)
def test_fields_become_schedules(fields: dict[str, Any], schedule: ScheduleRequest) -> None:
    assert new_job(**fields).schedule == schedule


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"cron_expression": "0 9 * * *", "scheduled_time": NINE}, "cron_expression"),
        ({"scheduled_time": NINE, "scheduled_for": NINE}, "scheduled_for"),
        ({"scheduled_time": NINE, "delay_seconds": 5}, "delay_seconds"),
        ({"cron_expression": "0 9 * * *", "interval_seconds": 5}, "interval_seconds"),
        ({"job_type": "one-time", "cron_expression": "0 9 * * *"}, "job_type"),
        ({"job_type": "one-time", "interval_seconds": 5}, "job_type"),
        ({"job_type": "recurring"}, "job_type"),
        ({"job_type": "recurring", "scheduled_time": NINE}, "job_type"),
        ({"job_type": "recurring", "delay_seconds": 5}, "job_type"),
        ({"job_type": "send_email", "task": "echo"}, "job_type"),
        ({"schedule_type": "immediate", "scheduled_time": NINE}, "schedule_type"),
        ({"schedule_type": "immediate", "cron_expression": "0 9 * * *"}, "schedule_type"),
        ({"schedule_type": "cron", "interval_seconds": 5}, "schedule_type"),
        ({"schedule_type": "interval", "cron_expression": "0 9 * * *"}, "schedule_type"),
        ({"schedule_type": "scheduled", "cron_expression": "0 9 * * *"}, "schedule_type"),
        ({"schedule_type": "scheduled"}, "scheduled_time"),
        ({"schedule_type": "cron"}, "cron_expression"),
        ({"schedule_type": "interval"}, "interval_seconds"),
        ({"cron_expression": "often"}, "cron_expression"),
        ({"cron_expression": "0 0 30 2 *"}, "cron_expression"),
        ({"cron_expression": ""}, "cron_expression"),
        ({"cron_expression": "\0" * 5}, "cron_expression"),
        ({"cron_expression": "0 9 * * *", "timezone": "Mars/Olympus"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"start_at": NINE}, "start_at"),
        ({"delay_seconds": 5, "end_at": NINE}, "end_at"),
        ({"scheduled_time": NINE, "exclude": ["2026-12-24"]}, "exclude"),
        ({"jitter_seconds": 5}, "jitter_seconds"),
        ({"scheduled_time": NINE, "dst_missing": "skip"}, "dst_missing"),
        ({"interval_seconds": 5, "dst_repeated": "both"}, "dst_repeated"),
        ({"interval_seconds": 5, "start_at": NINE, "end_at": "2026-11-25T08:59:59.999Z"}, "end_at"),
        ({"interval_seconds": 5, "exclude": ["2026-12-24/2026-12-23"]}, "exclude"),
        ({"interval_seconds": 5, "exclude": ["2026-02-29"]}, "exclude"),
        ({"interval_seconds": 5, "exclude": ["20261224"]}, "exclude"),
        ({"interval_seconds": 5, "exclude": ["2026-12-24/"]}, "exclude"),
        ({"interval_seconds": 5, "exclude": ["2026-1-1/2026-1-2/3"]}, "exclude"),
        ({"interval_seconds": 5, "exclude": ["٢٠٢٦-١٢-٢٤"]}, "exclude"),
        ({"interval_seconds": 5, "exclude": ["2200-01-01"]}, "exclude"),
        ({"timezone": "\0"}, "timezone"),
    ],
)
def test_contradictions_name_the_field(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        new_job(**fields)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 256}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\x85b"}, "name"),
        ({"name": 5}, "name"),
        ({"description": "x" * 5001}, "description"),
        ({"description": "a\0b"}, "description"),
        ({"schedule_type": "sometimes"}, "schedule_type"),
        ({"scheduled_time": "2026-11-25T09:00:00"}, "scheduled_time"),
        ({"scheduled_time": "2026-11-25"}, "scheduled_time"),
        ({"scheduled_time": "tomorrow"}, "scheduled_time"),
        ({"scheduled_time": 1764061200}, "scheduled_time"),
        ({"scheduled_time": "1969-12-31T23:59:59Z"}, "scheduled_time"),
        ({"scheduled_time": "2200-01-01T00:00:00Z"}, "scheduled_time"),
        ({"scheduled_time": "0001-01-01T00:00:00+23:59"}, "scheduled_time"),
        ({"scheduled_time": "9999-12-31T23:59:59-23:59"}, "scheduled_time"),
        ({"scheduled_for": "2026-11-25T09:00:00"}, "scheduled_for"),
        ({"delay_seconds": -1}, "delay_seconds"),
        ({"delay_seconds": 10 * 365 * 86400 + 1}, "delay_seconds"),
        ({"delay_seconds": 10**400}, "delay_seconds"),
        ({"delay_seconds": "5"}, "delay_seconds"),
        ({"delay_seconds": True}, "delay_seconds"),
        ({"interval_seconds": 0}, "interval_seconds"),
        ({"interval_seconds": 5, "jitter_seconds": 3601}, "jitter_seconds"),
        ({"interval_seconds": 5, "jitter_seconds": -1}, "jitter_seconds"),
        ({"interval_seconds": 5, "start_at": "2026-12-24"}, "start_at"),
        ({"interval_seconds": 5, "end_at": "soon"}, "end_at"),
        ({"interval_seconds": 5, "exclude": ["2026-12-24"] * 101}, "exclude"),
        ({"interval_seconds": 5, "exclude": "2026-12-24"}, "exclude"),
        ({"cron_expression": "0 2 * * *", "dst_missing": "drop"}, "dst_missing"),
        ({"interval_seconds": 1.5}, "interval_seconds"),
        ({"interval_seconds": 10**30}, "interval_seconds"),
        ({"timeout_seconds": 0}, "timeout_seconds"),
        ({"timeout_seconds": 871}, "timeout_seconds"),
        ({"timeout_seconds": True}, "timeout_seconds"),
        ({"max_retries": -1}, "max_retries"),
        ({"max_retries": 101}, "max_retries"),
        ({"on_lost": "shrug"}, "on_lost"),
        ({"stall_seconds": 4}, "stall_seconds"),
        ({"stall_seconds": 3601}, "stall_seconds"),
        ({"stall_seconds": 7.5}, "stall_seconds"),
        ({"stall_seconds": "30"}, "stall_seconds"),
        ({"pause_after_failures": 0, "interval_seconds": 60}, "pause_after_failures"),
        ({"pause_after_failures": 1001, "interval_seconds": 60}, "pause_after_failures"),
        ({"pause_after_failures": True, "interval_seconds": 60}, "pause_after_failures"),
        ({"pause_after_failures": "3", "interval_seconds": 60}, "pause_after_failures"),
        ({"priority": True}, "priority"),
        ({"priority": 1.0}, "priority"),
        ({"priority": ["high"]}, "priority"),
        ({"tags": ["x"] * 21}, "tags"),
        ({"tags": "x"}, "tags"),
        ({"tags": [""]}, "tags.0"),
        ({"tags": ["ok", "x" * 51]}, "tags.1"),
        ({"tags": ["a\0"]}, "tags.0"),
        ({"retry": {}}, "retry.strategy"),
        ({"retry": {"strategy": "sometimes"}}, "retry.strategy"),
        ({"retry": {"strategy": "fixed", "delay_seconds": -1}}, "retry.delay_seconds"),
        ({"retry": {"strategy": "exponential", "factor": 0.5}}, "retry.factor"),
        ({"retry": {"strategy": "exponential", "jitter": 1.5}}, "retry.jitter"),
        ({"retry": {"strategy": "exponential", "max_delay_seconds": 30 * 86400 + 1}}, "retry.max_delay_seconds"),
        ({"retry": {"strategy": "schedule", "delays_seconds": []}}, "retry.delays_seconds"),
        ({"retry": {"strategy": "schedule", "delays_seconds": [1.0] * 101}}, "retry.delays_seconds"),
        ({"retry": {"strategy": "schedule", "delays_seconds": [1, -1]}}, "retry.delays_seconds.1"),
        ({"retry": {"strategy": "fixed", "delays_seconds": [1]}}, "retry"),
        ({"retry": {"strategy": "fixed", "factor": 2}}, "retry"),
        ({"retry": {"strategy": "schedule", "delay_seconds": 2}}, "retry"),
        ({"surprise": 1}, "surprise"),
        ({"retry": {"strategy": "fixed", "surprise": 1}}, "retry.surprise"),
    ],
)
def test_faults_name_the_field_once(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        new_job(**fields)
    assert [".".join(str(part) for part in fault["loc"]) for fault in caught.value.errors()] == [field]


def test_what_is_left_out_is_left_to_the_task() -> None:
    assert new_job() == NewJob(name="a job")


def test_everything_arrives() -> None:
    job = new_job(
        description="with\nlines",
        task="send_email",
        payload={"a": [1, None, "\0"]},
        timeout_seconds=870,
        max_retries=0,
        retry={"strategy": "exponential", "delay_seconds": 2, "factor": 3, "max_delay_seconds": 60, "jitter": 0.2},
        on_lost="fail",
        stall_seconds=5,
        priority=4,
        tags=["b", "a", "b"],
    )
    assert job == NewJob(
        name="a job",
        description="with\nlines",
        task="send_email",
        payload={"a": [1, None, "\0"]},
        timeout_seconds=870,
        max_retries=0,
        retry=RetryPolicy(
            strategy=RetryStrategy.EXPONENTIAL, delay_seconds=2, factor=3, max_delay_seconds=60, jitter=0.2
        ),
        on_lost=OnLost.FAIL,
        stall_seconds=5,
        priority=4,
        tags=("b", "a"),
    )


def test_a_recurring_job_may_pause_itself_after_failures_a_one_time_job_may_not() -> None:
    assert new_job(interval_seconds=60, pause_after_failures=1000).pause_after_failures == 1000
    assert new_job(cron_expression="0 9 * * *", pause_after_failures=1).pause_after_failures == 1
    for when in ({}, {"delay_seconds": 5}, {"scheduled_time": "2026-11-25T09:00:00Z"}):
        with pytest.raises(InvalidInputError, match="pause_after_failures"):
            new_job(pause_after_failures=1, **when)


def test_a_tasks_name_given_as_job_type_is_the_task() -> None:
    assert new_job(job_type="send_email").task == "send_email"
    assert new_job(job_type="send_email", task="send_email", cron_expression="0 9 * * *").task == "send_email"


def test_a_job_without_a_name_has_that_of_the_task_that_it_names() -> None:
    assert new_job(name=None, job_type="send_email").name == "send_email"
    assert JobRequest.model_validate({"task": "echo"}).to_new_job().name == "echo"
    assert new_job(task="echo").name == "a job"


@pytest.mark.parametrize("fields", [{}, {"name": None}, {"job_type": "one-time"}, {"payload": {"to": "a"}}])
def test_without_a_task_the_name_is_required(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="is required, or task") as caught:
        JobRequest.model_validate(fields).to_new_job()
    assert caught.value.field == "name"


def test_instants_are_in_utc_whatever_their_offset() -> None:
    tokyo = datetime(2026, 11, 25, 18, 0, tzinfo=timezone(timedelta(hours=9)))
    schedule = new_job(scheduled_time=tokyo.isoformat()).schedule
    assert schedule == AT_NINE


def test_faults_never_repeat_a_value() -> None:
    with pytest.raises(ValidationError) as caught:
        new_job(timeout_seconds="hunter2", tags="hunter2", priority=["hunter2"])
    assert "hunter2" not in str(caught.value)
