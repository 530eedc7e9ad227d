"""Looks under the stores on DynamoDB: which items there are, which calls are made, and what a lost answer does."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from io import BytesIO
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.models import botocore_stubber

from tests.contract.store_engines import TABLE, DynamoStores
from tickwell.adapters.aws.dynamodb.attributes import Item, plain_item

if TYPE_CHECKING:
    from types_boto3_dynamodbstreams import DynamoDBStreamsClient

_SERVICE: BotocoreStubber = botocore_stubber


def items(dynamodb: DynamoStores, kind: str | None = None) -> list[Item]:
    """Everything in the table, or all of one kind."""
    found = [plain_item(item) for item in dynamodb.client.scan(TableName=TABLE)["Items"]]
    return [item for item in found if kind in {None, item["kind"]}]


def stream_records(region: str) -> list[dict[str, Any]]:
    """What the table's stream holds, as Lambda would pass it."""
    client: DynamoDBStreamsClient = boto3.client(
        "dynamodbstreams", region_name=region, config=Config(account_id_endpoint_mode="disabled")
    )
    arn = client.list_streams(TableName=TABLE)["Streams"][0]["StreamArn"]
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    records = client.get_records(ShardIterator=iterator["ShardIterator"])["Records"]
    return [dict(record) for record in records]


@contextmanager
def noting(dynamodb: DynamoStores, event: str, note: Callable[..., None]) -> Iterator[None]:
    """``note`` is called at each ``event`` of the SDK inside the block."""
    dynamodb.client.meta.events.register(event, note)
    try:
        yield
    finally:
        dynamodb.client.meta.events.unregister(event, note)


@contextmanager
def counted(dynamodb: DynamoStores) -> Iterator[Counter[str]]:
    """How often each operation is called inside the block."""
    calls: Counter[str] = Counter()

    def count(event_name: str, **_: object) -> None:
        calls[event_name.rpartition(".")[2]] += 1

    with noting(dynamodb, "provide-client-params.dynamodb.*", count):
        yield calls


@contextmanager
def rows_read(dynamodb: DynamoStores) -> Iterator[Counter[str]]:
    """How many items each operation reads inside the block, those that a filter leaves out as well."""
    rows: Counter[str] = Counter()

    def count(parsed: dict[str, Any], model: Any, **_: object) -> None:
        batches = parsed.get("Responses", {})
        found = len(batches) if isinstance(batches, list) else sum(len(items) for items in batches.values())
        rows[model.name] += parsed.get("ScannedCount", parsed.get("Count", found or int("Item" in parsed)))

    with noting(dynamodb, "after-call.dynamodb.*", count):
        yield rows


@contextmanager
def answers_lost(dynamodb: DynamoStores, operation: str) -> Iterator[list[str]]:
    """The first call of ``operation`` inside the block reaches the service, and its answer never comes back."""
    lost: list[str] = []

    def lose(request: AWSPreparedRequest, event_name: str, **named: Any) -> None:
        if not lost:
            lost.append(operation)
            _SERVICE(event_name, request, **named)
            raise ReadTimeoutError(endpoint_url="https://dynamodb")

    with _intercepted(dynamodb, operation, lose):
        yield lost
    assert lost == [operation]


@contextmanager
def first_answer(
    dynamodb: DynamoStores, operation: str, answer: Callable[[dict[str, Any]], dict[str, Any]]
) -> Iterator[None]:
    """The first call of ``operation`` inside the block does nothing; ``answer`` makes its answer."""
    answered: list[str] = []

    def reply(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        if answered:
            return None
        answered.append(operation)
        _SERVICE.enabled = False  # all who listen are asked, the service as well
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        return AWSResponse(request.url, 200, HTTPHeaders(), _Raw(json.dumps(answer(json.loads(body))).encode()))

    def wake(**_: Any) -> None:
        _SERVICE.enabled = True

    dynamodb.client.meta.events.register_last("before-send", wake)
    try:
        with _intercepted(dynamodb, operation, reply):
            yield
    finally:
        dynamodb.client.meta.events.unregister("before-send", wake)
    assert answered == [operation]


def throttled(sent: dict[str, Any]) -> dict[str, Any]:
    """For ``first_answer``: none of the statements of a batch was carried out."""
    error = {"Code": "ThrottlingError", "Message": "Rate of requests exceeds the allowed throughput."}
    return {"Responses": [{"Error": error} for _ in sent["Statements"]]}


@contextmanager
def network_down(dynamodb: DynamoStores) -> Iterator[None]:
    """No call inside the block reaches the service."""

    def refuse(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://dynamodb")

    with _intercepted(dynamodb, "*", refuse):
        yield


@contextmanager
def puts_fail(
    dynamodb: DynamoStores,
    text: str,
    operations: Sequence[str] = ("PutItem", "BatchWriteItem", "BatchExecuteStatement"),
) -> Iterator[None]:
    """No write of items, by one of ``operations``, that holds ``text`` reaches the service inside the block."""

    def refuse(request: AWSPreparedRequest, **_: Any) -> None:
        body = request.body if isinstance(request.body, bytes) else str(request.body).encode()
        if text.encode() in body:
            raise ConnectTimeoutError(endpoint_url="https://dynamodb")

    with ExitStack() as refusing:
        for operation in operations:
            refusing.enter_context(_intercepted(dynamodb, operation, refuse))
        yield


@contextmanager
def _intercepted(dynamodb: DynamoStores, operation: str, handler: Callable[..., Any]) -> Iterator[None]:
    event = f"before-send.dynamodb.{operation}"
    dynamodb.client.meta.events.register_first(event, handler)
    try:
        yield
    finally:
        dynamodb.client.meta.events.unregister(event, handler)


class _Raw(BytesIO):
    """A body as botocore reads it from the wire."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        while piece := self.read():
            yield piece
