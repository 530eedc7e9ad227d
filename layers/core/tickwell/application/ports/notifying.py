"""The ports of what is notified: a tenant's webhook endpoints, and what became of notifications."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tickwell.domain.notification import NotificationRecord
from tickwell.domain.webhook import Webhooks


class WebhookStore(Protocol):
    """The webhook endpoints of tenants, secrets included: they must be readable to sign with them."""

    def read(self, tenant_id: str) -> Webhooks:
        """All of a tenant's; empty where there are none. Consistent."""
        ...

    def replace(self, webhooks: Webhooks) -> bool:
        """Write an edit; its version is one higher. False when somebody else's edit came between."""
        ...


class NotificationLog(Protocol):
    """What became of notifications, beside the executions that they are about."""

    def put(self, record: NotificationRecord) -> None:
        """Write, or overwrite: one that had failed may be delivered later after all."""
        ...

    def about(self, tenant_id: str, job_id: str, *, due_at: datetime, attempt: int) -> Sequence[NotificationRecord]:
        """All about one execution, in the order of their instants. Consistent."""
        ...
