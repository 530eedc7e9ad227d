"""The port of the audit log."""

from typing import Protocol

from tickwell.application.ports.stores import Page
from tickwell.domain.audit import AuditFilter, AuditRecord


class AuditLog(Protocol):
    """Records of changing requests, kept until they expire. Nothing changes one."""

    def append(self, record: AuditRecord) -> None:
        """Write; the same record twice is one."""
        ...

    def list_records(self, tenant_id: str, *, chosen: AuditFilter, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """Newest first. With a filter a page may be short although more follow. Raises InvalidInputError("cursor")."""
        ...
