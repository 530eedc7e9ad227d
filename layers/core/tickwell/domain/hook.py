"""Incoming webhooks of a tenant: addresses at which other systems hand in messages, each of which becomes a job (B5).

The address holds a token: ``twh_`` and 96 letters and digits, see ``placed_token``. Only its SHA-256 is kept.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tickwell.domain.account import Principal, Role, Scope
from tickwell.domain.api_key import USE_GRAIN
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.placed_token import parse_token, spell_token
from tickwell.domain.secret import is_secret_name

TOKEN_PREFIX = "twh_"  # noqa: S105 - what tokens begin with, no token
MOST_HOOKS = 100
"""Of one tenant."""

LARGEST_MESSAGE_BYTES = 256 * 1024
"""Of a message's body: a hook's payload may hold it several times."""

SECRET_PREFIX = "hook-"  # noqa: S105 - what names begin with, no secret
"""What the names of secrets begin with that messages are checked against: the API may read these, and no others."""


class SignatureScheme(StrEnum):
    """How senders sign."""

    STANDARD = "standard"  # Standard Webhooks: webhook-id, webhook-timestamp, webhook-signature
    SHA256 = "sha256"  # HMAC-SHA256 of the body in one header, as GitHub and Meta do


@dataclass(frozen=True, kw_only=True, slots=True)
class HookSignature:
    """Messages must be signed with the tenant's secret of that name. ``header`` (lower case) is for ``SHA256``."""

    scheme: SignatureScheme
    secret: str
    header: str = "x-hub-signature-256"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """An address as it is kept, and what becomes of the messages that come there.

    Each becomes a job of ``task`` in ``queue`` (None: as jobs that name none), in the name of ``user_id``, who made the
    hook. ``payload`` is a template, see ``incoming``; None: the message itself. ``fields``: where in a message's body
    its parts are, by their names. ``last_used_at`` is at most ``USE_GRAIN`` behind.
    """

    tenant_id: str
    hook_id: str
    user_id: str
    name: str
    task: str
    queue: str | None = None
    payload: Any = None
    fields: Mapping[str, str] = field(default_factory=dict)
    signature: HookSignature | None = None
    digest: str = field(repr=False)
    created_at: datetime
    last_used_at: datetime | None = None

    def opens_with(self, token: str) -> bool:
        """Whether ``token`` is that of this hook; the time taken tells nothing of the digest."""
        return hmac.compare_digest(self.digest, token_digest(token))

    def use_is_news(self, now: datetime) -> bool:
        """Whether a use at ``now`` should be written down."""
        return self.last_used_at is None or now - self.last_used_at >= USE_GRAIN

    @property
    def principal(self) -> Principal:
        """Who its jobs belong to. What is counted for each caller is counted for the hook."""
        return Principal(
            tenant_id=self.tenant_id,
            user_id=self.user_id,
            role=Role.MEMBER,
            scopes=frozenset({Scope.JOBS_WRITE}),
            api_key_id=self.hook_id,
        )


def spell_hook_token(tenant_id: str, hook_id: str, secret: bytes) -> str:
    """The token that senders get. Raises ValueError for ids that are no UUIDs, or a secret that is not 24 bytes."""
    return spell_token(TOKEN_PREFIX, tenant_id, hook_id, secret)


def parse_hook_token(text: str) -> tuple[str, str] | None:
    """Tenant and id of the hook whose token ``text`` may be; None for what is no token."""
    return parse_token(TOKEN_PREFIX, text)


def token_digest(text: str) -> str:
    """What is kept of a token: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def require_hook_secret(name: str) -> str:
    """``name``, of a secret that messages can be checked against. Raises InvalidInputError("signature.secret")."""
    if not is_secret_name(name) or not name.startswith(SECRET_PREFIX):
        reason = f"must name a secret of the organization that begins with {SECRET_PREFIX}, as {SECRET_PREFIX}shop"
        raise InvalidInputError("signature.secret", reason)
    return name
