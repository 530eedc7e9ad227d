"""What is billed on AWS for one job of each kind stays within the budgets of the design: counted by the meter."""

from collections.abc import Iterator

import pytest

from tests.meter import cases
from tests.meter.bill import Bill
from tests.meter.prices import Charge
from tests.meter.stage import Stage, open_stage, spent
from tests.meter.wire import UnmeteredError

FEW = cases.Crowd(jobs=20, batch=10)
MILLION = 1_000_000


@pytest.fixture
def stage() -> Iterator[Stage]:
    with open_stage() as opened:
        yield opened


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


def test_who_waits_costs_nothing(stage: Stage) -> None:
    """A run of the safety sync while jobs wait for a time that is far."""
    found = []
    for _ in range(2):
        stage.pass_time(120)
        stage.sync(2)
        stage.pass_time(60)
        with spent(stage) as bill:
            stage.sync()
        found.append(bill.used)
        stage.request("POST", "/api/v1/jobs/batch", {"jobs": [{**cases.IMMEDIATE, "delay_seconds": 86_400}] * 100})
    assert found[0] == found[1]
    assert found[0][Charge.WRITE_UNITS] == 16


def test_a_million_in_full_batches_stay_below_their_goals() -> None:
    assert cases.in_bulk(FEW).dollars * MILLION <= 4.5


def test_a_request_that_the_meter_does_not_know_is_an_error(stage: Stage) -> None:
    import boto3  # noqa: PLC0415 - inside moto

    client = boto3.client("dynamodb")
    with pytest.raises(UnmeteredError):
        client.execute_statement(Statement='SELECT * FROM "tickwell"')
    assert stage.meter.bills == []
