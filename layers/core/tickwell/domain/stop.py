"""The operator's stop switch: for one tenant, or for everybody."""

from dataclasses import dataclass
from datetime import datetime

from tickwell.domain.errors import InvalidInputError

LONGEST_REASON = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop:
    """No attempt begins while it is in force. ``tenant_id`` None: of no tenant at all. ``reason``: for whoever asks."""

    tenant_id: str | None
    since: datetime
    reason: str


def require_reason(reason: str) -> str:
    """``reason`` without surrounding blanks; raises InvalidInputError("reason")."""
    trimmed = reason.strip()
    if not trimmed or len(trimmed) > LONGEST_REASON or not trimmed.isprintable():
        raise InvalidInputError("reason", f"must have 1 to {LONGEST_REASON} printable characters")
    return trimmed
