"""Delete a tenant with all that it has (X26): its credentials at once, the rest in steps that survive any crash."""

import logging
from dataclasses import dataclass
from datetime import datetime

from tickwell.application.login_limits import LoginLimits
from tickwell.application.ports import AccountStore, BlobStore, Clock, Erasure, PasswordHasher, TenantSecrets
from tickwell.domain.account import Principal
from tickwell.domain.deletion import Deletion, begun
from tickwell.domain.errors import InvalidInputError, NotFoundError, UnauthenticatedError, UnavailableError

_log = logging.getLogger("tickwell")

_MOST_AT_ONCE = 100
_BLOBS = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class DeleteTenant:
    """The use case; see ``__call__``."""

    accounts: AccountStore
    hasher: PasswordHasher
    limits: LoginLimits
    erasure: Erasure
    clock: Clock

    def __call__(self, principal: Principal, *, password: str, client: str) -> Deletion:
        """Delete the tenant of ``principal``, who says so with the password.

        A wrong one counts as a failed login. Raises InvalidInputError("password"), RateLimitedError, and
        UnauthenticatedError for a user who is gone.
        """
        try:
            user = self.accounts.by_id(principal.tenant_id, principal.user_id)
        except NotFoundError as error:
            raise UnauthenticatedError("not a valid token") from error
        self.limits.admit(user.email, client)
        if not self.hasher.verify(user.password_hash, password):
            self.limits.note_failure(user.email, client)
            raise InvalidInputError("password", "must be the password of the user who is signed in")
        self.limits.admit(user.email, client)
        deletion = begun(principal.tenant_id, self.clock.now())
        self.erasure.condemn(deletion)
        return deletion


@dataclass(frozen=True, kw_only=True, slots=True)
class EraseTenants:
    """What the safety sync's process does for tenants that were deleted; see ``__call__``."""

    erasure: Erasure
    blobs: BlobStore
    tenant_secrets: TenantSecrets
    clock: Clock

    def __call__(self, *, deadline: datetime) -> int:
        """Go on with deletions until ``deadline``; how many tenants are gone for good now.

        May run beside itself. A tenant at which the store fails does not keep the others from their turn.
        """
        gone = 0
        for deletion in self.erasure.condemned(limit=_MOST_AT_ONCE):
            if self.clock.now() >= deadline:
                break
            try:
                gone += self._go_on(deletion, deadline)
            except UnavailableError:
                extra = {"action": "tenant.unerased", "tenant_id": deletion.tenant_id}
                _log.exception("a deletion goes on with the next run", extra=extra)
        return gone

    def _go_on(self, deletion: Deletion, deadline: datetime) -> bool:
        now = self.clock.now()
        if now < deletion.look_at:
            return False
        self.erasure.condemn(deletion)  # a crash, or somebody who joined meanwhile, may have left a credential
        self.tenant_secrets.erase(deletion.tenant_id)  # before the store, which may know their names
        erased = self.erasure.erase(deletion.tenant_id, now=now, has_time=lambda: self.clock.now() < deadline)
        if not (erased and self._erase_blobs(deletion.tenant_id, deadline)):
            return False
        if not deletion.is_over(now):
            self.erasure.postpone(deletion.later(now))
            return False
        self.erasure.forget(deletion.tenant_id)
        _log.info("a tenant is gone", extra={"action": "tenant.erased", "tenant_id": deletion.tenant_id})
        return True

    def _erase_blobs(self, tenant_id: str, deadline: datetime) -> bool:
        """Delete payloads, outputs, mail, files and archive; whether none are left."""
        folder = f"tenants/{tenant_id}/"
        while names := self.blobs.list(folder, after="", limit=_BLOBS):
            self.blobs.delete_many(names)
            if self.clock.now() >= deadline:
                return False
        return True
