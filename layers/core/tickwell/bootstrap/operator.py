"""The operator's commands, on either engine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tickwell.adapters.system import SystemClock
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.ports import QuotaStore, StopSwitch
from tickwell.application.quotas import OperateQuotas, ReadQuotas
from tickwell.application.rebuild import Pace, RebuildDueItems, Rebuilt
from tickwell.application.stop_switch import OperateStopSwitch
from tickwell.bootstrap.exporting import export_from_database, export_from_table
from tickwell.bootstrap.limits import quotas
from tickwell.bootstrap.tenant_stores import TenantStores, tenant_stores_in, tenant_stores_on
from tickwell.domain.errors import UnavailableError
from tickwell.settings.operator import OperatorSettings
from tickwell.settings.reading import SettingsError, variable_of

if TYPE_CHECKING:
    from tickwell.adapters.aws.dynamodb.table import Table
    from tickwell.adapters.embedded.database import Database

_STREAM_SECONDS = 60.0
"""Ample time for the table's stream to bring what was written: a batch waits 5 s, and a failed one comes again soon."""


@contextmanager
def operator(settings: OperatorSettings) -> Iterator[OperateStopSwitch]:
    """The stop switch of the deployment that ``settings`` name, while the block runs.

    Raises OSError where there is no data directory, UnavailableError where the store cannot be used.
    """
    with _switch(settings) as switch:
        yield OperateStopSwitch(switch=switch, clock=SystemClock())


@contextmanager
def recounting(settings: OperatorSettings) -> Iterator[Callable[[str], bool]]:
    """Counts the jobs and dead letters of a tenant anew; False: the tenant was not at rest. Raises as ``operator``."""
    if settings.table is not None:
        from tickwell.adapters.aws.dynamodb.recount import Recount

        with _table(settings.table) as table:
            yield Recount(table, lambda: time.sleep(_STREAM_SECONDS))
        return
    from tickwell.adapters.embedded.counts import EmbeddedTenantCounts

    with _database(settings) as database:
        yield EmbeddedTenantCounts(database, SystemClock()).recount


@contextmanager
def rebuilding(settings: OperatorSettings, pace: Pace, tell: Callable[[Rebuilt], object]) -> Iterator[RebuildDueItems]:
    """What writes missing due items; ``pace`` is for a table, a file is read at once. Raises as ``operator``."""
    clock = SystemClock()
    if settings.table is not None:
        from tickwell.adapters.aws.dynamodb.due import DynamoDueItems
        from tickwell.adapters.aws.dynamodb.history import DynamoHistory
        from tickwell.adapters.aws.dynamodb.job_walk import DynamoJobWalk

        with _table(settings.table) as table:
            yield RebuildDueItems(
                walk=DynamoJobWalk(table, clock),
                due_items=DynamoDueItems(table, clock),
                history=DynamoHistory(table, clock),
                clock=clock,
                wait=time.sleep,
                tell=tell,
                pace=pace,
            )
        return
    from tickwell.adapters.embedded.due import EmbeddedDueItems
    from tickwell.adapters.embedded.history import EmbeddedHistory
    from tickwell.adapters.embedded.job_walk import EmbeddedJobWalk

    with _database(settings) as database:
        yield RebuildDueItems(
            walk=EmbeddedJobWalk(database, clock),
            due_items=EmbeddedDueItems(database, clock),
            history=EmbeddedHistory(database, clock),
            clock=clock,
            wait=time.sleep,
            tell=tell,
        )


@contextmanager
def exporting(settings: OperatorSettings) -> Iterator[ExportTenant]:
    """The export of tenants. Raises as ``operator``, and SettingsError where the bucket is not named."""
    clock = SystemClock()
    if settings.table is not None:
        from tickwell.bootstrap.aws.clients import open_blobs

        if settings.blob_bucket is None:
            raise SettingsError("TICKWELL_BLOB_BUCKET: on AWS an export takes the stack's bucket as well")
        with _table(settings.table) as table:
            yield export_from_table(table, open_blobs(settings.blob_bucket), clock)
        return
    from tickwell.adapters.embedded.files import FileBlobs
    from tickwell.adapters.embedded.tenant_secrets import FileTenantSecrets

    with _database(settings) as database:
        secrets = FileTenantSecrets(settings.data_dir / "tenant-secrets", clock)
        yield export_from_database(database, secrets, FileBlobs(settings.data_dir / "blobs"), clock)


@contextmanager
def quota_desk(settings: OperatorSettings) -> Iterator[OperateQuotas]:
    """What the operator may do about quotas, while the block runs. Raises as ``operator``."""
    clock = SystemClock()
    if settings.table is not None:
        from tickwell.adapters.aws.dynamodb.quotas import DynamoQuotaStore

        with _table(settings.table) as table:
            yield OperateQuotas(read=_quotas(tenant_stores_on(table, clock), DynamoQuotaStore(table), settings, clock))
        return
    from tickwell.adapters.embedded.quotas import EmbeddedQuotaStore

    with _database(settings) as database:
        yield OperateQuotas(
            read=_quotas(tenant_stores_in(database, clock), EmbeddedQuotaStore(database), settings, clock)
        )


def _quotas(stores: TenantStores, store: QuotaStore, settings: OperatorSettings, clock: SystemClock) -> ReadQuotas:
    return ReadQuotas(
        quotas=quotas(settings, store, clock),
        members=stores.members,
        queues=stores.queues,
        webhooks=stores.webhooks,
        api_keys=stores.api_keys,
    )


@contextmanager
def _table(name: str) -> Iterator["Table"]:
    from botocore.exceptions import BotoCoreError, ClientError

    from tickwell.bootstrap.aws.clients import open_table

    try:
        yield open_table(name)
    except (BotoCoreError, ClientError) as error:  # no credentials, no region, no such table, no permission
        raise UnavailableError("aws", str(error)) from error


@contextmanager
def _database(settings: OperatorSettings) -> Iterator["Database"]:
    from tickwell.adapters.embedded.database import Database

    path = settings.data_dir / "tickwell.db"
    if not path.is_file():
        variable = variable_of(OperatorSettings, "data_dir")
        raise FileNotFoundError(f"there is no {path}; {variable} must be the data directory of a server")
    database = Database(path)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _switch(settings: OperatorSettings) -> Iterator[StopSwitch]:
    if settings.table is not None:
        from tickwell.adapters.aws.dynamodb.stop_switch import DynamoStopSwitch

        with _table(settings.table) as table:
            yield DynamoStopSwitch(table)
        return
    from tickwell.adapters.embedded.stop_switch import EmbeddedStopSwitch

    with _database(settings) as database:
        yield EmbeddedStopSwitch(database)
