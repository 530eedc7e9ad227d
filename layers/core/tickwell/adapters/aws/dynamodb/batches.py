"""Requests for many items at once, which DynamoDB may take in part only."""

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from tickwell.adapters.aws.dynamodb.attributes import Item, plain_item, typed_key
from tickwell.adapters.aws.dynamodb.keys import Key
from tickwell.adapters.aws.dynamodb.writes import SERVICE
from tickwell.adapters.aws.errors import service_errors
from tickwell.domain.errors import UnavailableError

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

MOST_KEYS_PER_READ = 100
MOST_ITEMS_PER_WRITE = 25
_TRIES = 6
_FIRST_PAUSE_SECONDS = 0.05

A = TypeVar("A")


class Batches:
    """One request for each call, sent again for what was left out: up to six times, with pauses that double.

    Both raise UnavailableError for what is left out then, and what ``service_errors`` says.
    """

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, keys: Sequence[Key], attributes: Sequence[str], *, consistent: bool) -> list[Item]:
        """The items that exist among up to 100 different ``keys``, or only some ``attributes`` of them."""
        request: Any = {"Keys": [typed_key(key) for key in keys], "ConsistentRead": consistent}
        if attributes:
            wanted = ("pk", "sk", *attributes)
            request["ProjectionExpression"] = ", ".join(f"#{name}" for name in wanted)
            request["ExpressionAttributeNames"] = {f"#{name}": name for name in wanted}
        left: Any = {self._table: request}
        found: list[Item] = []
        for pause_seconds in _pauses():
            with service_errors(SERVICE):
                response = self._client.batch_get_item(RequestItems=left)
            found += [plain_item(item) for item in response["Responses"].get(self._table, ())]
            left = response.get("UnprocessedKeys")
            if not left:
                return found
            _wait(pause_seconds)
        raise UnavailableError(SERVICE, "UnprocessedKeys")

    def write(self, requests: Sequence[Any]) -> None:
        """Put and delete up to 25 items."""
        left: Any = {self._table: requests}
        for pause_seconds in _pauses():
            with service_errors(SERVICE):
                left = self._client.batch_write_item(RequestItems=left).get("UnprocessedItems")
            if not left:
                return
            _wait(pause_seconds)
        raise UnavailableError(SERVICE, "UnprocessedItems")


def chunks(things: Sequence[A], most: int) -> list[Sequence[A]]:
    """``things`` in order, up to ``most`` in each piece."""
    return [things[at : at + most] for at in range(0, len(things), most)]


def _pauses() -> list[float]:
    """How long to wait after each try of a batch that was taken in part."""
    return [_FIRST_PAUSE_SECONDS * 2**number for number in range(_TRIES)]


def _wait(seconds: float) -> None:
    threading.Event().wait(seconds)
