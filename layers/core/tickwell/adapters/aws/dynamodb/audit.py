"""The audit log in DynamoDB; see ``AuditLog`` for what it promises."""

from tickwell.adapters.audit_documents import AUDIT_LISTING, audit_from, audit_text
from tickwell.adapters.aws.dynamodb import tenant_keys
from tickwell.adapters.aws.dynamodb.attributes import Item, key_of, number, text
from tickwell.adapters.aws.dynamodb.items import expiry, is_expired, stamp
from tickwell.adapters.aws.dynamodb.listing import newest_first
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.cursors import encode_cursor, text_cursor
from tickwell.application.ports import Clock, Page
from tickwell.domain.audit import AuditFilter, AuditRecord
from tickwell.domain.instant import to_epoch_ms


class DynamoAuditLog:
    """The ``AuditLog`` of the ``aws`` engine: 16 partitions for each tenant, as its jobs have."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def append(self, record: AuditRecord) -> None:
        """See the port."""
        key = tenant_keys.audit_key(record.tenant_id, record.record_id)
        item = {**stamp("audit"), "doc": audit_text(record), **expiry(to_epoch_ms(record.expires_at))}
        self._table.put(key, item)

    def list_records(self, tenant_id: str, *, chosen: AuditFilter, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """See the port. 16 queries, merged."""
        after = text_cursor(AUDIT_LISTING, cursor)
        now_ms = to_epoch_ms(self._clock.now())
        high = chosen.high() if after is None else min(after, chosen.high())
        listed = newest_first(
            self._table,
            tenant_keys.audit_partitions(tenant_id),
            low=tenant_keys.audit_sort(chosen.low()),
            before=tenant_keys.audit_sort(high),
            limit=limit,
            wanted=lambda item: not is_expired(item, now_ms) and chosen.matches(audit_record_of(item)),
        )
        last = None if listed.last is None else tenant_keys.parse_audit_sort(listed.last)
        return Page(
            items=tuple(audit_record_of(item) for item in listed.items),
            next_cursor=None if last is None else encode_cursor(AUDIT_LISTING, [last]),
        )


def audit_record_of(item: Item) -> AuditRecord:
    """The record of an item."""
    tenant_id, record_id = tenant_keys.parse_audit_key(key_of(item))
    return audit_from(tenant_id, record_id, expires_ms=number(item, "ex"), text=text(item, "doc"))
