"""A tenant as its members see it: its name, who belongs to it, who is invited."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tickwell.domain.account import Role, User
from tickwell.domain.errors import ForbiddenError, InvalidInputError

MOST_INVITATIONS = 100
LONGEST_NAME = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenant:
    """``version`` counts the edits, those of who belongs to it included: two of them never overlap."""

    tenant_id: str
    name: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Invitation:
    """Somebody may join the tenant. ``digest``: of the newest token that was sent; None while none was."""

    tenant_id: str
    invitation_id: str
    email: str
    role: Role
    invited_by: str
    created_at: datetime
    expires_at: datetime
    digest: str | None = None

    def is_backed_by(self, members: Iterable[User]) -> bool:
        """Whether who sent it could still send it: nobody leaves an invitation behind as a way back in."""
        inviter = role_among(members, self.invited_by)
        return inviter is not None and inviter.includes(Role.ADMIN) and inviter.includes(self.role)


def require_name(name: str) -> str:
    """``name`` on one line, if it can be a tenant's; raises InvalidInputError."""
    trimmed = " ".join(name.split())
    if not 1 <= len(trimmed) <= LONGEST_NAME or not trimmed.isprintable():
        raise InvalidInputError("name", f"must have 1 to {LONGEST_NAME} printable characters")
    return trimmed


def role_among(members: Iterable[User], user_id: str) -> Role | None:
    """The role of that user; None for who is not among ``members``."""
    return next((member.role for member in members if member.user_id == user_id), None)


def require_above(mine: Role, *others: Role) -> None:
    """Admins manage members, never owners: raises ForbiddenError where one of ``others`` is above ``mine``."""
    for other in others:
        if not mine.includes(other):
            raise ForbiddenError(f"this takes the role {other.at_least}; yours is {mine.value}")
