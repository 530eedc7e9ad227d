"""Tenants, users and the rules for their credentials."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.one_time import PendingReset
from tickwell.domain.session import ALL_COUNT, Bearer, Sessions

TOKEN_LIFE = timedelta(hours=24)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = re.compile(
    rf"(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*"  # RFC 5322's dot-atom: no dot at an end, no two in a row
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}"
)
_LONGEST_EMAIL = 254
LONGEST_PASSWORD = 1024


class Role(StrEnum):
    """What a member may do in a tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"

    def includes(self, other: "Role") -> bool:
        """Whether whoever has this role may do all that ``other`` may do."""
        return _RANKS[self] >= _RANKS[other]

    @property
    def at_least(self) -> str:
        """The role itself and those above it, in words; above an owner is nobody."""
        return self.value if self is Role.OWNER else f"{self.value} or above"


_RANKS = {Role.VIEWER: 0, Role.MEMBER: 1, Role.ADMIN: 2, Role.OWNER: 3}


class Scope(StrEnum):
    """What an API key may be used for, within its role."""

    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"
    QUEUES_READ = "queues:read"
    QUEUES_WRITE = "queues:write"
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    SECRETS_READ = "secrets:read"
    SECRETS_WRITE = "secrets:write"
    TENANT_READ = "tenant:read"


@dataclass(frozen=True, kw_only=True, slots=True)
class User:
    """A member of a tenant. ``email`` is kept as it was given and compared by ``email_key``.

    ``version`` counts the edits; ``sessions`` says which tokens count, ``resets`` which mails let a new
    password be set.
    """

    tenant_id: str
    user_id: str
    email: str
    password_hash: str
    role: Role
    created_at: datetime
    updated_at: datetime
    version: int = 1
    sessions: Sessions = ALL_COUNT
    resets: tuple[PendingReset, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who makes a request: it comes from the credential, never from the request itself.

    ``scopes`` are those of the API key ``api_key_id``; both are None for a person who has signed in, who may do all
    that the role allows. Behind a key, ``user_id`` is whoever created it.
    ``session`` is the token of a person; None with an API key.
    """

    tenant_id: str
    user_id: str
    role: Role
    scopes: frozenset[Scope] | None = None
    session: Bearer | None = None
    api_key_id: str | None = None

    @property
    def counted_as(self) -> str:
        """Whose requests are counted together, and whose ``Idempotency-Key`` values are apart from all others.

        Each API key is one of its own, apart from its creator.
        """
        return self.api_key_id or self.user_id


def email_key(email: str) -> str:
    """What addresses are compared by: without regard to case."""
    return email.strip().lower()


def require_email(field: str, email: str) -> str:
    """``email`` without surrounding blanks, if it is an address; raises InvalidInputError naming ``field``."""
    trimmed = email.strip()
    if len(trimmed) > _LONGEST_EMAIL or not _EMAIL.fullmatch(trimmed):
        raise InvalidInputError(field, "must be an e-mail address such as ada@example.com")
    return trimmed


def require_strong_password(password: str, field: str = "password") -> str:
    """``password`` if it follows the rules of C1; raises InvalidInputError, which never repeats the password."""
    rules = (
        (len(password) >= 8, "must have at least 8 characters"),
        (len(password) <= LONGEST_PASSWORD, f"must have at most {LONGEST_PASSWORD} characters"),
        (any(c.isupper() for c in password), "must have an upper-case letter"),
        (any(c.islower() for c in password), "must have a lower-case letter"),
        (any(c.isdigit() for c in password), "must have a digit"),
    )
    for holds, reason in rules:
        if not holds:
            raise InvalidInputError(field, reason)
    return password
