"""How the keys of what opens the API are spelled, API keys and hooks; see ``keys`` for the rest.

They share a partition, which is emptied at once when their tenant is deleted.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| API key | ``T#{tenant}#K`` | ``K#{key id}`` | get at each request; one query | 1 write, 1 an hour used |
| hook | ``T#{tenant}#K`` | ``H#{hook id}`` | get at each message; one query | 1 write, 1 an hour used |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key


def api_key_partition(tenant_id: str) -> str:
    """All API keys and hooks of a tenant."""
    return f"T#{tenant_id}#K"


def api_key_key(tenant_id: str, key_id: str) -> Key:
    """Where an API key is: ids sort by creation."""
    return Key(api_key_partition(tenant_id), f"K#{key_id}")


def parse_api_key_key(key: Key) -> tuple[str, str]:
    """Tenant and id of an API key's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)#K", key.pk)
    (key_id,) = match_key(r"K#(.+)", key.sk)
    return tenant_id, key_id


def hook_key(tenant_id: str, hook_id: str) -> Key:
    """Where a hook is: ids sort by creation."""
    return Key(api_key_partition(tenant_id), f"H#{hook_id}")


def parse_hook_key(key: Key) -> tuple[str, str]:
    """Tenant and id of a hook's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)#K", key.pk)
    (hook_id,) = match_key(r"H#(.+)", key.sk)
    return tenant_id, hook_id
