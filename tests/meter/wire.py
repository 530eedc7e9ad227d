"""The meter: it sits between the SDK and moto, where each request passes that AWS would bill, repeats as well.

Emulators do not compute what DynamoDB bills. So the meter looks the item up before a write and after it, and counts
both tables and indexes (``units``). A request that it does not know is an error, never free.
"""

import json
import math
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, cast

from botocore.awsrequest import AWSPreparedRequest
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from tests.meter.bill import Bill
from tests.meter.prices import Charge
from tests.meter.units import Index, Item, index_units, read_units, write_units

ACCOUNT: Final = "123456789012"
SQS_BYTES: Final = 64 * 1024
_FREE: Final = frozenset({"CreateTable", "DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive", "DeleteTable"})
_EXPRESSIONS: Final = ("KeyConditionExpression", "FilterExpression", "ProjectionExpression")

Answer = tuple[int, Any, Any]
Serve = Callable[[BotocoreStubber, AWSPreparedRequest], Answer | None]


class UnmeteredError(Exception):
    """A request whose price the meter does not know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message that was sent to a queue, and the delay that it was given."""

    url: str
    body: str
    delay_seconds: int
    bytes: int


@dataclass(slots=True)
class Meter:
    """Adds what passes to all bills that are open. ``sent`` and ``schedules`` are what went out, in order."""

    bills: list[Bill] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    schedules: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def bill(self) -> Iterator[Bill]:
        """What is used inside the block."""
        opened = Bill()
        self.bills.append(opened)
        try:
            yield opened
        finally:
            self.bills[:] = [each for each in self.bills if each is not opened]

    def add(self, charge: Charge, units: float) -> None:
        """Use something that no request shows: an invocation, a poll."""
        for bill in self.bills:
            bill.add(charge, units)

    def served(self, serve: Serve, stubber: BotocoreStubber, request: AWSPreparedRequest) -> Answer | None:
        """Let ``serve`` answer one request, and bill it."""
        target = _header(request, "X-Amz-Target")
        service = request.url.partition("://")[2].partition(".amazonaws.com")[0]
        with self.lock:
            if target.startswith("DynamoDB_20120810."):
                return self._dynamodb(target.partition(".")[2], serve, stubber, request)
            answer = serve(stubber, request)
            if target.startswith("AmazonSQS."):
                self._sqs(target.partition(".")[2], json.loads(_text(request.body)), answer)
            elif service.startswith("scheduler."):
                self._scheduler(request)
            elif "s3" in service.split("."):
                self._blob(request)
            elif service.startswith("email."):
                self._called("ses.Send")
                self.add(Charge.MAILS, 1)
            else:
                self._known(service, target)
            return answer

    def _dynamodb(
        self, operation: str, serve: Serve, stubber: BotocoreStubber, request: AWSPreparedRequest
    ) -> Answer | None:
        asked = json.loads(_text(request.body))
        if operation in _FREE:
            return serve(stubber, request)
        self._called(f"dynamodb.{operation}")
        region = request.url.partition("dynamodb.")[2].partition(".")[0]
        if operation in _WRITES:
            places = list(_WRITES[operation](asked))
            before = [_standing(region, place) for place in places]
            answer = serve(stubber, request)
            for place, old, failed in zip(places, before, _failures(operation, answer, len(places)), strict=True):
                new = place.attempted if failed else _standing(region, place)
                self._write(region, place, old, new, failed=failed)
            return answer
        if operation not in _READS:
            raise UnmeteredError(operation)
        answer = serve(stubber, request)
        if answer is None or answer[0] >= 300:
            raise UnmeteredError(f"{operation} failed: {answer}")
        again = partial(_again, serve, stubber, request)
        for key, units in _READS[operation](region, asked, json.loads(answer[2]), again):
            for bill in self.bills:
                bill.read(key, units)
        return answer

    def _write(self, region: str, place: "_Place", old: Item | None, new: Item | None, *, failed: bool) -> None:
        units = write_units(old, new)
        if not failed and not place.is_check:
            units += sum(index_units(index, old, new) for index in _indexes(region, place.table))
        for bill in self.bills:
            bill.write(place.key["pk"]["S"], place.times * units)

    def _sqs(self, operation: str, asked: Mapping[str, Any], answer: Answer | None) -> None:
        self._called(f"sqs.{operation}")
        if answer is not None and answer[0] >= 300:
            self.add(Charge.SQS, 1)
            return
        sent = asked.get("Entries", ()) if operation == "SendMessageBatch" else ()
        sent = [asked] if operation == "SendMessage" else sent
        messages = [
            Sent(
                url=asked["QueueUrl"],
                body=entry["MessageBody"],
                delay_seconds=entry.get("DelaySeconds", 0),
                bytes=len(entry["MessageBody"].encode()),
            )
            for entry in sent
        ]
        self.sent += messages
        self.add(Charge.SQS, chunks(sum(message.bytes for message in messages)))

    def _scheduler(self, request: AWSPreparedRequest) -> None:
        self._called(f"scheduler.{request.method}")
        if request.method == "POST" and "/schedules/" in request.url:
            self.schedules.append(json.loads(_text(request.body)))

    def _blob(self, request: AWSPreparedRequest) -> None:
        self._called(f"s3.{request.method}")
        if request.method in {"PUT", "POST"}:
            self.add(Charge.BLOB_WRITES, 1)
        elif request.method != "DELETE":
            self.add(Charge.BLOB_READS, 1)

    def _known(self, service: str, target: str) -> None:
        """Secrets are read once for each process."""
        if not target.startswith("secretsmanager."):
            raise UnmeteredError(f"{service} {target}")

    def _called(self, name: str) -> None:
        for bill in self.bills:
            bill.calls[name] += 1


def chunks(size: int) -> int:
    """The requests that SQS bills for one with so many bytes."""
    return max(1, math.ceil(size / SQS_BYTES))


@contextmanager
def metered() -> Iterator[Meter]:
    """A meter between the SDK and moto, inside the block."""
    meter = Meter()
    serve = cast(Serve, BotocoreStubber.process_request)

    def served(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Answer | None:
        return meter.served(serve, stubber, request)

    BotocoreStubber.process_request = served  # type: ignore[assignment,method-assign]
    try:
        yield meter
    finally:
        BotocoreStubber.process_request = serve  # type: ignore[assignment,method-assign]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """One item of a write, and what is known of it before: ``attempted`` is what a put would have written."""

    table: str
    key: Item
    attempted: Item | None = None
    times: int = 1
    is_check: bool = False


def _put(asked: Mapping[str, Any]) -> Iterator[_Place]:
    yield _Place(table=asked["TableName"], key=_key_of(asked["Item"]), attempted=asked["Item"])


def _update_or_delete(asked: Mapping[str, Any]) -> Iterator[_Place]:
    yield _Place(table=asked["TableName"], key=asked["Key"])


def _batch_write(asked: Mapping[str, Any]) -> Iterator[_Place]:
    for table, requests in asked["RequestItems"].items():
        for request in requests:
            if "PutRequest" in request:
                yield _Place(table=table, key=_key_of(request["PutRequest"]["Item"]))
            else:
                yield _Place(table=table, key=request["DeleteRequest"]["Key"])


def _transaction(asked: Mapping[str, Any]) -> Iterator[_Place]:
    for part in asked["TransactItems"]:
        ((kind, request),) = part.items()
        item = request.get("Item")
        key = request["Key"] if item is None else _key_of(item)
        yield _Place(table=request["TableName"], key=key, attempted=item, times=2, is_check=kind == "ConditionCheck")


def _statements(asked: Mapping[str, Any]) -> Iterator[_Place]:
    """The key comes first in an INSERT, and in an UPDATE after what is set."""
    for statement in asked["Statements"]:
        text, parameters = statement["Statement"], statement["Parameters"]
        table = text.partition('"')[2].partition('"')[0]
        if text.startswith("INSERT"):
            item = dict(zip(_INSERTED.findall(text), parameters, strict=True))
            yield _Place(table=table, key=_key_of(item), attempted=item)
        else:
            at = text.partition(" WHERE ")[0].count("?")
            yield _Place(table=table, key={"pk": parameters[at], "sk": parameters[at + 1]})


def _failures(operation: str, answer: Answer | None, places: int) -> list[bool]:
    """Whether each write failed: the statements of a batch fail by themselves."""
    if answer is None or answer[0] >= 300:
        return [True] * places
    if operation != "BatchExecuteStatement":
        return [False] * places
    return ["Error" in each for each in json.loads(answer[2])["Responses"]]


_INSERTED: Final = re.compile(r"'(\w+)': \?")
_WRITES: Final[Mapping[str, Callable[[Mapping[str, Any]], Iterable[_Place]]]] = {
    "PutItem": _put,
    "UpdateItem": _update_or_delete,
    "DeleteItem": _update_or_delete,
    "BatchWriteItem": _batch_write,
    "TransactWriteItems": _transaction,
    "BatchExecuteStatement": _statements,
}


def _get(region: str, asked: Mapping[str, Any], _answered: Any, _again: Any) -> Iterator[tuple[str, float]]:
    yield _one_read(region, asked["TableName"], asked["Key"], consistent=asked.get("ConsistentRead", False))


def _batch_get(region: str, asked: Mapping[str, Any], _answered: Any, _again: Any) -> Iterator[tuple[str, float]]:
    for table, request in asked["RequestItems"].items():
        for key in request["Keys"]:
            yield _one_read(region, table, key, consistent=request.get("ConsistentRead", False))


def _one_read(region: str, table: str, key: Item, *, consistent: bool) -> tuple[str, float]:
    item = _standing(region, _Place(table=table, key=key))
    return key["pk"]["S"], read_units([] if item is None else [item], consistent=consistent)


def _query(
    _region: str,
    asked: Mapping[str, Any],
    answered: Mapping[str, Any],
    again: Callable[[dict[str, Any]], Mapping[str, Any]],
) -> Iterator[tuple[str, float]]:
    """What a filter leaves out was read as well, and of each item all attributes."""
    whole = {name: value for name, value in asked.items() if name not in {"FilterExpression", "ProjectionExpression"}}
    if whole != asked:
        left = " ".join(str(whole.get(name, "")) for name in _EXPRESSIONS)
        for kind in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            whole[kind] = {name: value for name, value in whole.get(kind, {}).items() if name in left.split()}
        answered = again(whole)
    yield (
        _partition(asked),
        read_units(answered["Items"], consistent=asked.get("ConsistentRead", False)),
    )


_READS: Final[Mapping[str, Callable[..., Iterator[tuple[str, float]]]]] = {
    "GetItem": _get,
    "BatchGetItem": _batch_get,
    "Query": _query,
}


def _again(
    serve: Serve, stubber: BotocoreStubber, request: AWSPreparedRequest, asked: Mapping[str, Any]
) -> Mapping[str, Any]:
    """The answer to another body of the same request."""
    repeated = AWSPreparedRequest(request.method, request.url, request.headers, json.dumps(asked).encode(), False)
    answer = serve(stubber, repeated)
    if answer is None or answer[0] >= 300:
        raise UnmeteredError(f"asking again failed: {answer}")
    found: Mapping[str, Any] = json.loads(answer[2])
    return found


def _partition(asked: Mapping[str, Any]) -> str:
    """The partition of a query: the value that its condition compares ``#pk`` with."""
    name = asked["KeyConditionExpression"].partition("#pk = ")[2].split()[0]
    return str(asked["ExpressionAttributeValues"][name]["S"])


def _standing(region: str, place: _Place) -> Item | None:
    """The item of a key as it stands."""
    partition = dynamodb_backends[ACCOUNT][region].tables[place.table].items
    rows: Any = partition.get(DynamoType(dict(place.key["pk"])), {})
    item = rows.get(DynamoType(dict(place.key["sk"])))
    return None if item is None else cast(Item, item.to_json()["Attributes"])


def _indexes(region: str, table: str) -> list[Index]:
    described = dynamodb_backends[ACCOUNT][region].tables[table].global_indexes
    found = []
    for index in described:
        keys = tuple(key["AttributeName"] for key in index.schema)
        projection: Any = index.projection
        kind = projection["ProjectionType"]
        others = None if kind == "ALL" else frozenset(projection.get("NonKeyAttributes", ()))
        found.append(Index(keys=keys, projected=others))
    return found


def _key_of(item: Item) -> Item:
    return {"pk": item["pk"], "sk": item["sk"]}


def _header(request: AWSPreparedRequest, name: str) -> str:
    value: Any = request.headers.get(name, "")
    return value.decode() if isinstance(value, bytes) else str(value)


def _text(body: Any) -> str:
    return body.decode() if isinstance(body, bytes) else str(body)
