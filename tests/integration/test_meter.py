"""What is billed on AWS for one job of each kind stays within the budgets of the design: counted by the meter."""

from collections.abc import Iterator

import boto3
import pytest

from tests.contract.queue_engines import REGION
from tests.meter import cases
from tests.meter.bill import Bill
from tests.meter.prices import Charge
from tests.meter.stage import Stage, open_stage, spent
from tests.meter.wire import UnmeteredError
from tickwell.domain.prices import Units
from tickwell.domain.unit_costs import UNIT_COSTS
from tickwell.domain.usage import Activity


@pytest.fixture(scope="module")
def opened() -> Iterator[Stage]:
    """One for all, since opening one takes seconds. The limit is so small that each request is counted alone."""
    with open_stage(RATE_LIMIT_PER_HOUR="120") as stage:
        yield stage


@pytest.fixture
def stage(opened: Stage) -> Stage:
    """What the tests before have left in queues is lost."""
    opened.queues.clear()
    return opened


def writes(bill: Bill, what: str = "") -> int:
    """The write units of all partition keys that hold ``what``."""
    return sum(units for key, units in bill.writes_by_key.items() if what in key)


def one(stage: Stage, **terms: object) -> Bill:
    """What a job costs in write units from its request to its end, without counts."""
    with spent(stage) as bill:
        stage.request("POST", "/api/v1/jobs", {**cases.IMMEDIATE, **terms})
        stage.pass_time(61)
        stage.work()
    return bill


@pytest.mark.parametrize("terms", [{}, {"delay_seconds": 60}, {"description": "what it is for " * 10}])
def test_a_job_writes_five_units_and_one_for_the_count_of_requests(stage: Stage, terms: dict[str, object]) -> None:
    bill = one(stage, **terms)
    assert (writes(bill), writes(bill, "#L#")) == (6, 1)
    assert (writes(bill, "#J#"), writes(bill, "#X#"), writes(bill, "D#")) == (3, 1, 1)


def test_a_long_payload_is_billed_once_by_the_kilobyte(stage: Stage) -> None:
    assert writes(one(stage, payload="x" * 2000)) - writes(one(stage)) == 3 + 3, "with keys and names, and as output"


def test_each_occurrence_of_a_recurring_job_writes_six_units(stage: Stage) -> None:
    stage.request("POST", "/api/v1/jobs", {**cases.IMMEDIATE, "interval_seconds": 60})
    stage.pass_time(60)
    with spent(stage) as bill:
        assert stage.work() == 1
    assert writes(bill) == 6, "due item, claim with 2 of the index, record, finish"


def test_a_retry_adds_four_units(stage: Stage) -> None:
    stage.request("POST", "/api/v1/jobs", {**cases.FAILING, "max_retries": 2})
    stage.work()
    stage.pass_time(300)
    with spent(stage) as bill:
        assert stage.work() == 1
    assert writes(bill) == 4, "claim, record, finish, and the due item of the next one"


def test_a_cancel_writes_its_job_and_what_it_leaves_out(stage: Stage) -> None:
    created = stage.request("POST", "/api/v1/jobs", {**cases.IMMEDIATE, "delay_seconds": 60})
    with spent(stage) as bill:
        stage.request("POST", f"/api/v1/jobs/{created['id']}/cancel")
    assert (writes(bill, "#J#"), writes(bill, "#X#")) == (1, 1)


def test_ten_jobs_in_one_request_share_three_requests_to_sqs(stage: Stage) -> None:
    with spent(stage) as bill:
        stage.request("POST", "/api/v1/jobs/batch", {"jobs": [cases.IMMEDIATE] * 10})
        stage.work()
    assert bill[Charge.SQS] == 3
    assert writes(bill) == 5 * 10 + 2, "the count of the request, and its record in the audit log"


def test_a_request_that_the_meter_does_not_know_is_an_error(stage: Stage) -> None:
    client = boto3.client("dynamodb", region_name=REGION)
    with pytest.raises(UnmeteredError):
        client.execute_statement(Statement='SELECT * FROM "tickwell"')
    assert stage.meter.bills == []


@pytest.mark.parametrize(
    ("terms", "activities"),
    [
        ({}, (Activity.CREATED_SOON, Activity.ATTEMPTS)),
        ({"delay_seconds": 1800}, (Activity.CREATED_FAR,)),
        ({"interval_seconds": 1800}, (Activity.CREATED_RECURRING,)),
    ],
    ids=["soon", "far", "recurring"],
)
def test_what_usage_reckons_with_is_what_is_metered(
    stage: Stage, terms: dict[str, object], activities: tuple[Activity, ...]
) -> None:
    """Alone, but for what comes later: the message of what is far, and its way out of the index."""
    bill = one(stage, **terms)
    expected = Units()
    for activity in activities:
        expected = expected.plus(UNIT_COSTS[activity].alone)
    is_later, is_far = bool(terms), "delay_seconds" in terms
    assert bill[Charge.WRITE_UNITS] == expected.write_units - is_far
    assert bill[Charge.HTTP] == expected.http_requests
    assert bill[Charge.LAMBDA] == expected.lambda_requests
    assert bill[Charge.SQS] == expected.sqs_requests - is_later


def test_occurrences_and_retries_are_reckoned_with_as_metered(stage: Stage) -> None:
    assert UNIT_COSTS[Activity.OCCURRENCES].alone.write_units == 6, "as above"
    assert UNIT_COSTS[Activity.RETRIES].alone.write_units == 4, "as above"
    with spent(stage) as bill:
        stage.request("POST", "/api/v1/jobs/batch", {"jobs": [cases.IMMEDIATE] * 100})
        stage.work()
    batched = UNIT_COSTS[Activity.CREATED_SOON].plus(UNIT_COSTS[Activity.ATTEMPTS]).batched
    assert bill[Charge.WRITE_UNITS] / 100 == pytest.approx(batched.write_units, abs=0.05)
    assert bill[Charge.SQS] / 100 == pytest.approx(batched.sqs_requests)
    assert bill[Charge.LAMBDA] / 100 == pytest.approx(batched.lambda_requests, abs=0.02)
