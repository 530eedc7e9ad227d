"""The port of organizations: a tenant, its members, its invitations."""

from collections.abc import Sequence
from typing import Protocol

from tickwell.domain.account import User
from tickwell.domain.organization import Invitation, Tenant


class MemberStore(Protocol):
    """Who belongs to a tenant. Invitations that have expired are not there."""

    def tenant(self, tenant_id: str) -> Tenant:
        """Consistent. Raises NotFoundError."""
        ...

    def replace_tenant(self, tenant: Tenant) -> bool:
        """Write an edit; its version is one higher. False when somebody else's came between."""
        ...

    def members(self, tenant_id: str) -> Sequence[User]:
        """All, by id: the oldest first. Consistent."""
        ...

    def change_member(self, user: User, *, tenant: Tenant) -> bool:
        """Write an edit of ``user`` and count it as one of ``tenant`` too, both or neither.

        ``user`` has the next version, ``tenant`` is as it was read. False when either has changed.
        """
        ...

    def remove_member(self, user: User, *, tenant: Tenant) -> bool:
        """Delete a user, whose address is free again; ``user`` and ``tenant`` as they were read. False as above."""
        ...

    def invite(self, invitation: Invitation) -> None:
        """Write a new one. Writing it again is harmless."""
        ...

    def invitation(self, tenant_id: str, invitation_id: str) -> Invitation:
        """Consistent. Raises NotFoundError."""
        ...

    def invitations(self, tenant_id: str) -> Sequence[Invitation]:
        """All, oldest first. Consistent."""
        ...

    def note_sent(self, invitation: Invitation, *, digest: str) -> bool:
        """Keep the digest of the token that is being sent; False when the invitation is gone."""
        ...

    def withdraw(self, tenant_id: str, invitation_id: str) -> None:
        """Unknown ones are ignored."""
        ...

    def join(self, user: User, *, invitation: Invitation, tenant: Tenant) -> bool:
        """Write a new user of the tenant, use the invitation up, and count an edit of the tenant: all or nothing.

        False when the invitation or the tenant is gone or is not as it was read. Raises EmailTakenError.
        """
        ...
