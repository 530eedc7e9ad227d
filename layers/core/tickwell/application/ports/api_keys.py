"""The port of API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tickwell.domain.api_key import ApiKey


class ApiKeyStore(Protocol):
    """API keys of tenants. All reads are consistent: a deleted key is dead at once."""

    def add(self, key: ApiKey) -> None:
        """Write a new key. Writing the same again is harmless; raises ConflictError for another one of its id."""
        ...

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """The key, expired or not. Raises NotFoundError."""
        ...

    def list_keys(self, tenant_id: str) -> Sequence[ApiKey]:
        """All of the tenant, oldest first."""
        ...

    def delete(self, tenant_id: str, key_id: str) -> bool:
        """Delete it for good; False when there is none."""
        ...

    def mark_used(self, key: ApiKey, *, at: datetime) -> None:
        """Set ``last_used_at`` of the key as it was read. Nothing happens when it is gone or somebody else did it."""
        ...
