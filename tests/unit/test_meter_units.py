"""The meter's arithmetic, against the examples of the service's documentation."""

from typing import Any

import pytest

from tests.meter.bill import Bill
from tests.meter.prices import PER_MILLION, Charge
from tests.meter.units import Index, Item, index_units, item_bytes, read_units, write_units
from tests.meter.wire import chunks

KEYS: Item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
BY_TIME = Index(keys=("pk", "up"))


def of(size: int) -> Item:
    """An item of that size."""
    return {"x": {"S": "y" * (size - 1)}}


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "abc"}, 3),
        ({"S": "ä"}, 2),
        ({"N": "0"}, 1),
        ({"N": "7"}, 2),
        ({"N": "1795348860000"}, 6),
        ({"N": "-12.5"}, 4),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"L": [{"S": "ab"}, {"N": "1"}]}, 3 + 3 + 3),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 3),
    ],
)
def test_a_value_has_the_size_that_is_documented(value: dict[str, Any], size: int) -> None:
    assert item_bytes({"name": value}) == 4 + size


def test_an_unknown_kind_is_no_guess() -> None:
    with pytest.raises(ValueError, match="BS"):
        item_bytes({"x": {"BS": ["abc"]}})


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        (None, None, 1),
        (None, of(1024), 1),
        (None, of(1025), 2),
        (of(3000), of(10), 3),
        (of(10), of(3000), 3),
        (of(2048), None, 2),
    ],
)
def test_a_write_is_billed_by_the_larger_of_what_was_and_what_is(
    old: Item | None, new: Item | None, units: int
) -> None:
    assert write_units(old, new) == units


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, None, 0),
        (None, "1", 1),
        ("1", None, 1),
        ("1", "1", 0),
        ("1", "2", 2),
    ],
)
def test_an_index_writes_what_changes_in_it(before: str | None, after: str | None, units: int) -> None:
    def item(up: str | None, other: str) -> Item:
        return {**KEYS, "other": {"S": other}, **({} if up is None else {"up": {"S": up}})}

    assert index_units(BY_TIME, item(before, "x"), item(after, "y")) == units


def test_an_index_that_holds_an_attribute_writes_once_where_it_changes() -> None:
    index = Index(keys=("pk", "up"), projected=frozenset({"other"}))
    old: Item = {**KEYS, "up": {"S": "1"}, "other": {"S": "x"}}
    assert index_units(index, old, {**old, "other": {"S": "y"}}) == 1
    assert index_units(index, old, {**old, "third": {"S": "y"}}) == 0


@pytest.mark.parametrize(
    ("items", "consistent", "units"),
    [
        ([], True, 1),
        ([], False, 0.5),
        ([of(4096)], True, 1),
        ([of(4097)], True, 2),
        ([of(4097)], False, 1),
        ([of(1000)] * 4, True, 1),
        ([of(1000)] * 5, True, 2),
    ],
)
def test_a_query_is_billed_by_what_it_reads_together(items: list[Item], consistent: bool, units: float) -> None:
    assert read_units(items, consistent=consistent) == units


def test_a_request_of_sqs_is_64_kilobytes() -> None:
    assert [chunks(size) for size in (0, 1, 65_536, 65_537, 262_144)] == [1, 1, 1, 2, 4]


def test_a_bill_adds_up() -> None:
    bill = Bill()
    bill.write("a", 3)
    bill.write("b", 1)
    bill.read("a", 0.5)
    twice = bill.plus(bill)
    assert (twice[Charge.WRITE_UNITS], twice[Charge.READ_UNITS], twice[Charge.SQS]) == (8, 1, 0)
    assert twice.largest_share() == 0.75
    expected = 8 * PER_MILLION[Charge.WRITE_UNITS] + PER_MILLION[Charge.READ_UNITS]
    assert twice.dollars * 1e6 == pytest.approx(expected)
    assert twice.plus(bill, -2)[Charge.WRITE_UNITS] == 0
