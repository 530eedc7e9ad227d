"""How long attempts took is counted by the hour, on both engines, with and without what older releases left (C20)."""

import json
from collections.abc import Sequence
from datetime import timedelta

import pytest

from tests.contract.counted import Counted, dynamo_counts, ended
from tests.contract.dynamodb_probe import stream_records
from tests.contract.makers import TENANT, created
from tests.contract.store_engines import DynamoStores, EmbeddedStores, Stores
from tests.doubles import NOON
from tickwell.adapters.aws.dynamodb.attributes import Item
from tickwell.adapters.aws.dynamodb.count_items import day_row
from tickwell.adapters.aws.dynamodb.count_keys import GROUPS, day_key
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.domain.counts import HourTally
from tickwell.domain.durations import Durations, durations_of
from tickwell.domain.execution import ExecutionStatus

HOUR = timedelta(hours=1)
SECONDS = (0.001, 0.004, 0.005, 0.3, 1.5, 1.5, 1.6, 30, 900)


def run(stores: Stores, seconds: Sequence[float]) -> None:
    """Attempts that take so long, begun at noon."""
    for each in seconds:
        ended(stores, created(stores), ExecutionStatus.SUCCESS, each)


def first_hour(counted: Counted) -> HourTally:
    return counted.hours(NOON, NOON + HOUR)[NOON]


def milliseconds(seconds: Sequence[float]) -> list[int]:
    return [int(1000 * each) for each in seconds]


@pytest.mark.parametrize("count", [1, 2, 3, len(SECONDS)])
def test_the_durations_of_an_hour_are_counted_as_they_come(counted: Counted, count: int) -> None:
    for number in range(count):
        run(counted.stores, SECONDS[number : number + 1])
        counted.follow()
    hour = first_hour(counted)
    assert hour.durations == durations_of(milliseconds(SECONDS[:count]))
    assert hour.percentile_ms(100) == pytest.approx(1000 * max(SECONDS[:count]))


def test_attempts_of_a_kind_are_told_exactly(counted: Counted) -> None:
    run(counted.stores, [0.25] * 5)
    assert {first_hour(counted).percentile_ms(percent) for percent in (50, 95, 99)} == {250}


def test_hours_do_not_share_durations(counted: Counted) -> None:
    run(counted.stores, [1, 3600, 3602])
    counted.stores.clock.advance(2 * HOUR)
    found = counted.hours(NOON, NOON + 2 * HOUR)
    assert [found[at].durations.total for at in (NOON, NOON + HOUR)] == [1, 2]


def test_hours_that_sqlite_had_before_have_no_percentiles(sqlite: EmbeddedStores) -> None:
    run(sqlite.stores, [1, 2, 30])
    with sqlite.database.transaction() as cursor:
        cursor.execute("UPDATE execution_hours SET durations = ''")
    run(sqlite.stores, [4])
    hour = sqlite.stores.counts.hours(TENANT, since=NOON, until=NOON + HOUR)[NOON]
    assert (hour.tally.total, hour.durations.total) == (4, 1)
    assert hour.percentile_ms(50) is None


def days(dynamodb: DynamoStores) -> list[Item]:
    """The rows of today."""
    found = [dynamodb.table.get(day_key(TENANT, group, NOON.date())) for group in range(GROUPS)]
    return [item for item in found if item is not None]


def follow(dynamodb: DynamoStores, region: str) -> None:
    dynamo_counts(dynamodb).apply(changes_from({"Records": stream_records(region)}))


def test_days_that_dynamodb_had_before_go_on(dynamodb: DynamoStores, aws: str) -> None:
    seconds = [1, 2, 30, 60] * 8
    run(dynamodb.stores, seconds)
    follow(dynamodb, aws)
    for item in days(dynamodb):
        document = json.loads(str(item["doc"]))
        document.pop("durations", None)
        row = day_row(item | {"doc": json.dumps(document)})
        assert row.hours[NOON].tally == day_row(item).hours[NOON].tally
        assert row.hours[NOON].durations in (Durations(), day_row(item).hours[NOON].durations)


def test_two_attempts_of_an_hour_take_no_byte_for_their_durations(dynamodb: DynamoStores, aws: str) -> None:
    run(dynamodb.stores, [5, 7])
    follow(dynamodb, aws)
    assert days(dynamodb)
    assert all("durations" not in json.loads(str(item["doc"])) for item in days(dynamodb))
    hour = dynamodb.stores.counts.hours(TENANT, since=NOON, until=NOON + HOUR)[NOON]
    assert hour.durations == durations_of([5000, 7000])


def test_an_hour_of_many_attempts_adds_few_bytes(dynamodb: DynamoStores, aws: str) -> None:
    run(dynamodb.stores, [number / 7 for number in range(60)])
    follow(dynamodb, aws)
    for item in days(dynamodb):
        document = json.loads(str(item["doc"]))
        assert len(json.dumps(document["durations"])) < 60
