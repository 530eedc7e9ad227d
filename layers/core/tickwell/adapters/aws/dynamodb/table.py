"""The few calls that the stores make of their table, typed, with the SDK's errors translated."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, plain_item, typed_item
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.statements import MOST_STATEMENTS, Placed, Statements
from tickwell.adapters.aws.dynamodb.transactions import Part, PutNew, transaction_item
from tickwell.adapters.aws.dynamodb.upcoming_keys import Index
from tickwell.adapters.aws.dynamodb.writes import SERVICE, Refused, Write, Written, mentioned
from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.domain.errors import UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_MOST_KEYS_PER_READ = 100
_MOST_ITEMS_PER_WRITE = 25
_BATCH_TRIES = 6
_FIRST_PAUSE_SECONDS = 0.05

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Items of one partition in the order asked for; ``more`` when there may be further ones."""

    items: list[Item]
    more: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanned:
    """Some items of a part of the table, the key to go on behind (None at its end), and what reading has cost."""

    items: list[Item]
    reached: Key | None
    read_units: float


class Table:
    """A table with string keys ``pk`` and ``sk`` and TTL attribute ``ttl``. Safe for threads.

    ``executor`` runs the calls of a batch side by side; its size and the client's connection pool belong together.
    """

    def __init__(self, client: "DynamoDBClient", name: str, executor: Executor) -> None:
        self._client = client
        self._name = name
        self._executor = executor
        self._statements = Statements(client, name)

    def each(self, function: Callable[[A], R], arguments: Sequence[A]) -> list[R]:
        """``function`` of each argument, side by side, in order; raises the first error once all have ended."""
        if len(arguments) < 2:
            return [function(argument) for argument in arguments]
        futures = [self._executor.submit(function, argument) for argument in arguments]
        errors = [error for error in (future.exception() for future in futures) if error is not None]
        if errors:
            raise errors[0]
        return [future.result() for future in futures]

    def get(self, key: Key, *, consistent: bool = True) -> Item | None:
        """The item of ``key``."""
        if not key.is_possible():
            return None
        with service_errors(SERVICE):
            response = self._client.get_item(TableName=self._name, Key=_typed_key(key), ConsistentRead=consistent)
        return plain_item(response["Item"]) if "Item" in response else None

    def get_many(
        self, keys: Iterable[Key], *, attributes: Sequence[str] = (), consistent: bool = True
    ) -> dict[Key, Item]:
        """The items that exist among ``keys`` (repeats allowed), or only some ``attributes`` of them."""
        unique = [key for key in dict.fromkeys(keys) if key.is_possible()]
        found: dict[Key, Item] = {}
        steps = _chunks(unique, _MOST_KEYS_PER_READ)
        for items in self.each(lambda step: self._get_chunk(step, attributes, consistent), steps):
            found.update({key_of(item): item for item in items})
        return found

    def put(self, key: Key, item: Mapping[str, Value | None]) -> None:
        """Write, or overwrite."""
        with service_errors(SERVICE):
            self._client.put_item(TableName=self._name, Item=_keyed(key, item))

    def put_many(self, items: Mapping[Key, Mapping[str, Value | None]]) -> None:
        """Write, or overwrite, in batches of 25."""
        requests = [{"PutRequest": {"Item": _keyed(key, item)}} for key, item in items.items()]
        self.each(self._write_chunk, _chunks(requests, _MOST_ITEMS_PER_WRITE))

    def put_if_absent(
        self, key: Key, item: Mapping[str, Value | None], *, now_ms: int, or_less: str | None = None
    ) -> Item | None:
        """Write unless there is an item of ``key`` that has not expired (attribute ``ex``): that one, or None.

        ``or_less`` names a number: an item that has less of it gives way.
        """
        arguments: dict[str, Any] = {
            "Item": _keyed(key, item),
            "ConditionExpression": "attribute_not_exists(#pk) OR #ex <= :now",
            "ExpressionAttributeNames": {"#pk": "pk", "#ex": "ex"},
            "ExpressionAttributeValues": typed_item({":now": now_ms}),
        }
        if or_less is not None:
            arguments["ConditionExpression"] += " OR #less < :less"
            arguments["ExpressionAttributeNames"]["#less"] = or_less
            arguments["ExpressionAttributeValues"] |= typed_item({":less": item[or_less]})
        outcome = self._conditionally(self._client.put_item, arguments)
        return outcome.item if isinstance(outcome, Refused) else None

    def update(self, key: Key, write: Write, names: Mapping[str, str]) -> Written | Refused:
        """Make ``write`` if its condition holds; ``names`` maps its names to the table's attributes."""
        if not key.is_possible():
            return Refused(item=None, retried=False)
        used = mentioned(f"{write.update} {write.condition}")
        arguments: dict[str, Any] = {
            "Key": _typed_key(key),
            "UpdateExpression": write.update,
            "ConditionExpression": write.condition,
            "ExpressionAttributeNames": {f"#{name}": names[name] for name in used.names},
            "ReturnValues": "ALL_NEW",
        }
        values = {f":{name}": write.values[name] for name in used.values}
        if values:
            arguments["ExpressionAttributeValues"] = typed_item(values)
        return self._conditionally(self._client.update_item, arguments)

    def update_many(
        self, writes: Sequence[tuple[Key, Write]], names: Mapping[str, str], *, returning: bool = True
    ) -> list[Written | Refused]:
        """Make each of ``writes`` as ``update`` does, in requests of 25; outcomes in order.

        What a request did not get done (it was throttled for one of them) is done by a call of its own. Without
        ``returning`` items that were written are not given back. Raises the first error once all have ended.
        """
        outcomes: list[Written | Refused | None] = [None] * len(writes)
        if _can_be_batched([key for key, _ in writes]):
            steps = _chunks(writes, MOST_STATEMENTS)
            answered = self.each(lambda step: self._statements.update(step, names, returning=returning), steps)
            outcomes = [outcome for step in answered for outcome in step]
        left = [placed for placed, outcome in zip(writes, outcomes, strict=True) if outcome is None]
        alone = iter(self.each(lambda placed: self.update(*placed, names), left))
        return [next(alone) if outcome is None else outcome for outcome in outcomes]

    def put_new_many(self, items: Sequence[Placed]) -> list[bool]:
        """Write each of ``items`` unless there is one of its key, in requests of 25; in order, whether it was written.

        False also for one of which nothing is known: ``put_if_absent`` finds out.
        """
        if not _can_be_batched([key for key, _ in items]):
            return [False] * len(items)
        answered = self.each(self._statements.insert, _chunks(items, MOST_STATEMENTS))
        return [is_written for step in answered for is_written in step]

    def delete_if(self, key: Key, write: Write, names: Mapping[str, str]) -> bool:
        """Delete the item if the condition of ``write`` holds; False when it did not, or there is none."""
        if not key.is_possible():
            return False
        arguments: dict[str, Any] = {
            "Key": _typed_key(key),
            "ConditionExpression": write.condition,
            "ExpressionAttributeNames": {f"#{name}": names[name] for name in mentioned(write.condition).names},
            "ExpressionAttributeValues": typed_item({f":{name}": value for name, value in write.values.items()}),
        }
        return isinstance(self._conditionally(self._client.delete_item, arguments), Written)

    def delete_many(self, keys: Sequence[Key]) -> None:
        """Delete items, in batches of 25; those that do not exist are ignored."""
        requests = [{"DeleteRequest": {"Key": _typed_key(key)}} for key in dict.fromkeys(keys)]
        self.each(self._write_chunk, _chunks(requests, _MOST_ITEMS_PER_WRITE))

    def query(
        self,
        pk: str,
        *,
        low: str,
        high: str,
        limit: int,
        newest_first: bool = False,
        consistent: bool = False,
        index: Index | None = None,
    ) -> Found:
        """Up to ``limit`` items of a partition from sort key ``low`` to ``high``, both included.

        With ``index`` those are its sort keys; an index is never consistent.
        """
        if not (Key(pk, low).is_possible() and Key(pk, high).is_possible()):
            return Found(items=[], more=False)
        arguments: dict[str, Any] = {"ConsistentRead": consistent} if index is None else {"IndexName": index.name}
        with service_errors(SERVICE):
            response = self._client.query(
                TableName=self._name,
                KeyConditionExpression="#pk = :pk AND #sk BETWEEN :low AND :high",
                ExpressionAttributeNames={"#pk": "pk", "#sk": "sk" if index is None else index.sort},
                ExpressionAttributeValues=typed_item({":pk": pk, ":low": low, ":high": high}),
                ScanIndexForward=not newest_first,
                Limit=limit,
                **arguments,
            )
        return Found(items=[plain_item(item) for item in response["Items"]], more="LastEvaluatedKey" in response)

    def all_of(
        self, pk: str, *, low: str, high: str, attributes: Sequence[str], consistent: bool = False
    ) -> Iterator[Item]:
        """``attributes`` of all items of a partition from ``low`` to ``high``, read in pages of 1 MB."""
        arguments: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": "#pk = :pk AND #sk BETWEEN :low AND :high",
            "ProjectionExpression": ", ".join(f"#{name}" for name in attributes),
            "ExpressionAttributeNames": {"#pk": "pk", "#sk": "sk", **{f"#{name}": name for name in attributes}},
            "ExpressionAttributeValues": typed_item({":pk": pk, ":low": low, ":high": high}),
            "ConsistentRead": consistent,
        }
        while True:
            with service_errors(SERVICE):
                response = self._client.query(**arguments)
            yield from map(plain_item, response["Items"])
            if "LastEvaluatedKey" not in response:
                return
            arguments["ExclusiveStartKey"] = response["LastEvaluatedKey"]

    def scan(
        self,
        part: int,
        parts: int,
        *,
        wanted: str,
        names: Mapping[str, str],
        values: Mapping[str, Value],
        after: Key | None,
    ) -> Scanned:
        """The next megabyte of one of ``parts``: those of its items that the filter ``wanted`` lets through.

        Reads, and costs, whatever lies there. No function has the right to do it.
        """
        arguments: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": _typed_key(after)}
        with service_errors(SERVICE):
            response = self._client.scan(
                TableName=self._name,
                Segment=part,
                TotalSegments=parts,
                FilterExpression=wanted,
                ExpressionAttributeNames=dict(names),
                ExpressionAttributeValues=typed_item(values),
                ReturnConsumedCapacity="TOTAL",
                **arguments,
            )
        last = response.get("LastEvaluatedKey")
        return Scanned(
            items=[plain_item(item) for item in response["Items"]],
            reached=None if last is None else key_of(plain_item(last)),
            read_units=response.get("ConsumedCapacity", {}).get("CapacityUnits", 0.0),
        )

    def put_all_new(self, items: Mapping[Key, Mapping[str, Value | None]]) -> bool:
        """Write all, or none and False when one of them exists. Costs double."""
        return self.transact([PutNew(key=key, item=item) for key, item in items.items()])

    def transact(self, parts: Sequence[Part]) -> bool:
        """Write all, or none and False when a condition does not hold. Costs double; the SDK's repeats count once."""
        items: list[Any] = [transaction_item(part, self._name) for part in parts]
        try:
            with service_errors(SERVICE):
                self._client.transact_write_items(TransactItems=items)
        except self._client.exceptions.TransactionCanceledException as error:
            reasons = {reason.get("Code") for reason in error.response.get("CancellationReasons", ())}
            if "ConditionalCheckFailed" in reasons:
                return False
            raise UnavailableError(SERVICE, "TransactionCanceledException") from error
        return True

    def _conditionally(self, call: Callable[..., Any], arguments: dict[str, Any]) -> Written | Refused:
        try:
            with service_errors(SERVICE):
                response = call(TableName=self._name, ReturnValuesOnConditionCheckFailure="ALL_OLD", **arguments)
        except ClientError as error:
            if error_code(error) != "ConditionalCheckFailedException":
                raise
            answer: Any = error.response
            retried = answer.get("ResponseMetadata", {}).get("RetryAttempts", 0) > 0
            return Refused(item=plain_item(answer["Item"]) if answer.get("Item") else None, retried=retried)
        return Written(item=plain_item(response.get("Attributes", {})))

    def _get_chunk(self, keys: Sequence[Key], attributes: Sequence[str], consistent: bool) -> list[Item]:
        request: Any = {"Keys": [_typed_key(key) for key in keys], "ConsistentRead": consistent}
        if attributes:
            wanted = ("pk", "sk", *attributes)
            request["ProjectionExpression"] = ", ".join(f"#{name}" for name in wanted)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted}
        left: Any = {self._name: request}
        found: list[Item] = []
        for pause_seconds in _pauses():
            with service_errors(SERVICE):
                response = self._client.batch_get_item(RequestItems=left)
            found += [plain_item(item) for item in response["Responses"].get(self._name, ())]
            left = response.get("UnprocessedKeys")
            if not left:
                return found
            _wait(pause_seconds)
        raise UnavailableError(SERVICE, "UnprocessedKeys")

    def _write_chunk(self, requests: Sequence[Any]) -> None:
        left: Any = {self._name: requests}
        for pause_seconds in _pauses():
            with service_errors(SERVICE):
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            _wait(pause_seconds)
        raise UnavailableError(SERVICE, "UnprocessedItems")


def _can_be_batched(keys: Sequence[Key]) -> bool:
    """Whether one request may speak of all ``keys``, and saves any."""
    return len(keys) > 1 and len(set(keys)) == len(keys) and all(key.is_possible() for key in keys)


def _chunks(things: Sequence[A], most: int) -> list[Sequence[A]]:
    return [things[at : at + most] for at in range(0, len(things), most)]


def key_of(item: Item) -> Key:
    """The key of an item that was read."""
    return Key(str(item["pk"]), str(item["sk"]))


def _typed_key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


def _keyed(key: Key, item: Mapping[str, Value | None]) -> dict[str, Any]:
    return _typed_key(key) | typed_item(item)


def _pauses() -> list[float]:
    """How long to wait after each try of a batch that was taken in part."""
    return [_FIRST_PAUSE_SECONDS * 2**number for number in range(_BATCH_TRIES)]


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
