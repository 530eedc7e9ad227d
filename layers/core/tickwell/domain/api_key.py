"""API keys: what programs sign in with, and how a key is spelled.

A key reads ``tw_`` and 96 letters and digits: tenant, key id, 24 secret bytes and a checksum in Base32. It names its
place, so that one read finds it; the checksum lets a scanner of leaked secrets, and us, tell a key from noise without
a read. Only its SHA-256 is kept: whoever reads the store cannot use what lies there, and 192 random bits need no slow
hash.
"""

import base64
import binascii
import hashlib
import hmac
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tickwell.domain.account import Role, Scope
from tickwell.domain.errors import ForbiddenError, UnauthenticatedError

KEY_PREFIX = "tw_"
MOST_KEYS = 100
"""Of one tenant, expired ones included."""

LONGEST_KEY_NAME = 100
USE_GRAIN = timedelta(hours=1)
"""``last_used_at`` is told to this grain: a request must not cost a write."""

_SECRET_BYTES = 24
_ID_BYTES = 16
_CHECK_BYTES = 4
_LENGTH = len(KEY_PREFIX) + (2 * _ID_BYTES + _SECRET_BYTES + _CHECK_BYTES) * 8 // 5


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
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"the secret of a key has {_SECRET_BYTES} bytes")
    body = uuid.UUID(tenant_id).bytes + uuid.UUID(key_id).bytes + secret
    return KEY_PREFIX + base64.b32encode(body + _check(body)).decode().lower()


def parse_key(text: str) -> tuple[str, str]:
    """Tenant and id of the key that ``text`` spells. Raises UnauthenticatedError for what is no key."""
    if len(text) != _LENGTH or not text.startswith(KEY_PREFIX) or not text.isascii() or text != text.lower():
        raise _not_a_key()
    try:
        decoded = base64.b32decode(text.removeprefix(KEY_PREFIX).upper())
    except binascii.Error as error:
        raise _not_a_key() from error
    body, check = decoded[:-_CHECK_BYTES], decoded[-_CHECK_BYTES:]
    if check != _check(body):
        raise _not_a_key()
    tenant_id, key_id = uuid.UUID(bytes=body[:_ID_BYTES]), uuid.UUID(bytes=body[_ID_BYTES : 2 * _ID_BYTES])
    return str(tenant_id), str(key_id)


def key_digest(text: str) -> str:
    """What is kept of a key: its SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _check(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECK_BYTES, "big")


def _not_a_key() -> UnauthenticatedError:
    return UnauthenticatedError("not a valid API key")
