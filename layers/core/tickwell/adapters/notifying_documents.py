"""How both engines spell webhook endpoints and records of notifications as JSON text; see ``documents``."""

from typing import Any

from tickwell.adapters.documents import VERSION, epoch_ms, from_json, from_ms, to_json
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.job import JobKey
from tickwell.domain.notification import Channel, NotificationRecord
from tickwell.domain.outcome_event import EventType
from tickwell.domain.webhook import WebhookEndpoint, Webhooks


def webhooks_text(webhooks: Webhooks) -> str:
    """The endpoints of a tenant without tenant and version."""
    return to_json({"v": VERSION, "endpoints": [_endpoint_document(endpoint) for endpoint in webhooks.endpoints]})


def webhooks_from(tenant_id: str, version: int, text: str) -> Webhooks:
    """What ``webhooks_text`` wrote."""
    endpoints = tuple(_endpoint_from(document) for document in from_json(text)["endpoints"])
    return Webhooks(tenant_id=tenant_id, version=version, endpoints=endpoints)


def record_text(record: NotificationRecord) -> str:
    """A record without its key and its expiry."""
    return to_json(
        {
            "v": VERSION,
            "channel": record.channel,
            "target": record.target,
            "type": record.event_type,
            "error": record.error,
            "at": to_epoch_ms(record.at),
        }
    )


def record_from(
    job: JobKey, *, due_ms: int, attempt: int, notification_id: str, expires_ms: int, text: str
) -> NotificationRecord:
    """What ``record_text`` wrote."""
    document = from_json(text)
    return NotificationRecord(
        tenant_id=job.tenant_id,
        job_id=job.job_id,
        due_at=from_epoch_ms(due_ms),
        attempt=attempt,
        notification_id=notification_id,
        channel=Channel(document["channel"]),
        target=document["target"],
        event_type=document["type"],
        error=document["error"],
        at=from_epoch_ms(document["at"]),
        expires_at=from_epoch_ms(expires_ms),
    )


def _endpoint_document(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.endpoint_id,
        "url": endpoint.url,
        "events": endpoint.events,
        "description": endpoint.description,
        "secret": endpoint.secret,
        "old_secret": endpoint.old_secret,
        "old_until": epoch_ms(endpoint.old_secret_until),
        "created": to_epoch_ms(endpoint.created_at),
        "disabled": epoch_ms(endpoint.disabled_at),
    }


def _endpoint_from(document: dict[str, Any]) -> WebhookEndpoint:
    return WebhookEndpoint(
        endpoint_id=document["id"],
        url=document["url"],
        events=tuple(EventType(event) for event in document["events"]),
        description=document["description"],
        secret=document["secret"],
        old_secret=document["old_secret"],
        old_secret_until=from_ms(document["old_until"]),
        created_at=from_epoch_ms(document["created"]),
        disabled_at=from_ms(document["disabled"]),
    )
