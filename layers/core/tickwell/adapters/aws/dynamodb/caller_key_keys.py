"""How callers' keys of jobs are spelled as keys of the table; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| caller's key | ``T#{tenant}#Y#{shard}`` | ``Y#{key}`` | the job of a key | 1 write |
| key of a scope | the same item | in the index ``upcoming``: ``{scope}#{key}`` | a scope in order (16) | 1 write |

Neither a scope nor a key has ``#`` in it. No job lies in these partitions, so the two uses of the index never meet.
"""

from tickwell.adapters.aws.dynamodb.keys import LAST, SHARDS, Key, match_key, shard_of


def caller_key_partitions(tenant_id: str) -> list[str]:
    """All partitions with keys of a tenant."""
    return [_partition(tenant_id, shard) for shard in range(SHARDS)]


def caller_key_key(tenant_id: str, key: str) -> Key:
    """Where it is said which job has ``key``."""
    return Key(_partition(tenant_id, shard_of(key)), f"Y#{key}")


def parse_caller_key_key(key: Key) -> tuple[str, str]:
    """Tenant and caller's key. Raises UnknownKeyError."""
    tenant_id, _ = match_key(r"T#(.+)#Y#([0-9a-f])", key.pk)
    (caller_key,) = match_key(r"Y#(.+)", key.sk)
    return tenant_id, caller_key


def scope_sort(scope: str, key: str) -> str:
    """A key among those of its scope, in the index."""
    return f"{scope}#{key}"


def parse_scope_sort(sort: str) -> tuple[str, str]:
    """Scope and caller's key of a place in the index. Raises UnknownKeyError."""
    scope, key = match_key(r"([^#]+)#([^#]+)", sort)
    return scope, key


def scope_range(scope: str, after: str | None) -> tuple[str, str]:
    """Where the keys of a scope begin, or those behind the key ``after``, and where they end."""
    return scope_sort(scope, after or ""), scope_sort(scope, LAST)


def _partition(tenant_id: str, shard: int) -> str:
    return f"T#{tenant_id}#Y#{shard:x}"
