"""What a tenant has little of, on either engine: what the export and the operator's look at quotas begin with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tickwell.adapters.system import SystemIds
from tickwell.application.ports import ApiKeyStore, Clock, HookStore, MemberStore, QueueStore, WebhookStore

if TYPE_CHECKING:
    from tickwell.adapters.aws.dynamodb.table import Table
    from tickwell.adapters.embedded.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class TenantStores:
    """The stores of it."""

    members: MemberStore
    api_keys: ApiKeyStore
    webhooks: WebhookStore
    hooks: HookStore
    queues: QueueStore


def tenant_stores_on(table: "Table", clock: Clock) -> TenantStores:
    """On the ``aws`` engine."""
    from tickwell.adapters.aws.dynamodb.api_keys import DynamoApiKeyStore
    from tickwell.adapters.aws.dynamodb.hooks import DynamoHookStore
    from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
    from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
    from tickwell.adapters.aws.dynamodb.notifying import DynamoWebhookStore

    return TenantStores(
        members=DynamoMemberStore(table, clock),
        api_keys=DynamoApiKeyStore(table),
        webhooks=DynamoWebhookStore(table),
        hooks=DynamoHookStore(table),
        queues=DynamoQueueStore(table, clock, draw=SystemIds(clock).draw),
    )


def tenant_stores_in(database: "Database", clock: Clock) -> TenantStores:
    """On the embedded engine."""
    from tickwell.adapters.embedded.api_keys import EmbeddedApiKeyStore
    from tickwell.adapters.embedded.hooks import EmbeddedHookStore
    from tickwell.adapters.embedded.members import EmbeddedMemberStore
    from tickwell.adapters.embedded.named_queues import EmbeddedQueueStore
    from tickwell.adapters.embedded.notifying import EmbeddedWebhookStore

    return TenantStores(
        members=EmbeddedMemberStore(database, clock),
        api_keys=EmbeddedApiKeyStore(database),
        webhooks=EmbeddedWebhookStore(database),
        hooks=EmbeddedHookStore(database),
        queues=EmbeddedQueueStore(database, clock),
    )
