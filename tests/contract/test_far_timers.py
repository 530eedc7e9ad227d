"""What both far timers promise, and the schedules that the one on EventBridge Scheduler makes."""

import dataclasses
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.test_queues import job_message
from tests.doubles import NOON, FakeClock
from tickwell.adapters.aws.scheduler import SchedulerFarTimer, schedule_name
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.application.ports import FarTimer
from tickwell.domain.due import DueItem
from tickwell.domain.errors import UnavailableError
from tickwell.domain.message import JobMessage
from tickwell.messages import decode_job_message

if TYPE_CHECKING:
    from types_boto3_scheduler import EventBridgeSchedulerClient

QUEUE_ARN = "arn:aws:sqs:eu-central-1:123456789012:dispatch"
ROLE_ARN = "arn:aws:iam::123456789012:role/tickwell-scheduler"


THROTTLED: Any = {"Error": {"Code": "ThrottlingException"}, "ResponseMetadata": {"HTTPStatusCode": 429}}


def due(run_at: datetime, *, timed: bool = True, **changes: Any) -> DueItem:
    message = dataclasses.replace(job_message(), due_at=run_at, run_at=run_at, **{"attempt": 1, **changes})
    return DueItem(message=message, look_at=run_at, sent=False, timed=timed)


IN_AN_HOUR = due(NOON + timedelta(hours=1))


@pytest.fixture
def client(aws: str) -> "EventBridgeSchedulerClient":
    made = boto3.client("scheduler", region_name=aws)
    made.create_schedule_group(Name="tickwell")
    return made


@pytest.fixture
def scheduler(client: "EventBridgeSchedulerClient") -> SchedulerFarTimer:
    return SchedulerFarTimer(client, "tickwell", QUEUE_ARN, ROLE_ARN, FakeClock(), ThreadPoolExecutor(4))


@pytest.fixture(params=["sweep", "scheduler"])
def far_timer(request: pytest.FixtureRequest) -> FarTimer:
    if request.param == "sweep":
        return SweepFarTimer()
    timer: FarTimer = request.getfixturevalue("scheduler")
    return timer


def names(client: "EventBridgeSchedulerClient") -> set[str]:
    return {schedule["Name"] for schedule in client.list_schedules(GroupName="tickwell")["Schedules"]}


def test_a_far_timer_answers(far_timer: FarTimer) -> None:
    far_timer.ping()


def test_arming_and_disarming_may_be_repeated(far_timer: FarTimer) -> None:
    far_timer.arm([IN_AN_HOUR, IN_AN_HOUR])
    far_timer.arm([IN_AN_HOUR])
    far_timer.disarm(IN_AN_HOUR.message)
    far_timer.disarm(IN_AN_HOUR.message)
    far_timer.arm([])


def test_a_schedule_fires_once_two_minutes_early_with_the_message(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient"
) -> None:
    item = due(datetime.fromisoformat("2027-03-01T09:00:30.250+01:00"))
    scheduler.arm([item])
    schedule = client.get_schedule(GroupName="tickwell", Name=schedule_name(item.message))
    assert schedule["ScheduleExpression"] == "at(2027-03-01T07:58:30)"
    assert schedule["ScheduleExpressionTimezone"] == "UTC"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert schedule["ActionAfterCompletion"] == "DELETE"
    assert schedule["Target"]["Arn"] == QUEUE_ARN
    assert schedule["Target"]["RoleArn"] == ROLE_ARN
    assert decode_job_message(schedule["Target"]["Input"]) == item.message


@pytest.mark.parametrize(
    ("lead", "scheduled"),
    [
        (timedelta(minutes=-1), False),
        (timedelta(0), False),
        (timedelta(minutes=2), False),
        (timedelta(minutes=2, seconds=4), False),
        (timedelta(minutes=2, seconds=5), True),
        (timedelta(days=365), True),
    ],
)
def test_what_is_near_is_left_to_the_sweep(scheduler: SchedulerFarTimer, lead: timedelta, scheduled: bool) -> None:
    assert scheduler.takes(due(NOON + lead).message) is scheduled


def test_the_sweep_takes_all_itself() -> None:
    assert not SweepFarTimer().takes(IN_AN_HOUR.message)


def test_what_has_come_near_since_its_due_item_was_written_fires_soon_and_never_in_the_past(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient"
) -> None:
    item = due(NOON + timedelta(minutes=2))
    scheduler.arm([item])
    schedule = client.get_schedule(GroupName="tickwell", Name=schedule_name(item.message))
    assert schedule["ScheduleExpression"] == f"at({NOON + timedelta(seconds=5):%Y-%m-%dT%H:%M:%S})"


def test_what_has_no_timer_of_its_own_is_not_scheduled(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient"
) -> None:
    scheduler.arm([due(NOON + timedelta(hours=1), timed=False)])
    assert not names(client)


def test_many_are_scheduled_also_when_one_of_them_is_refused(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    items = [due(NOON + timedelta(hours=1), job_id=f"job-{n}") for n in range(20)]
    refused = schedule_name(items[3].message)
    create = client.create_schedule

    def sometimes(**request: Any) -> Any:
        if request["Name"] == refused:
            raise ClientError(THROTTLED, "CreateSchedule")
        return create(**request)

    monkeypatch.setattr(client, "create_schedule", sometimes)
    with pytest.raises(UnavailableError, match="scheduler: ThrottlingException"):
        scheduler.arm(items)
    assert names(client) == {schedule_name(item.message) for item in items} - {refused}


def test_disarming_deletes_that_schedule_only(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient"
) -> None:
    newer = due(IN_AN_HOUR.message.run_at, version=9)
    scheduler.arm([IN_AN_HOUR, newer])
    scheduler.disarm(IN_AN_HOUR.message)
    assert names(client) == {schedule_name(newer.message)}


def test_a_busy_service_is_unavailable_and_a_forbidden_one_is_not(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient"
) -> None:
    with Stubber(client) as stubber:
        for operation in ("create_schedule", "delete_schedule"):
            stubber.add_client_error(operation, "ThrottlingException", http_status_code=429)
        with pytest.raises(UnavailableError, match="scheduler: ThrottlingException"):
            scheduler.arm([IN_AN_HOUR])
        with pytest.raises(UnavailableError, match="scheduler: ThrottlingException"):
            scheduler.disarm(IN_AN_HOUR.message)
        stubber.add_client_error("create_schedule", "AccessDeniedException", http_status_code=403)
        with pytest.raises(ClientError, match="AccessDeniedException"):
            scheduler.arm([IN_AN_HOUR])


DIFFERENT: list[dict[str, Any]] = [
    {"tenant_id": "other"},
    {"job_id": "other"},
    {"version": 3},
    {"due_at": NOON + timedelta(seconds=2)},
    {"attempt": 3},
]


@pytest.mark.parametrize("change", DIFFERENT, ids=lambda change: next(iter(change)))
def test_every_attempt_has_a_name_of_its_own(change: dict[str, Any]) -> None:
    message = IN_AN_HOUR.message
    assert schedule_name(dataclasses.replace(message, **change)) != schedule_name(message)
    assert schedule_name(dataclasses.replace(message)) == schedule_name(message)


def test_a_retry_keeps_its_name_when_the_job_is_edited() -> None:
    retry = dataclasses.replace(IN_AN_HOUR.message, attempt=2)
    assert schedule_name(dataclasses.replace(retry, version=9)) == schedule_name(retry)


@pytest.mark.parametrize(("minutes", "asked"), [(0.5, False), (1, False), (1.1, True), (2, True), (60, True)])
def test_what_must_have_fired_by_now_is_not_deleted_in_vain(
    scheduler: SchedulerFarTimer, client: "EventBridgeSchedulerClient", minutes: float, asked: bool
) -> None:
    with Stubber(client) as stubber:
        if asked:
            stubber.add_response("delete_schedule", {})
        scheduler.disarm(due(NOON + timedelta(minutes=minutes)).message)
        stubber.assert_no_pending_responses()


@given(job_id=st.text(min_size=1, max_size=100), tenant_id=st.text(min_size=1))
def test_any_ids_give_a_name_that_the_service_takes(job_id: str, tenant_id: str) -> None:
    message: JobMessage = dataclasses.replace(job_message(), job_id=job_id, tenant_id=tenant_id)
    assert re.fullmatch(r"[0-9a-zA-Z-_.]{1,64}", schedule_name(message))
