"""The engines that the contracts of jobs, history, due items and accounts are tested against."""

import functools
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from moto.dynamodb.responses import DynamoHandler

from tests.contract import quick_moto, quick_sqlite
from tests.contract.queue_engines import REGION
from tests.doubles import FakeClock, SeededIds
from tickwell.adapters.aws.dynamodb.accounts import DynamoAccountStore
from tickwell.adapters.aws.dynamodb.api_keys import DynamoApiKeyStore
from tickwell.adapters.aws.dynamodb.audit import DynamoAuditLog
from tickwell.adapters.aws.dynamodb.caller_keys import DynamoCallerKeys
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.adapters.aws.dynamodb.due import DynamoDueItems
from tickwell.adapters.aws.dynamodb.erasure import DynamoErasure
from tickwell.adapters.aws.dynamodb.history import DynamoHistory
from tickwell.adapters.aws.dynamodb.holdings import DynamoHoldings
from tickwell.adapters.aws.dynamodb.hooks import DynamoHookStore
from tickwell.adapters.aws.dynamodb.job_listing import DynamoJobListing
from tickwell.adapters.aws.dynamodb.jobs import DynamoJobStore
from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
from tickwell.adapters.aws.dynamodb.notifying import DynamoNotificationLog, DynamoWebhookStore
from tickwell.adapters.aws.dynamodb.quotas import DynamoQuotaStore
from tickwell.adapters.aws.dynamodb.rates import DynamoRateLimiter
from tickwell.adapters.aws.dynamodb.stop_switch import DynamoStopSwitch
from tickwell.adapters.aws.dynamodb.submissions import DynamoSubmissions
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.workers import DynamoWorkerLog
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.holdings import EmbeddedHoldings
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.adapters.export_cursors import EncodedExportCursors
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.export_walk import ExportWalk
from tickwell.application.ports import (
    AccountStore,
    ApiKeyStore,
    AuditLog,
    BlobStore,
    CallerKeys,
    DueItems,
    Erasure,
    History,
    Holdings,
    HookStore,
    JobListing,
    JobStore,
    MemberStore,
    QueueStore,
    QuotaStore,
    RateLimiter,
    SecretNames,
    StopSwitch,
    Submissions,
    TenantCounts,
    WorkerLog,
)
from tickwell.bootstrap.embedded.stores import stores_in
from tickwell.bootstrap.outbound import Notifying

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

TABLE: Final = "tickwell"
THREADS: Final = 16

quick_moto.install()
quick_sqlite.install()


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """All stores of one engine, on a clock that is moved by hand."""

    jobs: JobStore
    listing: JobListing
    caller_keys: CallerKeys
    history: History
    due_items: DueItems
    accounts: AccountStore
    api_keys: ApiKeyStore
    hooks: HookStore
    members: MemberStore
    queues: QueueStore
    quotas: QuotaStore
    stop_switch: StopSwitch
    audit: AuditLog
    erasure: Erasure
    holdings: Holdings
    notifying: Notifying
    rates: RateLimiter
    submissions: Submissions
    counts: TenantCounts
    workers: WorkerLog
    clock: FakeClock
    ids: SeededIds

    def export_tenant(self, blobs: BlobStore, secrets: SecretNames) -> ExportTenant:
        """The export of tenants, whose large payloads and outputs are in ``blobs``."""
        walk = ExportWalk(
            members=self.members,
            api_keys=self.api_keys,
            webhooks=self.notifying.webhooks,
            hooks=self.hooks,
            secrets=secrets,
            queues=self.queues,
            holdings=self.holdings,
            blobs=blobs,
        )
        return ExportTenant(walk=walk, cursors=EncodedExportCursors(), clock=self.clock)


@dataclass(frozen=True, kw_only=True, slots=True)
class EmbeddedStores:
    """The stores in SQLite, and what is under them."""

    stores: Stores
    database: Database


@dataclass(frozen=True, kw_only=True, slots=True)
class DynamoStores:
    """The stores in DynamoDB, and what is under them."""

    stores: Stores
    table: Table
    client: "DynamoDBClient"


def embedded_stores(path: str, clock: FakeClock) -> EmbeddedStores:
    """Stores in the SQLite file ``path``, put together as the product does."""
    quick_sqlite.put_file(path)
    database = Database(path)
    rates = EmbeddedRateLimiter(":memory:" if path == ":memory:" else f"{path}-limits", clock)
    return EmbeddedStores(stores=stores_of(database, clock, ids=SeededIds(clock), rates=rates), database=database)


def stores_of(database: Database, clock: FakeClock, *, ids: SeededIds, rates: RateLimiter) -> Stores:
    """The stores in ``database``, as a process that begins has them."""
    made = stores_in(database, clock)
    return Stores(
        jobs=made.jobs,
        listing=made.listing,
        caller_keys=made.caller_keys,
        history=made.history,
        due_items=made.due_items,
        accounts=made.accounts,
        api_keys=made.api_keys,
        hooks=made.hooks,
        members=made.members,
        queues=made.queues,
        quotas=made.quotas,
        stop_switch=made.stop_switch,
        audit=made.audit_log,
        erasure=made.erasure,
        holdings=EmbeddedHoldings(database, clock),
        notifying=made.notifying,
        rates=rates,
        submissions=made.submissions,
        counts=made.counts,
        workers=made.workers,
        clock=clock,
        ids=ids,
    )


def create_table(client: "DynamoDBClient", *, stream: bool = True) -> None:
    """The table as the deployment makes it, or without its stream, which keeps all that was ever written."""
    client.create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
            {"AttributeName": "up", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "upcoming",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "up", "KeyType": "RANGE"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=(
            {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"} if stream else {"StreamEnabled": False}
        ),
    )


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[EmbeddedStores]:
    """The stores of the embedded engine in a file."""
    made = embedded_stores(str(tmp_path / "tickwell.db"), FakeClock())
    yield made
    made.database.close()


def serve_one_call_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each call of moto be one step, as it is for the service; moto's own steps (read, check, write) interleave."""
    lock = threading.RLock()
    serve = DynamoHandler.call_action

    @functools.wraps(serve)
    def one_at_a_time(handler: DynamoHandler) -> Any:
        with lock:
            return serve(handler)

    monkeypatch.setattr(DynamoHandler, "call_action", one_at_a_time)


def new_dynamodb_client() -> "DynamoDBClient":
    """A client of the emulator; the moto of the time when it is used."""
    config = Config(
        connect_timeout=1,
        read_timeout=3,
        retries={"mode": "standard", "max_attempts": 3},
        max_pool_connections=THREADS,
        parameter_validation=False,
        signature_version=UNSIGNED,
        user_agent="tests",
    )
    return boto3.client(
        "dynamodb", region_name=REGION, aws_access_key_id="testing", aws_secret_access_key="testing", config=config
    )


def dynamo_stores(client: "DynamoDBClient", executor: Executor, table_type: type[Table] = Table) -> DynamoStores:
    """Stores in the table that ``client`` sees."""
    clock = FakeClock()
    table = table_type(client, TABLE, executor)
    return DynamoStores(stores=stores_on(table, clock, ids=SeededIds(clock)), table=table, client=client)


def stores_on(table: Table, clock: FakeClock, *, ids: SeededIds) -> Stores:
    """The stores in ``table``, as a process that begins has them."""
    return Stores(
        jobs=DynamoJobStore(table, clock),
        listing=DynamoJobListing(table, clock, DynamoTenantCounts(table, clock)),
        caller_keys=DynamoCallerKeys(table),
        history=DynamoHistory(table, clock),
        due_items=DynamoDueItems(table, clock),
        accounts=DynamoAccountStore(table),
        api_keys=DynamoApiKeyStore(table),
        hooks=DynamoHookStore(table),
        members=DynamoMemberStore(table, clock),
        queues=DynamoQueueStore(table, clock, draw=lambda: 0.0),
        quotas=DynamoQuotaStore(table),
        stop_switch=DynamoStopSwitch(table),
        audit=DynamoAuditLog(table, clock),
        erasure=DynamoErasure(table),
        holdings=DynamoHoldings(table, clock),
        notifying=Notifying(webhooks=DynamoWebhookStore(table), records=DynamoNotificationLog(table, clock)),
        rates=DynamoRateLimiter(table, clock),
        submissions=DynamoSubmissions(table, clock),
        counts=DynamoTenantCounts(table, clock),
        workers=DynamoWorkerLog(table, clock),
        clock=clock,
        ids=ids,
    )


@pytest.fixture(scope="session")
def dynamodb_client() -> "DynamoDBClient":
    """One client for all tests, because making one takes long; what it talks to is new in each test."""
    return new_dynamodb_client()


@pytest.fixture
def dynamodb(aws: str, dynamodb_client: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoStores]:
    """The stores of the aws engine."""
    assert aws == REGION
    serve_one_call_at_a_time(monkeypatch)
    create_table(dynamodb_client)
    with ThreadPoolExecutor(max_workers=THREADS) as executor:
        yield dynamo_stores(dynamodb_client, executor)


@pytest.fixture(params=["embedded in memory", "embedded in a file", "aws"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Every engine in turn."""
    if request.param == "aws":
        made: DynamoStores = request.getfixturevalue("dynamodb")
        yield made.stores
    elif request.param == "embedded in a file":
        in_file: EmbeddedStores = request.getfixturevalue("sqlite")
        yield in_file.stores
    else:
        in_memory = embedded_stores(":memory:", FakeClock())
        yield in_memory.stores
        in_memory.database.close()
