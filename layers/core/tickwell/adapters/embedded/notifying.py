"""Webhook endpoints and records of notifications in SQLite; see ``WebhookStore`` and ``NotificationLog``."""

from collections.abc import Sequence
from datetime import datetime

from tickwell.adapters.embedded.database import Database, bindable
from tickwell.adapters.notifying_documents import record_from, record_text, webhooks_from, webhooks_text
from tickwell.application.ports import Clock
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.notification import NotificationRecord
from tickwell.domain.webhook import Webhooks

_READ = "SELECT version, document FROM webhooks WHERE tenant_id = ?"
_REPLACE = """
    INSERT INTO webhooks (tenant_id, version, document) SELECT :tenant, :version, :document
    WHERE :version = 1 OR EXISTS (SELECT 1 FROM webhooks WHERE tenant_id = :tenant)
    ON CONFLICT DO UPDATE SET version = excluded.version, document = excluded.document
    WHERE webhooks.version = excluded.version - 1
"""
_PUT = """
    INSERT INTO notifications (tenant_id, job_id, due_ms, attempt, notification_id, expires_ms, document)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET expires_ms = excluded.expires_ms, document = excluded.document
"""
_ABOUT = """
    SELECT notification_id, expires_ms, document FROM notifications
    WHERE tenant_id = ? AND job_id = ? AND due_ms = ? AND attempt = ? AND expires_ms > ?
"""


class EmbeddedWebhookStore:
    """The embedded ``WebhookStore``. Secrets lie in the database file, which only its owner can read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, tenant_id: str) -> Webhooks:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_READ, (bindable(tenant_id),)).fetchone()
        return Webhooks(tenant_id=tenant_id) if row is None else webhooks_from(tenant_id, row[0], row[1])

    def replace(self, webhooks: Webhooks) -> bool:
        """See the port."""
        values = {"tenant": webhooks.tenant_id, "version": webhooks.version, "document": webhooks_text(webhooks)}
        with self._database.transaction() as cursor:
            return cursor.execute(_REPLACE, values).rowcount == 1


class EmbeddedNotificationLog:
    """The embedded ``NotificationLog``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, record: NotificationRecord) -> None:
        """See the port."""
        execution = (record.tenant_id, record.job_id, to_epoch_ms(record.due_at), record.attempt)
        values = (*execution, record.notification_id, to_epoch_ms(record.expires_at), record_text(record))
        with self._database.transaction() as cursor:
            cursor.execute(_PUT, values)

    def about(self, tenant_id: str, job_id: str, *, due_at: datetime, attempt: int) -> Sequence[NotificationRecord]:
        """See the port."""
        due_ms, job = to_epoch_ms(due_at), JobKey(tenant_id=tenant_id, job_id=job_id)
        values = (bindable(tenant_id), bindable(job_id), due_ms, attempt, to_epoch_ms(self._clock.now()))
        with self._database.read() as cursor:
            rows = cursor.execute(_ABOUT, values).fetchall()
        found = [
            record_from(job, due_ms=due_ms, attempt=attempt, notification_id=name, expires_ms=expires_ms, text=text)
            for name, expires_ms, text in rows
        ]
        return sorted(found, key=lambda record: record.at)
