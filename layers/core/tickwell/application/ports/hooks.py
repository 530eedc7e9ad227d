"""The port of incoming webhooks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tickwell.domain.hook import Hook


class HookStore(Protocol):
    """Keeps the hooks of tenants."""

    def add(self, hook: Hook) -> None:
        """Raises ConflictError when its id is taken by another one; the same one again is fine."""
        ...

    def get(self, tenant_id: str, hook_id: str) -> Hook:
        """Consistent: one that was deleted is gone at once. Raises NotFoundError."""
        ...

    def list_hooks(self, tenant_id: str) -> Sequence[Hook]:
        """All of the tenant, oldest first."""
        ...

    def delete(self, tenant_id: str, hook_id: str) -> bool:
        """Whether there was one."""
        ...

    def mark_used(self, hook: Hook, *, at: datetime) -> None:
        """Note its use, unless somebody else did since ``hook`` was read, or it is gone."""
        ...
