"""How both engines spell records of the audit log as JSON text; see ``documents``."""

from tickwell.adapters.documents import VERSION, from_json, to_json
from tickwell.domain.audit import AuditOutcome, AuditRecord
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

AUDIT_LISTING = "audit"
"""What cursors of the audit log say that they are of."""


def audit_text(record: AuditRecord) -> str:
    """A record without its key and its expiry; what there is none of is left out."""
    document = {
        "v": VERSION,
        "at": to_epoch_ms(record.at),
        "user": record.user_id,
        "key": record.api_key_id,
        "action": record.action,
        "resource": record.resource,
        "count": record.count,
        "outcome": record.outcome.value,
        "status": record.status,
        "request": record.request_id,
        "address": record.address,
    }
    return to_json({name: value for name, value in document.items() if value is not None})


def audit_from(tenant_id: str, record_id: str, *, expires_ms: int, text: str) -> AuditRecord:
    """What ``audit_text`` wrote."""
    document = from_json(text)
    return AuditRecord(
        tenant_id=tenant_id,
        record_id=record_id,
        at=from_epoch_ms(document["at"]),
        user_id=document["user"],
        api_key_id=document.get("key"),
        action=document["action"],
        resource=document.get("resource"),
        count=document.get("count"),
        outcome=AuditOutcome(document["outcome"]),
        status=document["status"],
        request_id=document["request"],
        address=document["address"],
        expires_at=from_epoch_ms(expires_ms),
    )
