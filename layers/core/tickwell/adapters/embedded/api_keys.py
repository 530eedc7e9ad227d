"""API keys in SQLite; see ``ApiKeyStore`` for what they promise."""

from collections.abc import Sequence
from datetime import datetime

from tickwell.adapters.api_key_documents import key_from, key_text
from tickwell.adapters.documents import epoch_ms
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.used_documents import UsedDocuments
from tickwell.domain.api_key import ApiKey
from tickwell.domain.instant import to_epoch_ms


class EmbeddedApiKeyStore:
    """The embedded ``ApiKeyStore``."""

    def __init__(self, database: Database) -> None:
        self._keys = UsedDocuments(database, table="api_keys", key="key_id", what="API key", read=key_from)

    def add(self, key: ApiKey) -> None:
        """See the port."""
        self._keys.add(key.tenant_id, key.key_id, epoch_ms(key.last_used_at), key_text(key), key)

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """See the port."""
        return self._keys.get(tenant_id, key_id)

    def list_keys(self, tenant_id: str) -> Sequence[ApiKey]:
        """See the port."""
        return self._keys.list_all(tenant_id)

    def delete(self, tenant_id: str, key_id: str) -> bool:
        """See the port."""
        return self._keys.delete(tenant_id, key_id)

    def mark_used(self, key: ApiKey, *, at: datetime) -> None:
        """See the port."""
        self._keys.mark_used(key.tenant_id, key.key_id, at_ms=to_epoch_ms(at), before_ms=epoch_ms(key.last_used_at))
