"""Incoming webhooks in SQLite; see ``HookStore`` for what they promise."""

from collections.abc import Sequence
from datetime import datetime

from tickwell.adapters.documents import epoch_ms
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.used_documents import UsedDocuments
from tickwell.adapters.hook_documents import hook_from, hook_text
from tickwell.domain.hook import Hook
from tickwell.domain.instant import to_epoch_ms


class EmbeddedHookStore:
    """The embedded ``HookStore``."""

    def __init__(self, database: Database) -> None:
        self._hooks = UsedDocuments(database, table="hooks", key="hook_id", what="hook", read=hook_from)

    def add(self, hook: Hook) -> None:
        """See the port."""
        self._hooks.add(hook.tenant_id, hook.hook_id, epoch_ms(hook.last_used_at), hook_text(hook), hook)

    def get(self, tenant_id: str, hook_id: str) -> Hook:
        """See the port."""
        return self._hooks.get(tenant_id, hook_id)

    def list_hooks(self, tenant_id: str) -> Sequence[Hook]:
        """See the port."""
        return self._hooks.list_all(tenant_id)

    def delete(self, tenant_id: str, hook_id: str) -> bool:
        """See the port."""
        return self._hooks.delete(tenant_id, hook_id)

    def mark_used(self, hook: Hook, *, at: datetime) -> None:
        """See the port."""
        self._hooks.mark_used(
            hook.tenant_id, hook.hook_id, at_ms=to_epoch_ms(at), before_ms=epoch_ms(hook.last_used_at)
        )
