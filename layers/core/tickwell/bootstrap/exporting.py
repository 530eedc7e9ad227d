"""The export of tenants, on either engine: for the API and for the operator."""

from typing import TYPE_CHECKING

from tickwell.adapters.export_cursors import EncodedExportCursors
from tickwell.application.export_tenant import ExportTenant
from tickwell.application.export_walk import ExportWalk
from tickwell.application.ports import BlobStore, Clock, Holdings, SecretNames
from tickwell.bootstrap.tenant_stores import TenantStores, tenant_stores_in, tenant_stores_on

if TYPE_CHECKING:
    from tickwell.adapters.aws.dynamodb.table import Table
    from tickwell.adapters.embedded.database import Database


def export_from_table(table: "Table", blobs: BlobStore, clock: Clock) -> ExportTenant:
    """On the ``aws`` engine."""
    from tickwell.adapters.aws.dynamodb.holdings import DynamoHoldings
    from tickwell.adapters.aws.dynamodb.secret_names import DynamoSecretNames

    stores = tenant_stores_on(table, clock)
    return _export(stores, DynamoSecretNames(table), DynamoHoldings(table, clock), blobs, clock)


def export_from_database(database: "Database", secrets: SecretNames, blobs: BlobStore, clock: Clock) -> ExportTenant:
    """On the embedded engine."""
    from tickwell.adapters.embedded.holdings import EmbeddedHoldings

    return _export(tenant_stores_in(database, clock), secrets, EmbeddedHoldings(database, clock), blobs, clock)


def _export(
    stores: TenantStores, secrets: SecretNames, holdings: Holdings, blobs: BlobStore, clock: Clock
) -> ExportTenant:
    walk = ExportWalk(
        members=stores.members,
        api_keys=stores.api_keys,
        webhooks=stores.webhooks,
        hooks=stores.hooks,
        secrets=secrets,
        queues=stores.queues,
        holdings=holdings,
        blobs=blobs,
    )
    return ExportTenant(walk=walk, cursors=EncodedExportCursors(), clock=clock)
