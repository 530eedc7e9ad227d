"""Webhook endpoints and records of notifications in DynamoDB; see ``WebhookStore`` and ``NotificationLog``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from tickwell.adapters.aws.dynamodb import keys, tenant_keys
from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, number, text
from tickwell.adapters.aws.dynamodb.items import expiry, is_expired, stamp
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.writes import Write, Written
from tickwell.adapters.documents import VERSION
from tickwell.adapters.notifying_documents import record_from, record_text, webhooks_from, webhooks_text
from tickwell.application.ports import Clock
from tickwell.domain.instant import to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.notification import NotificationRecord
from tickwell.domain.webhook import Webhooks

_NAMES: Final = {"kind": "kind", "v": "v", "version": "n", "document": "doc"}
_MOST_RECORDS: Final = 100
"""An execution has at most three events, and a tenant at most eleven targets."""


class DynamoWebhookStore:
    """The ``WebhookStore`` of the ``aws`` engine. The table is encrypted at rest, secrets with it."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self, tenant_id: str) -> Webhooks:
        """See the port."""
        item = self._table.get(tenant_keys.webhooks_key(tenant_id))
        if item is None:
            return Webhooks(tenant_id=tenant_id)
        return webhooks_from(tenant_id, number(item, _NAMES["version"]), text(item, _NAMES["document"]))

    def replace(self, webhooks: Webhooks) -> bool:
        """See the port. A write whose answer was lost is recognised by what it wrote."""
        document = webhooks_text(webhooks)
        write = Write(
            update="SET #kind = :kind, #v = :v, #version = :version, #document = :document",
            condition="attribute_not_exists(#version)" if webhooks.version == 1 else "#version = :before",
            values={
                "kind": "webhooks",
                "v": VERSION,
                "version": webhooks.version,
                "before": webhooks.version - 1,
                "document": document,
            },
        )
        outcome = self._table.update(tenant_keys.webhooks_key(webhooks.tenant_id), write, _NAMES)
        if isinstance(outcome, Written):
            return True
        found = outcome.item
        return outcome.retried and found is not None and text(found, _NAMES["document"]) == document


class DynamoNotificationLog:
    """The ``NotificationLog`` of the ``aws`` engine."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def put(self, record: NotificationRecord) -> None:
        """See the port."""
        job = JobKey(tenant_id=record.tenant_id, job_id=record.job_id)
        key = keys.notification_key(job, to_epoch_ms(record.due_at), record.attempt, record.notification_id)
        expires = expiry(to_epoch_ms(record.expires_at))
        self._table.put(key, {**stamp("notification"), **expires, _NAMES["document"]: record_text(record)})

    def about(self, tenant_id: str, job_id: str, *, due_at: datetime, attempt: int) -> Sequence[NotificationRecord]:
        """See the port."""
        due_ms, now_ms = to_epoch_ms(due_at), to_epoch_ms(self._clock.now())
        found = self._table.query(
            keys.history_partition(JobKey(tenant_id=tenant_id, job_id=job_id)),
            low=keys.notification_sort(due_ms, attempt, ""),
            high=keys.notification_sort(due_ms, attempt, keys.LAST),
            limit=_MOST_RECORDS,
            consistent=True,
        )
        records = [notification_of(item) for item in found.items if not is_expired(item, now_ms)]
        return sorted(records, key=lambda record: record.at)


def notification_of(item: Item) -> NotificationRecord:
    """The record of an item."""
    key = key_of(item)
    job, due_ms, attempt, notification_id = keys.parse_notification_key(key)
    return record_from(
        job,
        due_ms=due_ms,
        attempt=attempt,
        notification_id=notification_id,
        expires_ms=number(item, "ex"),
        text=text(item, _NAMES["document"]),
    )
