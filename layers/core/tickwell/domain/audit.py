"""The audit log: who did what, when, from where, and how it ended. Never what was in it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.instant import to_epoch_ms

NOBODY = "nobody"
"""The tenant, and the user, of what was tried with an address that has no account."""

NOBODYS_RETENTION = timedelta(days=1)
"""Nobody can read those records; see ``Auditor``."""

_CLOCKS_APART = timedelta(minutes=1)
"""Ids are made by several clocks, and may run ahead of them under load."""

_FIRST_ERROR, _FIRST_FAULT = 400, 500
_DENIED = frozenset({401, 403})


class AuditOutcome(StrEnum):
    """How an audited request ended."""

    SUCCEEDED = "succeeded"
    DENIED = "denied"
    FAILED = "failed"  # a service failed in the middle of it: it may have taken effect


def audit_outcome(status: int) -> AuditOutcome | None:
    """What an answer's HTTP ``status`` says; None where nothing was changed and nobody went too far."""
    if status < _FIRST_ERROR:
        return AuditOutcome.SUCCEEDED
    if status in _DENIED:
        return AuditOutcome.DENIED
    return AuditOutcome.FAILED if status >= _FIRST_FAULT else None


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditRecord:
    """One request. ``record_id`` is a UUIDv7, so that records sort by time.

    ``action`` is the operation's id, ``resource`` what it was about (several parts are joined by ``/``), ``count`` how
    many were changed where a request is about many. ``user_id`` is who signed in, or whoever made the ``api_key_id``.
    ``address`` is the client's, as the host saw it.
    """

    tenant_id: str
    record_id: str
    at: datetime
    user_id: str
    api_key_id: str | None = None
    action: str
    resource: str | None = None
    count: int | None = None
    outcome: AuditOutcome
    status: int
    request_id: str
    address: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditFilter:
    """Which records are meant; what is None does not matter.

    ``actor`` is a user or an API key. Instants: from ``since`` to before ``until``.
    """

    actor: str | None = None
    action: str | None = None
    resource: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def matches(self, record: AuditRecord) -> bool:
        """Whether ``record`` is meant."""
        return (
            self.actor in (None, record.user_id, record.api_key_id)
            and self.action in (None, record.action)
            and self.resource in (None, record.resource)
            and (self.since is None or record.at >= self.since)
            and (self.until is None or record.at < self.until)
        )

    def low(self) -> str:
        """An id that is before all that are meant."""
        return "" if self.since is None else _id_at(self.since - _CLOCKS_APART)

    def high(self) -> str:
        """An id that is behind all that are meant."""
        return "~" if self.until is None else _id_at(self.until + _CLOCKS_APART)


def _id_at(at: datetime) -> str:
    """What the ids of that millisecond begin with: a UUIDv7's first 12 hexadecimal digits."""
    digits = f"{max(to_epoch_ms(at), 0):012x}"
    return f"{digits[:8]}-{digits[8:]}"
