"""Who belongs to a tenant, and as what."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tickwell.application.ports import Clock, MemberStore
from tickwell.domain.account import Principal, Role, User
from tickwell.domain.errors import ConflictError, LastOwnerError, NotFoundError, UnauthenticatedError
from tickwell.domain.organization import Tenant, require_above, require_name, role_among

_TRIES = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageOrganization:
    """The use cases, one method each."""

    members: MemberStore
    clock: Clock

    def get(self, principal: Principal) -> Tenant:
        """Raises NotFoundError."""
        return self.members.tenant(principal.tenant_id)

    def rename(self, principal: Principal, name: str) -> Tenant:
        """Raises InvalidInputError (``name``), ConflictError."""
        wanted = require_name(name)
        for _ in range(_TRIES):
            read = self.members.tenant(principal.tenant_id)
            renamed = replace(read, name=wanted, version=read.version + 1)
            if read.name == wanted or self.members.replace_tenant(renamed):
                return renamed
        raise _busy()

    def all(self, principal: Principal) -> Sequence[User]:
        """The oldest first."""
        return self.members.members(principal.tenant_id)

    def change_role(self, principal: Principal, user_id: str, role: Role) -> User:
        """The member with ``role`` from the next request on.

        Raises NotFoundError, ForbiddenError where one of the roles is above the caller's, LastOwnerError, and
        UnauthenticatedError for a caller who is no member any more.
        """

        def write(user: User, tenant: Tenant) -> User | None:
            if user.role is role:
                return user
            edited = replace(user, role=role, version=user.version + 1, updated_at=self.clock.now())
            return edited if self.members.change_member(edited, tenant=tenant) else None

        return self._edit(principal, user_id, role, write)

    def remove(self, principal: Principal, user_id: str) -> User:
        """The member's tokens are dead at once; what the member made stays with the tenant. Raises as above."""

        def write(user: User, tenant: Tenant) -> User | None:
            return user if self.members.remove_member(user, tenant=tenant) else None

        return self._edit(principal, user_id, None, write)

    def _edit(
        self, principal: Principal, user_id: str, role: Role | None, write: Callable[[User, Tenant], User | None]
    ) -> User:
        """What ``write`` makes of the member, again while others come between: no two edits rest on the same owners.

        The caller's role counts as it is then: who is removed, or made less, a moment before changes nobody any more.
        """
        for _ in range(_TRIES):
            tenant = self.members.tenant(principal.tenant_id)
            everybody = self.members.members(principal.tenant_id)
            user = next((one for one in everybody if one.user_id == user_id), None)
            if user is None:
                raise NotFoundError("member", user_id)
            mine = role_among(everybody, principal.user_id)
            if mine is None:
                raise UnauthenticatedError("not a valid token")
            require_above(mine, Role.ADMIN, user.role, role or user.role)
            owners = [one for one in everybody if one.role is Role.OWNER]
            if owners == [user] and role is not Role.OWNER:
                raise LastOwnerError
            if (written := write(user, tenant)) is not None:
                return written
        raise _busy()


def _busy() -> ConflictError:
    return ConflictError("the organization is being changed by many at once; try again")
