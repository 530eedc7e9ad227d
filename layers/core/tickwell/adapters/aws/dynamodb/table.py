"""The few calls that the stores make of their table, typed, with the SDK's errors translated."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tickwell.adapters.aws.dynamodb.attributes import Item, Value, keyed_item, plain_item, typed_item, typed_key
from tickwell.adapters.aws.dynamodb.batches import MOST_ITEMS_PER_WRITE, chunks
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.reads import Reads
from tickwell.adapters.aws.dynamodb.statements import MOST_STATEMENTS, Placed, Statements
from tickwell.adapters.aws.dynamodb.transactions import Part, PutNew, transaction_item
from tickwell.adapters.aws.dynamodb.writes import SERVICE, Refused, Write, Written, mentioned
from tickwell.adapters.aws.errors import error_code, service_errors
from tickwell.domain.errors import UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class Table(Reads):
    """The table, to be read and written. Safe for threads."""

    def __init__(self, client: "DynamoDBClient", name: str, executor: Executor) -> None:
        super().__init__(client, name, executor)
        self._statements = Statements(client, name)

    def put(self, key: Key, item: Mapping[str, Value | None]) -> None:
        """Write, or overwrite."""
        with service_errors(SERVICE):
            self._client.put_item(TableName=self._name, Item=keyed_item(key, item))

    def put_many(self, items: Mapping[Key, Mapping[str, Value | None]]) -> None:
        """Write, or overwrite, in batches of 25."""
        requests = [{"PutRequest": {"Item": keyed_item(key, item)}} for key, item in items.items()]
        self.each(self._batches.write, chunks(requests, MOST_ITEMS_PER_WRITE))

    def put_if_absent(
        self, key: Key, item: Mapping[str, Value | None], *, now_ms: int, or_less: str | None = None
    ) -> Item | None:
        """Write unless there is an item of ``key`` that has not expired (attribute ``ex``): that one, or None.

        ``or_less`` names a number: an item that has less of it gives way.
        """
        arguments: dict[str, Any] = {
            "Item": keyed_item(key, item),
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
            "Key": typed_key(key),
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
            steps = chunks(writes, MOST_STATEMENTS)
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
        answered = self.each(self._statements.insert, chunks(items, MOST_STATEMENTS))
        return [is_written for step in answered for is_written in step]

    def delete_if(self, key: Key, write: Write, names: Mapping[str, str]) -> bool:
        """Delete the item if the condition of ``write`` holds; False when it did not, or there is none."""
        if not key.is_possible():
            return False
        arguments: dict[str, Any] = {
            "Key": typed_key(key),
            "ConditionExpression": write.condition,
            "ExpressionAttributeNames": {f"#{name}": names[name] for name in mentioned(write.condition).names},
            "ExpressionAttributeValues": typed_item({f":{name}": value for name, value in write.values.items()}),
        }
        return isinstance(self._conditionally(self._client.delete_item, arguments), Written)

    def delete_many(self, keys: Sequence[Key]) -> None:
        """Delete items, in batches of 25; those that do not exist are ignored."""
        requests = [{"DeleteRequest": {"Key": typed_key(key)}} for key in dict.fromkeys(keys)]
        self.each(self._batches.write, chunks(requests, MOST_ITEMS_PER_WRITE))

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


def _can_be_batched(keys: Sequence[Key]) -> bool:
    """Whether one request may speak of all ``keys``, and saves any."""
    return len(keys) > 1 and len(set(keys)) == len(keys) and all(key.is_possible() for key in keys)
