"""What the product says that activities cost is what the meter counts (X19)."""

from collections.abc import Callable

import pytest

from tests.meter import cases
from tests.meter.bill import Bill
from tests.meter.prices import PER_MILLION, Charge
from tickwell.domain.prices import PRICES, UNIT_NAMES, Units
from tickwell.domain.unit_costs import NOTHING, SHARED, UNIT_COSTS, Bounds
from tickwell.domain.usage import Activity

CHARGES = {
    "write_units": Charge.WRITE_UNITS,
    "read_units": Charge.READ_UNITS,
    "sqs_requests": Charge.SQS,
    "http_requests": Charge.HTTP,
    "lambda_requests": Charge.LAMBDA,
    "scheduler_invocations": Charge.SCHEDULER,
    "gb_seconds": Charge.LAMBDA_TIME,
}
TENS = cases.Crowd(jobs=20, batch=10)
ONE = cases.Crowd(jobs=1, batch=1)
DEAR = 0.15
"""How far the whole may be off: what few jobs share is a larger part of each than in full batches."""


def counted(bill: Bill) -> Units:
    """What the meter counted, as the product tells it."""
    return Units(**{name: bill[charge] for name, charge in CHARGES.items()})


def told(*activities: Activity) -> Bounds:
    """What the product tells of all of them together."""
    total = NOTHING
    for activity in activities:
        total = total.plus(UNIT_COSTS[activity]).plus(SHARED[activity])
    return total


def alone(*activities: Activity) -> Units:
    return told(*activities).alone


def batched(*activities: Activity) -> Units:
    return told(*activities).batched


def test_every_unit_is_one_that_the_meter_counts_at_the_same_price() -> None:
    assert tuple(CHARGES) == UNIT_NAMES
    assert Units(**{name: PER_MILLION[charge] for name, charge in CHARGES.items()}) == PRICES.per_million


@pytest.mark.parametrize(
    ("metered", "units"),
    [
        pytest.param(lambda: cases.immediate(ONE), alone(Activity.CREATED_SOON, Activity.ATTEMPTS), id="one alone"),
        pytest.param(
            lambda: cases.in_bulk(cases.FULL), batched(Activity.CREATED_SOON, Activity.ATTEMPTS), id="a hundred in bulk"
        ),
        pytest.param(
            lambda: cases.occurrence_each_minute(TENS), batched(Activity.OCCURRENCES), id="occurrences in batches"
        ),
    ],
)
def test_the_units_of_activities_are_those_that_the_meter_counts(metered: Callable[[], Bill], units: Units) -> None:
    found = counted(metered())
    shown = "\n".join(f"{name}: told {getattr(units, name)}, found {getattr(found, name)}" for name in UNIT_NAMES)
    assert abs(found.write_units - units.write_units) <= 0.7, shown
    assert abs(found.sqs_requests - units.sqs_requests) <= 0.05, shown
    assert abs(found.http_requests - units.http_requests) <= 0.01, shown
    assert abs(found.lambda_requests - units.lambda_requests) <= 0.1, shown
    assert PRICES.dollars(found) == pytest.approx(PRICES.dollars(units), rel=DEAR), shown


def test_a_change_costs_its_request_and_what_is_counted_of_it() -> None:
    found, units = counted(cases.cancelled(ONE)), alone(Activity.CHANGES)
    assert (found.http_requests, units.http_requests) == (1, 1)
    assert 0 <= units.write_units - found.write_units <= 2.5, "the stream, which that case does not follow"
