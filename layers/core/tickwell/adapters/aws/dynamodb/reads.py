"""What is read of the table: items, stretches of partitions, and parts of the whole."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, key_of, plain_item, typed_item, typed_key
from tickwell.adapters.aws.dynamodb.batches import MOST_KEYS_PER_READ, Batches, chunks
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.upcoming_keys import Index
from tickwell.adapters.aws.dynamodb.writes import SERVICE
from tickwell.adapters.aws.errors import service_errors

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

A = TypeVar("A")
R = TypeVar("R")


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """Items of one partition in the order asked for; ``more`` when there may be further ones.

    ``read``: how many rows were read for them. ``reached``: the sort key of the last of these, when there may be more.
    """

    items: list[Item]
    more: bool
    read: int = 0
    reached: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scanned:
    """Some items of a part of the table, the key to go on behind (None at its end), and what reading has cost."""

    items: list[Item]
    reached: Key | None
    read_units: float


class Reads:
    """A table with string keys ``pk`` and ``sk`` and TTL attribute ``ttl``, to be read. Safe for threads.

    ``executor`` runs the calls of a batch side by side; its size and the client's connection pool belong together.
    """

    def __init__(self, client: "DynamoDBClient", name: str, executor: Executor) -> None:
        self._client = client
        self._name = name
        self._executor = executor
        self._batches = Batches(client, name)

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
            response = self._client.get_item(TableName=self._name, Key=typed_key(key), ConsistentRead=consistent)
        return plain_item(response["Item"]) if "Item" in response else None

    def get_many(
        self, keys: Iterable[Key], *, attributes: Sequence[str] = (), consistent: bool = True
    ) -> dict[Key, Item]:
        """The items that exist among ``keys`` (repeats allowed), or only some ``attributes`` of them."""
        unique = [key for key in dict.fromkeys(keys) if key.is_possible()]
        found: dict[Key, Item] = {}
        steps = chunks(unique, MOST_KEYS_PER_READ)
        for items in self.each(lambda step: self._batches.get(step, attributes, consistent=consistent), steps):
            found.update({key_of(item): item for item in items})
        return found

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
        only: Mapping[str, str] | None = None,
    ) -> Found:
        """Up to ``limit`` items of a partition from sort key ``low`` to ``high``, both included.

        With ``index`` those are its sort keys; an index is never consistent. With ``only`` up to ``limit`` rows, or
        1 MB, are read and paid for, and those found whose attributes have these values.
        """
        if not (Key(pk, low).is_possible() and Key(pk, high).is_possible()):
            return Found(items=[], more=False)
        arguments: dict[str, Any] = {"ConsistentRead": consistent} if index is None else {"IndexName": index.name}
        only = only or {}
        if only:
            arguments["FilterExpression"] = " AND ".join(f"#{name} = :{name}" for name in only)
        sort = "sk" if index is None else index.sort
        values = {":pk": pk, ":low": low, ":high": high, **{f":{name}": value for name, value in only.items()}}
        with service_errors(SERVICE):
            response = self._client.query(
                TableName=self._name,
                KeyConditionExpression="#pk = :pk AND #sk BETWEEN :low AND :high",
                ExpressionAttributeNames={"#pk": "pk", "#sk": sort, **{f"#{name}": name for name in only}},
                ExpressionAttributeValues=typed_item(values),
                ScanIndexForward=not newest_first,
                Limit=limit,
                **arguments,
            )
        last = response.get("LastEvaluatedKey")
        return Found(
            items=[plain_item(item) for item in response["Items"]],
            more=last is not None,
            read=response["ScannedCount"],
            reached=None if last is None else str(plain_item(last)[sort]),
        )

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
        arguments: dict[str, Any] = {} if after is None else {"ExclusiveStartKey": typed_key(after)}
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
