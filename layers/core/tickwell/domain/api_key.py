"""API keys: what programs sign in with, and how a key is spelled.

A key reads ``tw_`` and 96 letters and digits: tenant, key id, 24 secret bytes and a checksum in Base32. It names its
place, so that one read finds it; the checksum lets a scanner of leaked secrets, and us, tell a key from noise without
a read. Only its SHA-256 is kept: whoever reads the store cannot use what lies there, and 192 random bits need no slow
hash.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickwell.domain.account import Role, Scope
from tickwell.domain.errors import ForbiddenError, UnauthenticatedError
from tickwell.domain.placed_token import parse_token, spell_token

KEY_PREFIX = "tw_"
MOST_KEYS = 100
"""Of one tenant, expired ones included."""

LONGEST_KEY_NAME = 100
USE_GRAIN = timedelta(hours=1)
"""``last_used_at`` is told to this grain: a request must not cost a write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ApiKey:
    """A key as it is kept. ``user_id`` created it, and it never has more than that user's present role.

    ``expires_at`` None: it holds until it is deleted. ``last_used_at`` is at most ``USE_GRAIN`` behind.
    """

    tenant_id: str
    key_id: str
    user_id: str
    name: str
    role: Role
    scopes: frozenset[Scope]
    digest: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None

    def is_expired(self, now: datetime) -> bool:
        """Whether it has ended by itself."""
        return self.expires_at is not None and self.expires_at <= now

    def opens_with(self, text: str, now: datetime) -> bool:
        """Whether ``text`` is this key and holds at ``now``; the time taken tells nothing of the digest."""
        return hmac.compare_digest(self.digest, key_digest(text)) and not self.is_expired(now)

    def role_under(self, creator: Role) -> Role:
        """What it may do while its creator has the role ``creator``: the lower of both."""
        return self.role if creator.includes(self.role) else creator

    def use_is_news(self, now: datetime) -> bool:
        """Whether a use at ``now`` should be written down."""
        return self.last_used_at is None or now - self.last_used_at >= USE_GRAIN

    @property
    def sorted_scopes(self) -> Sequence[Scope]:
        """In the order in which ``Scope`` names them."""
        return [scope for scope in Scope if scope in self.scopes]


def require_grantable(role: Role, granter: Role) -> Role:
    """``role`` if whoever has ``granter`` may give it to a key. Raises ForbiddenError."""
    if not granter.includes(role):
        raise ForbiddenError(f"a key cannot have the role {role.value}: yours is {granter.value}")
    return role


def spell_key(tenant_id: str, key_id: str, secret: bytes) -> str:
    """The key that its holder keeps. Raises ValueError for ids that are no UUIDs, or a secret that is not 24 bytes."""
    return spell_token(KEY_PREFIX, tenant_id, key_id, secret)


def parse_key(text: str) -> tuple[str, str]:
    """Tenant and id of the key that ``text`` spells. Raises UnauthenticatedError for what is no key."""
    place = parse_token(KEY_PREFIX, text)
    if place is None:
        raise UnauthenticatedError("not a valid API key")
    return place


def key_digest(text: str) -> str:
    """What is kept of a key: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
