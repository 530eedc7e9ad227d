"""functions/api."""

import os
from collections.abc import Callable
from typing import Any

from tickwell.adapters.aws.dynamodb.accounts import DynamoAccountStore
from tickwell.adapters.aws.dynamodb.api_keys import DynamoApiKeyStore
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.adapters.aws.dynamodb.hooks import DynamoHookStore
from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
from tickwell.adapters.aws.dynamodb.quotas import DynamoQuotaStore
from tickwell.adapters.aws.dynamodb.rates import DynamoRateLimiter
from tickwell.adapters.aws.dynamodb.submissions import DynamoSubmissions
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.workers import DynamoWorkerLog
from tickwell.adapters.aws.secrets_manager import SecretsManagerSecrets
from tickwell.adapters.host import ProcessHost
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.passwords import Argon2Hasher
from tickwell.adapters.tickets import JwtTickets
from tickwell.adapters.tokens import JwtTokens
from tickwell.application.health import NotificationQueues
from tickwell.application.ports import RateLimiter
from tickwell.bootstrap.accounts import Accounts
from tickwell.bootstrap.api import api_services
from tickwell.bootstrap.aws.clients import client, open_blob_links, open_lanes, open_notifications, open_table
from tickwell.bootstrap.aws.foundation import core_of, notifying_of
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.exporting import export_from_table
from tickwell.bootstrap.filing import filing
from tickwell.bootstrap.images import on_its_lane
from tickwell.bootstrap.limits import Guards, quotas, request_limits
from tickwell.bootstrap.measuring import Measuring
from tickwell.bootstrap.oidc import foreign_tokens
from tickwell.http.app import build_app
from tickwell.settings.functions import ApiSettings
from tickwell.settings.reading import load
from tickwell.tasks.registry import all_tasks

JWT_SIGNING_KEY = "jwt-signing-key"


def build() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """What answers API Gateway's events."""
    settings = load(ApiSettings)
    table = open_table(settings.table)
    core = core_of(settings, table, open_lanes(settings), audit_retention=settings.audit_retention)
    limiter = DynamoRateLimiter(table, core.clock)
    services = api_services(
        core,
        accounts=_accounts(settings, table, core, limiter),
        notifying=notifying_of(table, core.clock),
        hooks=DynamoHookStore(table),
        measuring=_measuring(settings, table, core),
        registry=on_its_lane(all_tasks(), settings),
        guards=Guards(
            limits=request_limits(settings, limiter, core.clock),
            submissions=DynamoSubmissions(table, core.clock),
            quotas=quotas(settings, DynamoQuotaStore(table), core.clock),
            messages_per_minute=settings.hook_limit_per_minute,
        ),
        export_tenant=export_from_table(table, core.blobs, core.clock),
        filing=filing(settings, open_blob_links(settings.blob_bucket)),
        stage=settings.stage,
        allowed_origins=settings.allowed_origins,
    )
    return build_app(services, local=False)


def _accounts(settings: ApiSettings, table: Table, core: Core, limiter: RateLimiter) -> Accounts:
    secrets = SecretsManagerSecrets(client("secretsmanager"), {JWT_SIGNING_KEY: settings.jwt_secret_id})
    keys = KeyRing(lambda: secrets.get_newest(JWT_SIGNING_KEY))
    return Accounts(
        accounts=DynamoAccountStore(table),
        api_keys=DynamoApiKeyStore(table),
        members=DynamoMemberStore(table, core.clock),
        mails=open_notifications(settings.notification_url),
        hasher=Argon2Hasher(),
        tokens=JwtTokens(keys, core.ids),
        tickets=JwtTickets(keys),
        limiter=limiter,
        clock=core.clock,
        ids=core.ids,
        foreign=foreign_tokens(settings),
    )


def _measuring(settings: ApiSettings, table: Table, core: Core) -> Measuring:
    return Measuring(
        counts=DynamoTenantCounts(table, core.clock),
        workers=DynamoWorkerLog(table, core.clock),
        host=ProcessHost(int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")) or None),
        notifications=NotificationQueues(
            queues=(open_notifications(settings.notification_url),),
            failed=open_notifications(settings.notification_dlq_url),
        ),
    )
