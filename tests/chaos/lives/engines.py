"""The engines that lives are lived on: stores, their counts brought up to date, and expiry."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from tests.contract.queue_engines import REGION
from tests.contract.store_engines import (
    TABLE,
    THREADS,
    DynamoStores,
    Stores,
    create_table,
    dynamo_stores,
    embedded_stores,
    new_dynamodb_client,
    serve_one_call_at_a_time,
)
from tests.doubles import FakeClock
from tickwell.adapters.aws.dynamodb.count_stream import changes_from
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.adapters.embedded.expiry import EmbeddedExpiry

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """``follow`` brings the counts up to what is stored; ``expire`` deletes what is over, as TTL or a sweep does.

    ``follow`` is told which number of records the stream delivers together, and whether it delivers them twice.
    """

    stores: Stores
    follow: Callable[[int, bool], None]
    expire: Callable[[], None]


Open = Callable[[], Any]
"""Opens an engine that is empty, as a context."""


@contextmanager
def embedded() -> Iterator[Engine]:
    """SQLite in memory."""
    made = embedded_stores(":memory:", FakeClock())
    expiry = EmbeddedExpiry(made.database, made.stores.clock)

    def expire() -> None:
        while expiry.sweep(500):
            """Until nothing is left to delete."""

    try:
        yield Engine(stores=made.stores, follow=lambda _together, _twice: None, expire=expire)
    finally:
        made.database.close()


class Stream:
    """The table's stream, read from where it was left; what the counts are told of it."""

    def __init__(self, made: DynamoStores) -> None:
        self._counts = DynamoTenantCounts(made.table, made.stores.clock)
        config = Config(account_id_endpoint_mode="disabled")
        self._client: Any = boto3.client("dynamodbstreams", region_name=REGION, config=config)
        arn = self._client.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
        shard = self._client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
        started = self._client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
        self._iterator = started["ShardIterator"]

    def follow(self, together: int, twice: bool) -> None:
        """Bring all that is new, so many records in a batch; ``twice``: each batch is delivered again, as retried."""
        while records := self._page():
            for begin in range(0, len(records), together):
                changes = changes_from({"Records": records[begin : begin + together]})
                for _ in range(1 + twice):
                    self._counts.apply(changes)

    def _page(self) -> list[Any]:
        """The next records; a night of a job that runs each minute makes more than one answer holds."""
        answer = self._client.get_records(ShardIterator=self._iterator)
        self._iterator = answer["NextShardIterator"]
        records: list[Any] = answer["Records"]
        return records


def aws(client: "DynamoDBClient") -> Open:
    """DynamoDB, an account of its own each time; ``client`` is made once, because that takes long."""

    @contextmanager
    def opened() -> Iterator[Engine]:
        with pytest.MonkeyPatch.context() as patch, mock_aws(), ThreadPoolExecutor(max_workers=THREADS) as executor:
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                patch.setenv(name, "testing")
            serve_one_call_at_a_time(patch)
            create_table(client)
            made = dynamo_stores(client, executor)
            yield Engine(stores=made.stores, follow=Stream(made).follow, expire=lambda: _expire(made))

    return opened


def new_aws() -> Open:
    """As ``aws``, with a client of its own."""
    with mock_aws():
        return aws(new_dynamodb_client())


def _expire(made: DynamoStores) -> None:
    """What TTL does: items whose second has passed go, and the stream tells of it."""
    now = int(made.stores.clock.now().timestamp())
    for item in made.client.scan(TableName=TABLE)["Items"]:
        if "ttl" in item and int(item["ttl"]["N"]) <= now:
            made.client.delete_item(TableName=TABLE, Key={"pk": item["pk"], "sk": item["sk"]})
