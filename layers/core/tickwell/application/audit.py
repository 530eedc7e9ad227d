"""Note what was done, and show it to owners (X15)."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from tickwell.application.ports import AuditLog, Clock, Ids, Page
from tickwell.domain.account import Principal
from tickwell.domain.audit import NOBODY, NOBODYS_RETENTION, AuditFilter, AuditOutcome, AuditRecord
from tickwell.domain.errors import UnavailableError

_log = logging.getLogger("tickwell")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deed:
    """What a request did, as ``AuditRecord`` says it."""

    tenant_id: str
    user_id: str
    api_key_id: str | None
    action: str
    resource: str | None
    count: int | None
    outcome: AuditOutcome
    status: int
    request_id: str
    address: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """The use cases; see the methods. Records live for ``retention``."""

    log: AuditLog
    clock: Clock
    ids: Ids
    retention: timedelta

    def note(self, deed: Deed) -> None:
        """Write a record. Where the store fails the log of the process has to do: the request has had its effect."""
        now = self.clock.now()
        retention = NOBODYS_RETENTION if deed.tenant_id == NOBODY else self.retention
        record = AuditRecord(
            tenant_id=deed.tenant_id,
            record_id=self.ids.new(),
            at=now,
            user_id=deed.user_id,
            api_key_id=deed.api_key_id,
            action=deed.action,
            resource=deed.resource,
            count=deed.count,
            outcome=deed.outcome,
            status=deed.status,
            request_id=deed.request_id,
            address=deed.address,
            expires_at=now + retention,
        )
        try:
            self.log.append(record)
        except UnavailableError:
            fields = ("tenant_id", "user_id", "api_key_id", "resource", "count", "status", "request_id", "address")
            extra = {"action": "audit.lost", "operation": deed.action, **{f"of_{n}": getattr(deed, n) for n in fields}}
            _log.exception("an audit record could not be written", extra=extra)

    def records(
        self, principal: Principal, *, chosen: AuditFilter, limit: int, cursor: str | None
    ) -> Page[AuditRecord]:
        """A page, newest first. Raises InvalidInputError("cursor")."""
        return self.log.list_records(principal.tenant_id, chosen=chosen, limit=limit, cursor=cursor)
