"""What a crash leaves standing: the stores of either engine, and all that is in them."""

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from moto import mock_aws
from moto.core.models import botocore_stubber
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import DynamoType

from tests.chaos.crash.wire import Wire
from tests.contract.queue_engines import REGION
from tests.contract.store_engines import (
    TABLE,
    Stores,
    create_table,
    dynamo_stores,
    embedded_stores,
    new_dynamodb_client,
    stores_of,
    stores_on,
)
from tests.doubles import FakeClock
from tests.notification_lab import Feed
from tickwell.adapters.aws.dynamodb import keys
from tickwell.adapters.aws.dynamodb.attributes import plain_item
from tickwell.adapters.aws.dynamodb.due import DynamoDueItems
from tickwell.adapters.aws.dynamodb.reads import Found
from tickwell.adapters.aws.dynamodb.stream import events_from
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.domain.outcome_event import OutcomeEvent

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

_ACCOUNT: Final = "123456789012"
_SERVICE: Final[Any] = botocore_stubber
_WRITES: Final = frozenset(
    {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems", "BatchExecuteStatement"}
)
_OK: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """Something that stands in a store, and what kind of thing it is."""

    kind: str
    values: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Empty stores. ``state`` tells one content from another; ``rows`` is everything in them.

    ``feed`` tells what happened in them that others are to be told of. ``again`` makes the stores of the next process.
    """

    stores: Stores
    feed: Feed
    state: Callable[[], Hashable]
    rows: Callable[[], list[Row]]
    again: Callable[[], Stores]
    close: Callable[[], None]


Engine = Callable[[Wire], Ground]
"""Makes new ones. What they ask of a service goes through the wire as well."""


def embedded(_wire: Wire) -> Ground:
    """SQLite in memory."""
    made = embedded_stores(":memory:", FakeClock())
    limits: Any = made.stores.rates

    def state() -> Hashable:
        return made.database._writer.total_changes, limits._connection.total_changes

    return Ground(
        stores=made.stores,
        feed=EmbeddedOutcomeFeed(made.database),
        state=state,
        rows=lambda: table_rows(made.database),
        again=lambda: stores_of(made.database, made.stores.clock, ids=made.stores.ids, rates=made.stores.rates),
        close=made.database.close,
    )


def table_rows(database: Database) -> list[Row]:
    """All rows of all tables, whatever tables there are."""
    found: list[Row] = []
    with database.read() as cursor:
        named = cursor.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).fetchall()
        for (table,) in named:
            rows = cursor.execute(f'SELECT * FROM "{table}"')
            names = [column[0] for column in rows.description]
            found += [Row(kind=table, values=dict(zip(names, row, strict=True))) for row in rows]
    return found


class Inline(Executor):
    """Does at once what it is given: what happens side by side happens in an order that can be repeated."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **named: Any) -> Future[Any]:
        """Done when this returns."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **named))
        except BaseException as error:  # noqa: BLE001 - who asks for the result gets it
            future.set_exception(error)
        return future


class SwiftTable(Table):
    """The table, without asking the service for partitions that do not exist: nine of ten queries of a safety sync."""

    def query(self, pk: str, **named: Any) -> Found:
        """See ``Table``."""
        return super().query(pk, **named) if _partition(pk) else Found(items=[], more=False)


class SwiftDueItems(DynamoDueItems):
    """Due items whose shards are only visited if there is something in them, as on the embedded engine."""

    def within_reach(self, *, sweep_until: datetime | None, check_until: datetime) -> Collection[int]:  # noqa: ARG002
        """See the port."""
        shards = {
            keys.parse_due_key(keys.Key(str(row.values["pk"]), str(row.values["sk"])))[0]
            for row in item_rows()
            if row.kind == "due"
        }
        return sorted(shards)


def item_rows() -> list[Row]:
    """Everything in the table."""
    items = [item.to_json()["Attributes"] for items in _table_items().values() for item in items.values()]
    return [Row(kind=str(item["kind"]), values=item) for item in map(plain_item, items)]


def _table_items() -> Any:
    return dynamodb_backends[_ACCOUNT][REGION].tables[TABLE].items


def _partition(pk: str) -> Any:
    return _table_items().get(DynamoType({"S": pk}))


class StreamFeed:
    """The table's stream, as Lambda reads it: a batch comes again until it was dealt with."""

    def __init__(self) -> None:
        self._followed = 0

    def read(self, limit: int) -> Sequence[tuple[int, OutcomeEvent]]:
        """See ``Feed``."""
        stream: Any = dynamodb_backends[_ACCOUNT][REGION].tables[TABLE].stream_shard
        records = stream.items
        return [
            (number, event)
            for number, record in enumerate(records[self._followed :], self._followed)
            for event in events_from({"Records": [record.to_json()]})
        ][:limit]

    def acknowledge(self, numbers: Sequence[int]) -> None:
        """See ``Feed``."""
        self._followed = max((number + 1 for number in numbers), default=self._followed)


class DynamoEngine:
    """DynamoDB as moto plays it; each call of the SDK goes through the wire."""

    def __init__(self, client: "DynamoDBClient") -> None:
        self._client = client
        self._wire: Wire | None = None
        self._writes = 0
        client.meta.events.unregister("before-send", _SERVICE)
        client.meta.events.register("before-send.dynamodb.*", self._send)

    def __call__(self, wire: Wire) -> Ground:
        """An empty table in place of the one before."""
        self._wire = None
        dynamodb_backends[_ACCOUNT][REGION].tables.pop(TABLE, None)
        create_table(self._client)
        made = dynamo_stores(self._client, Inline(), SwiftTable)
        clock = made.stores.clock

        def again() -> Stores:
            stores = stores_on(made.table, clock, ids=made.stores.ids)
            return replace(stores, due_items=SwiftDueItems(made.table, clock))

        self._wire = wire
        return Ground(
            stores=again(),
            feed=StreamFeed(),
            state=lambda: self._writes,
            rows=item_rows,
            again=again,
            close=self._leave,
        )

    def _send(self, request: Any, event_name: str, **named: Any) -> Any:
        operation = event_name.rpartition(".")[2]

        def make() -> Any:
            answer = _SERVICE(event_name, request, **named)
            self._writes += operation in _WRITES and answer.status_code == _OK
            return answer

        return make() if self._wire is None else self._wire.call(f"dynamodb.{operation}", make, inner=True)

    def _leave(self) -> None:
        self._wire = None


@contextmanager
def dynamodb() -> Iterator[Engine]:
    """The engine in an AWS account inside this process."""
    with mock_aws():
        yield DynamoEngine(new_dynamodb_client())
