"""API keys in SQLite; see ``ApiKeyStore`` for what they promise."""

from collections.abc import Sequence
from datetime import datetime

from tickwell.adapters.api_key_documents import key_from, key_text
from tickwell.adapters.documents import epoch_ms
from tickwell.adapters.embedded.database import Database, bindable
from tickwell.domain.api_key import ApiKey
from tickwell.domain.errors import ConflictError, NotFoundError
from tickwell.domain.instant import to_epoch_ms

_GET = "SELECT used_ms, document FROM api_keys WHERE tenant_id = ? AND key_id = ?"
_LIST = "SELECT key_id, used_ms, document FROM api_keys WHERE tenant_id = ? ORDER BY key_id"
_ADD = "INSERT INTO api_keys (tenant_id, key_id, used_ms, document) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING"
_DELETE = "DELETE FROM api_keys WHERE tenant_id = ? AND key_id = ?"
_MARK_USED = "UPDATE api_keys SET used_ms = ? WHERE tenant_id = ? AND key_id = ? AND used_ms IS ?"


class EmbeddedApiKeyStore:
    """The embedded ``ApiKeyStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, key: ApiKey) -> None:
        """See the port."""
        values = (key.tenant_id, key.key_id, epoch_ms(key.last_used_at), key_text(key))
        with self._database.transaction() as cursor:
            if cursor.execute(_ADD, values).rowcount:
                return
            row = cursor.execute(_GET, (key.tenant_id, key.key_id)).fetchone()
            if key_from(key.tenant_id, key.key_id, *row) != key:
                raise ConflictError(f"the API key {key.key_id} exists")

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """See the port."""
        with self._database.read() as cursor:
            row = cursor.execute(_GET, (bindable(tenant_id), bindable(key_id))).fetchone()
        if row is None:
            raise NotFoundError("API key", key_id)
        return key_from(tenant_id, key_id, *row)

    def list_keys(self, tenant_id: str) -> Sequence[ApiKey]:
        """See the port."""
        with self._database.read() as cursor:
            rows = cursor.execute(_LIST, (bindable(tenant_id),)).fetchall()
        return [key_from(tenant_id, key_id, used_ms, document) for key_id, used_ms, document in rows]

    def delete(self, tenant_id: str, key_id: str) -> bool:
        """See the port."""
        with self._database.transaction() as cursor:
            return cursor.execute(_DELETE, (bindable(tenant_id), bindable(key_id))).rowcount == 1

    def mark_used(self, key: ApiKey, *, at: datetime) -> None:
        """See the port."""
        values = (to_epoch_ms(at), key.tenant_id, key.key_id, epoch_ms(key.last_used_at))
        with self._database.transaction() as cursor:
            cursor.execute(_MARK_USED, values)
