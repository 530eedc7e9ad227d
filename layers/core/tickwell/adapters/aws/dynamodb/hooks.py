"""Incoming webhooks in DynamoDB; see ``HookStore`` for what they promise."""

from collections.abc import Sequence
from datetime import datetime

from tickwell.adapters.aws.dynamodb.api_key_keys import hook_key, parse_hook_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.used_documents import UsedDocuments
from tickwell.adapters.documents import epoch_ms
from tickwell.adapters.hook_documents import hook_from, hook_text
from tickwell.domain.hook import Hook
from tickwell.domain.instant import to_epoch_ms


class DynamoHookStore:
    """The ``HookStore`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._hooks = UsedDocuments(
            table, kind="hook", what="hook", place=hook_key, parse=parse_hook_key, read=hook_from
        )

    def add(self, hook: Hook) -> None:
        """See the port."""
        place = hook_key(hook.tenant_id, hook.hook_id)
        self._hooks.add(place, epoch_ms(hook.last_used_at), hook_text(hook), hook, now_ms=to_epoch_ms(hook.created_at))

    def get(self, tenant_id: str, hook_id: str) -> Hook:
        """See the port."""
        return self._hooks.get(tenant_id, hook_id)

    def list_hooks(self, tenant_id: str) -> Sequence[Hook]:
        """See the port. 100 hooks have 2 MB at most: up to three queries."""
        return self._hooks.list_all(tenant_id)

    def delete(self, tenant_id: str, hook_id: str) -> bool:
        """See the port."""
        return self._hooks.delete(tenant_id, hook_id)

    def mark_used(self, hook: Hook, *, at: datetime) -> None:
        """See the port."""
        place = hook_key(hook.tenant_id, hook.hook_id)
        self._hooks.mark_used(place, at_ms=to_epoch_ms(at), before_ms=epoch_ms(hook.last_used_at))
