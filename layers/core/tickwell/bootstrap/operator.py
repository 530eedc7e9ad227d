"""The operator's commands, on either engine."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.application.ports import StopSwitch
from tickwell.application.quotas import OperateQuotas, ReadQuotas
from tickwell.application.stop_switch import OperateStopSwitch
from tickwell.bootstrap.limits import quotas
from tickwell.domain.errors import UnavailableError
from tickwell.settings.operator import OperatorSettings

if TYPE_CHECKING:
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
        from botocore.exceptions import BotoCoreError, ClientError

        from tickwell.adapters.aws.dynamodb.recount import Recount
        from tickwell.bootstrap.aws.clients import open_table

        try:
            yield Recount(open_table(settings.table), lambda: time.sleep(_STREAM_SECONDS))
        except (BotoCoreError, ClientError) as error:
            raise UnavailableError("aws", str(error)) from error
        return
    from tickwell.adapters.embedded.counts import EmbeddedTenantCounts

    with _database(settings) as database:
        yield EmbeddedTenantCounts(database, SystemClock()).recount


@contextmanager
def quota_desk(settings: OperatorSettings) -> Iterator[OperateQuotas]:
    """What the operator may do about quotas, while the block runs. Raises as ``operator``."""
    if settings.table is None:
        with _database(settings) as database:
            yield OperateQuotas(read=_quotas_in(database, settings))
        return
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield OperateQuotas(read=_quotas_on(settings.table, settings))
    except (BotoCoreError, ClientError) as error:
        raise UnavailableError("aws", str(error)) from error


def _quotas_on(table_name: str, settings: OperatorSettings) -> ReadQuotas:
    from tickwell.adapters.aws.dynamodb.api_keys import DynamoApiKeyStore
    from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
    from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
    from tickwell.adapters.aws.dynamodb.notifying import DynamoWebhookStore
    from tickwell.adapters.aws.dynamodb.quotas import DynamoQuotaStore
    from tickwell.bootstrap.aws.clients import open_table

    table, clock = open_table(table_name), SystemClock()
    return ReadQuotas(
        quotas=quotas(settings, DynamoQuotaStore(table), clock),
        members=DynamoMemberStore(table, clock),
        queues=DynamoQueueStore(table, clock, draw=SystemIds(clock).draw),
        webhooks=DynamoWebhookStore(table),
        api_keys=DynamoApiKeyStore(table),
    )


def _quotas_in(database: "Database", settings: OperatorSettings) -> ReadQuotas:
    from tickwell.adapters.embedded.api_keys import EmbeddedApiKeyStore
    from tickwell.adapters.embedded.members import EmbeddedMemberStore
    from tickwell.adapters.embedded.named_queues import EmbeddedQueueStore
    from tickwell.adapters.embedded.notifying import EmbeddedWebhookStore
    from tickwell.adapters.embedded.quotas import EmbeddedQuotaStore

    clock = SystemClock()
    return ReadQuotas(
        quotas=quotas(settings, EmbeddedQuotaStore(database), clock),
        members=EmbeddedMemberStore(database, clock),
        queues=EmbeddedQueueStore(database, clock),
        webhooks=EmbeddedWebhookStore(database),
        api_keys=EmbeddedApiKeyStore(database),
    )


@contextmanager
def _database(settings: OperatorSettings) -> Iterator["Database"]:
    from tickwell.adapters.embedded.database import Database

    path = settings.data_dir / "tickwell.db"
    if not path.is_file():
        raise FileNotFoundError(f"there is no {path}; TICKWELL_DATA_DIR must be the directory of a server")
    database = Database(path)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def _switch(settings: OperatorSettings) -> Iterator[StopSwitch]:
    if settings.table is not None:
        from botocore.exceptions import BotoCoreError, ClientError

        from tickwell.adapters.aws.dynamodb.stop_switch import DynamoStopSwitch
        from tickwell.bootstrap.aws.clients import open_table

        try:
            yield DynamoStopSwitch(open_table(settings.table))
        except (BotoCoreError, ClientError) as error:  # no credentials, no region, no such table, no permission
            raise UnavailableError("aws", str(error)) from error
        return
    from tickwell.adapters.embedded.stop_switch import EmbeddedStopSwitch

    with _database(settings) as database:
        yield EmbeddedStopSwitch(database)
