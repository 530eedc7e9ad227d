"""The port of tenants' secrets."""

from collections.abc import Sequence
from typing import Protocol

from tickwell.domain.secret import SecretInfo


class SecretNames(Protocol):
    """Which secrets tenants have."""

    def list(self, tenant_id: str) -> Sequence[SecretInfo]:
        """All of the tenant by name; where a change failed half-way, also one that has no value yet."""
        ...


class TenantSecrets(SecretNames, Protocol):
    """Secrets that tenants keep here for their tasks. No method but ``versions`` tells a value."""

    def put(self, tenant_id: str, name: str, value: str) -> SecretInfo:
        """Make it, or give it another value; that of before stays behind it for ``OLD_SECRET_LIFE``.

        The same value once more is a change like any other. Of two who write at once the last one stays.
        """
        ...

    def versions(self, tenant_id: str, name: str) -> Sequence[str]:
        """The value, and behind it that of before as long as it is kept. Raises NotFoundError."""
        ...

    def delete(self, tenant_id: str, name: str) -> None:
        """It is gone, with the value of before. Raises NotFoundError."""
        ...

    def erase(self, tenant_id: str) -> None:
        """Delete all that the tenant has."""
        ...
