"""How the keys of quotas are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| quotas | ``T#{tenant}`` | ``QUOTA`` | what the operator decided for this tenant, get | 1 write |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key

_SORT = "QUOTA"


def quota_key(tenant_id: str) -> Key:
    """Where the quotas of a tenant are: in its own partition, which goes when the tenant is deleted."""
    return Key(f"T#{tenant_id}", _SORT)


def parse_quota_key(key: Key) -> str:
    """The tenant. Raises UnknownKeyError."""
    match_key(f"({_SORT})", key.sk)
    (tenant_id,) = match_key(r"T#(.+)", key.pk)
    return tenant_id
