"""The audit log in SQLite; see ``AuditLog`` for what it promises."""

from tickwell.adapters.audit_documents import AUDIT_LISTING, audit_from, audit_text
from tickwell.adapters.cursors import encode_cursor, text_cursor
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.application.ports import Clock, Page
from tickwell.domain.audit import AuditFilter, AuditRecord
from tickwell.domain.instant import to_epoch_ms

_MOST_READ = 1000
"""A page ends once this many rows were read, however few of them were wanted."""

_APPEND = "INSERT INTO audit VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_LIST = """
    SELECT record_id, expires_ms, document FROM audit
    WHERE tenant_id = :tenant AND record_id < :before AND record_id >= :low AND expires_ms > :now
    ORDER BY record_id DESC LIMIT :limit
"""


class EmbeddedAuditLog:
    """The embedded ``AuditLog``."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def append(self, record: AuditRecord) -> None:
        """See the port."""
        row = (record.tenant_id, record.record_id, to_epoch_ms(record.expires_at), audit_text(record))
        with self._database.transaction() as cursor:
            cursor.execute(_APPEND, row)

    def list_records(self, tenant_id: str, *, chosen: AuditFilter, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """See the port."""
        after = text_cursor(AUDIT_LISTING, cursor)
        values = {
            "tenant": bindable(tenant_id),
            "before": chosen.high() if after is None else min(after, chosen.high()),
            "low": chosen.low(),
            "now": to_epoch_ms(self._clock.now()),
            "limit": _MOST_READ,
        }
        found: list[AuditRecord] = []
        last, read = "", 0
        with self._database.read() as rows:
            for record_id, expires_ms, document in rows.execute(_LIST, values):
                if len(found) == limit:
                    return Page(items=tuple(found), next_cursor=encode_cursor(AUDIT_LISTING, [last]))
                record = audit_from(tenant_id, record_id, expires_ms=expires_ms, text=document)
                last, read = record_id, read + 1
                if chosen.matches(record):
                    found.append(record)
        more = read == _MOST_READ
        return Page(items=tuple(found), next_cursor=encode_cursor(AUDIT_LISTING, [last]) if more else None)
