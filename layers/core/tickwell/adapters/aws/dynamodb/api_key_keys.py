"""How the keys of API keys' items are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| API key | ``T#{tenant}#K`` | ``K#{key id}`` | get at each request; one query | 1 write, 1 an hour used |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key


def api_key_partition(tenant_id: str) -> str:
    """All API keys of a tenant."""
    return f"T#{tenant_id}#K"


def api_key_sort(key_id: str) -> str:
    """An API key among those of its tenant: ids sort by creation."""
    return f"K#{key_id}"


def api_key_key(tenant_id: str, key_id: str) -> Key:
    """Where an API key is."""
    return Key(api_key_partition(tenant_id), api_key_sort(key_id))


def parse_api_key_key(key: Key) -> tuple[str, str]:
    """Tenant and id of an API key's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)#K", key.pk)
    (key_id,) = match_key(r"K#(.+)", key.sk)
    return tenant_id, key_id
