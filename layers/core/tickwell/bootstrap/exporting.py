"""The export of tenants, on either engine: for the API and for the operator."""

from typing import TYPE_CHECKING

from tickwell.adapters.export_cursors import EncodedExportCursors
from tickwell.adapters.system import SystemIds
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.export_walk import ExportWalk
from tickwell.application.ports import BlobStore, Clock

if TYPE_CHECKING:
    from tickwell.adapters.aws.dynamodb.table import Table
    from tickwell.adapters.embedded.database import Database


def export_from_table(table: "Table", blobs: BlobStore, clock: Clock) -> ExportTenant:
    """On the ``aws`` engine."""
    from tickwell.adapters.aws.dynamodb.api_keys import DynamoApiKeyStore
    from tickwell.adapters.aws.dynamodb.holdings import DynamoHoldings
    from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
    from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
    from tickwell.adapters.aws.dynamodb.notifying import DynamoWebhookStore

    walk = ExportWalk(
        members=DynamoMemberStore(table, clock),
        api_keys=DynamoApiKeyStore(table),
        webhooks=DynamoWebhookStore(table),
        queues=DynamoQueueStore(table, clock, draw=SystemIds(clock).draw),
        holdings=DynamoHoldings(table, clock),
        blobs=blobs,
    )
    return ExportTenant(walk=walk, cursors=EncodedExportCursors(), clock=clock)


def export_from_database(database: "Database", blobs: BlobStore, clock: Clock) -> ExportTenant:
    """On the embedded engine."""
    from tickwell.adapters.embedded.api_keys import EmbeddedApiKeyStore
    from tickwell.adapters.embedded.holdings import EmbeddedHoldings
    from tickwell.adapters.embedded.members import EmbeddedMemberStore
    from tickwell.adapters.embedded.named_queues import EmbeddedQueueStore
    from tickwell.adapters.embedded.notifying import EmbeddedWebhookStore

    walk = ExportWalk(
        members=EmbeddedMemberStore(database, clock),
        api_keys=EmbeddedApiKeyStore(database),
        webhooks=EmbeddedWebhookStore(database),
        queues=EmbeddedQueueStore(database, clock),
        holdings=EmbeddedHoldings(database, clock),
        blobs=blobs,
    )
    return ExportTenant(walk=walk, cursors=EncodedExportCursors(), clock=clock)
