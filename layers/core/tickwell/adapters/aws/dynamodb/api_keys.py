"""API keys in DynamoDB; see ``ApiKeyStore`` for what they promise."""

from collections.abc import Sequence
from datetime import datetime

from tickwell.adapters.api_key_documents import key_from, key_text
from tickwell.adapters.aws.dynamodb.api_key_keys import api_key_key, parse_api_key_key
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.used_documents import UsedDocuments
from tickwell.adapters.documents import epoch_ms
from tickwell.domain.api_key import ApiKey
from tickwell.domain.instant import to_epoch_ms


class DynamoApiKeyStore:
    """The ``ApiKeyStore`` of the ``aws`` engine."""

    def __init__(self, table: Table) -> None:
        self._keys = UsedDocuments(
            table, kind="api_key", what="API key", place=api_key_key, parse=parse_api_key_key, read=key_from
        )

    def add(self, key: ApiKey) -> None:
        """See the port."""
        place = api_key_key(key.tenant_id, key.key_id)
        self._keys.add(place, epoch_ms(key.last_used_at), key_text(key), key, now_ms=to_epoch_ms(key.created_at))

    def get(self, tenant_id: str, key_id: str) -> ApiKey:
        """See the port."""
        return self._keys.get(tenant_id, key_id)

    def list_keys(self, tenant_id: str) -> Sequence[ApiKey]:
        """See the port. 100 keys have about 40 KB: one query."""
        return self._keys.list_all(tenant_id)

    def delete(self, tenant_id: str, key_id: str) -> bool:
        """See the port."""
        return self._keys.delete(tenant_id, key_id)

    def mark_used(self, key: ApiKey, *, at: datetime) -> None:
        """See the port."""
        place = api_key_key(key.tenant_id, key.key_id)
        self._keys.mark_used(place, at_ms=to_epoch_ms(at), before_ms=epoch_ms(key.last_used_at))
