"""The goals of what a million jobs cost, all in, with full batches.

``make bench ONLY=meter`` has all cases, and the goal of recurring jobs, for whom hours have to pass.
"""

from collections.abc import Callable

import pytest

from tests.meter import cases, sharing
from tests.meter.bill import Bill
from tests.meter.cases import Crowd
from tests.meter.growth import grown
from tests.meter.prices import Charge
from tests.meter.stage import open_stage, spent

FEW = Crowd(jobs=30, batch=10)
MILLION = 1_000_000


@pytest.mark.parametrize(("case", "goal"), [(cases.immediate, 6.0), (cases.in_bulk, 4.5)], ids=["single", "bulk"])
def test_a_million_in_full_batches_cost_no_more(case: Callable[[Crowd], Bill], goal: float) -> None:
    assert case(FEW).dollars * MILLION <= goal


def test_a_hundred_times_as_many_jobs_cost_no_request_more() -> None:
    """Counts vary by a row or two: which rows ten jobs share is by chance."""
    few, many = grown(1000), grown(100_000)
    for name in few:
        if name != "count them":
            assert many[name][Charge.WRITE_UNITS] <= 1.2 * few[name][Charge.WRITE_UNITS], name
            assert many[name][Charge.READ_UNITS] <= 1.2 * few[name][Charge.READ_UNITS], name


def test_no_partition_key_receives_a_tenth_of_a_tenants_writes() -> None:
    """One by one, which is the harder case: all requests are counted for the same caller."""
    bill = sharing.one_by_one(150)
    assert bill.writes_by_key.total() > 150 * 5
    assert bill.largest_share() <= 0.1


def test_who_waits_costs_nothing() -> None:
    """A run of the safety sync while jobs wait for a time that is far."""
    found = []
    with open_stage() as stage:
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
