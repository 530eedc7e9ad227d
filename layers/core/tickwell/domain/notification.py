"""Notifications: one event on its way to one target, and what is kept of how that went."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tickwell.domain.outcome_event import OutcomeEvent

RETRY_PAUSES_SECONDS = (60, 300, 900, 3600, 7200, 14400, 21600, 28800)
"""How long a delivery that failed waits for its next try; together about 21 hours."""


class Channel(StrEnum):
    """How people are told."""

    EMAIL = "email"
    WEBHOOK = "webhook"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notification:
    """``event`` for one target: a webhook endpoint; by e-mail the job's owner, or for alerts the operator."""

    event: OutcomeEvent
    channel: Channel
    endpoint_id: str | None = None

    @property
    def notification_id(self) -> str:
        """The same whenever the same event is to be told to the same target."""
        return f"{self.event.event_id}.{self.endpoint_id or self.channel.value}"


@dataclass(frozen=True, kw_only=True, slots=True)
class NotificationRecord:
    """How a notification ended, kept beside the execution that it is about and as long.

    ``target`` is for people: a masked address, or a host. ``error`` None: it was delivered.
    """

    tenant_id: str
    job_id: str
    due_at: datetime
    attempt: int
    notification_id: str
    channel: Channel
    target: str
    event_type: str
    error: str | None = None
    at: datetime
    expires_at: datetime


def pause_after(receive_count: int) -> int | None:
    """Seconds until the next try of what was received so often and failed each time; None: it is given up."""
    if receive_count > len(RETRY_PAUSES_SECONDS):
        return None
    return RETRY_PAUSES_SECONDS[receive_count - 1]


def masked(address: str) -> str:
    """``address`` as logs may show it: ``a***@example.com``."""
    name, _, domain = address.rpartition("@")
    return f"{name[:1]}***@{domain}"
