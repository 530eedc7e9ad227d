"""Webhook endpoints of a tenant, and how deliveries to them are signed (Standard Webhooks, X14)."""

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.outcome_event import EventType

MOST_ENDPOINTS = 10
OLD_SECRET_LIFE = timedelta(hours=24)
"""How long deliveries are signed with the replaced secret as well."""

SIGNATURE_HEADERS = frozenset({"webhook-id", "webhook-timestamp", "webhook-signature"})

SIGNATURE_LIFE = timedelta(minutes=5)
"""How far a signed message's own time may be from ours: who has caught one cannot use it for long."""

_EPOCH = re.compile(r"[0-9]{1,11}", re.ASCII)
_MOST_SIGNATURES = 10

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, no secret


@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookEndpoint:
    """Where deliveries go. A disabled one (``disabled_at``) gets none: its server had said that it is gone."""

    endpoint_id: str
    url: str
    events: tuple[EventType, ...]
    description: str | None = None
    secret: str = field(repr=False)
    old_secret: str | None = field(default=None, repr=False)
    old_secret_until: datetime | None = None
    created_at: datetime
    disabled_at: datetime | None = None

    def wants(self, event_type: EventType) -> bool:
        """Whether deliveries of this type go there."""
        return self.disabled_at is None and event_type in self.events

    def rotated(self, secret: str, now: datetime) -> "WebhookEndpoint":
        """With a new secret; the one of before is used beside it for a day."""
        return replace(self, secret=secret, old_secret=self.secret, old_secret_until=now + OLD_SECRET_LIFE)

    def secrets(self, now: datetime) -> Iterator[str]:
        """Those that deliveries are signed with, the newest first."""
        yield self.secret
        if self.old_secret is not None and self.old_secret_until is not None and now < self.old_secret_until:
            yield self.old_secret


@dataclass(frozen=True, kw_only=True, slots=True)
class Webhooks:
    """All endpoints of a tenant, oldest first; ``version`` counts the edits, 0 where there was none."""

    tenant_id: str
    version: int = 0
    endpoints: tuple[WebhookEndpoint, ...] = ()

    def get(self, endpoint_id: str) -> WebhookEndpoint:
        """Raises NotFoundError."""
        for endpoint in self.endpoints:
            if endpoint.endpoint_id == endpoint_id:
                return endpoint
        raise NotFoundError("webhook", endpoint_id)

    def adding(self, endpoint: WebhookEndpoint) -> "Webhooks":
        """With one more, or in the place of the one of its id: that is of a try whose answer nobody got.

        Raises ConflictError beyond ``MOST_ENDPOINTS``.
        """
        others = tuple(other for other in self.endpoints if other.endpoint_id != endpoint.endpoint_id)
        if len(others) >= MOST_ENDPOINTS:
            raise ConflictError(f"there are {MOST_ENDPOINTS} webhooks already, the most that a tenant may have")
        return self._with((*others, endpoint))

    def without(self, endpoint_id: str) -> "Webhooks":
        """Without one. Raises NotFoundError."""
        gone = self.get(endpoint_id)
        return self._with(tuple(endpoint for endpoint in self.endpoints if endpoint is not gone))

    def replacing(self, endpoint: WebhookEndpoint) -> "Webhooks":
        """With ``endpoint`` in place of the one of its id. Raises NotFoundError."""
        old = self.get(endpoint.endpoint_id)
        return self._with(tuple(endpoint if each is old else each for each in self.endpoints))

    def _with(self, endpoints: tuple[WebhookEndpoint, ...]) -> "Webhooks":
        return replace(self, version=self.version + 1, endpoints=endpoints)


def new_secret(random_bytes: bytes) -> str:
    """A signing secret as the scheme spells it; it wants 24 to 64 bytes."""
    if not 24 <= len(random_bytes) <= 64:
        raise ValueError("a signing secret has 24 to 64 bytes")
    return SECRET_PREFIX + base64.b64encode(random_bytes).decode()


def is_signing_secret(secret: str) -> bool:
    """Whether ``secret`` is one as the scheme spells it."""
    try:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:
        return False
    return secret.startswith(SECRET_PREFIX) and 24 <= len(key) <= 64


def signature_headers(
    endpoint: WebhookEndpoint, message_id: str, body: bytes, now: datetime
) -> tuple[tuple[str, str], ...]:
    """``signed_with`` the secrets of ``endpoint`` that hold."""
    return signed_with(endpoint.secrets(now), message_id, body, now)


def signed_with(secrets: Iterable[str], message_id: str, body: bytes, now: datetime) -> tuple[tuple[str, str], ...]:
    """``webhook-id``, ``webhook-timestamp``, ``webhook-signature``.

    By https://github.com/standard-webhooks/standard-webhooks: HMAC-SHA256 over ``id.timestamp.body`` with the decoded
    secret, in Base64 behind ``v1,``; one for each secret, separated by blanks.
    """
    timestamp = str(int(now.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [f"v1,{_signature(secret, signed)}" for secret in secrets]
    return (
        ("webhook-id", message_id),
        ("webhook-timestamp", timestamp),
        ("webhook-signature", " ".join(signatures)),
    )


def is_signed(secrets: Iterable[str], headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether ``headers`` (names in lower case) hold what ``signed_with`` gives for one of ``secrets``.

    Not longer ago, nor later, than ``SIGNATURE_LIFE``. Raises ValueError where none of ``secrets`` is of the scheme.
    """
    usable = [secret for secret in secrets if is_signing_secret(secret)]
    if not usable:
        raise ValueError("a signing secret is whsec_ and Base64")
    message_id, timestamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    if not message_id or not _EPOCH.fullmatch(timestamp):
        return False
    if abs(now.timestamp() - int(timestamp)) > SIGNATURE_LIFE.total_seconds():
        return False
    signed = f"{message_id}.{timestamp}.".encode() + body
    given = [part.removeprefix("v1,").encode() for part in headers.get("webhook-signature", "").split(" ")]
    right = [_signature(secret, signed).encode() for secret in usable]
    return any(hmac.compare_digest(one, other) for one in given[:_MOST_SIGNATURES] for other in right)


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
