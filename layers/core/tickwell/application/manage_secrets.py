"""A tenant's secrets: give them values, list their names, delete them (X25)."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.application.ports import TenantSecrets
from tickwell.domain.account import Principal
from tickwell.domain.errors import ConflictError
from tickwell.domain.secret import MOST_SECRETS, SecretInfo, require_secret_name, require_secret_value


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageSecrets:
    """The use cases, one method each. None of them tells a value."""

    secrets: TenantSecrets

    def put(self, principal: Principal, name: str, value: str) -> SecretInfo:
        """Make it, or give it another value; that of before stays behind it for a day.

        Of several who make the last one that may be at once, more than one may. Raises InvalidInputError ("name",
        "value"), ConflictError when there are too many.
        """
        require_secret_name(name)
        require_secret_value(value)
        others = [info for info in self.secrets.list(principal.tenant_id) if info.name != name]
        if len(others) >= MOST_SECRETS:
            raise ConflictError(f"there are {MOST_SECRETS} secrets already, the most that a tenant may have")
        return self.secrets.put(principal.tenant_id, name, value)

    def all(self, principal: Principal) -> Sequence[SecretInfo]:
        """By name."""
        return self.secrets.list(principal.tenant_id)

    def delete(self, principal: Principal, name: str) -> None:
        """Jobs that refer to it fail from then on; a worker may know it for another minute. Raises NotFoundError."""
        self.secrets.delete(principal.tenant_id, name)
