"""How the keys of what concerns a tenant as a whole are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| webhooks | ``T#{tenant}`` | ``H`` | all endpoints of a tenant, get | 1 write per KB |
| stop of a tenant | ``T#{tenant}`` | ``S`` | workers, each five seconds and tenant at most | 1 write |
| stop of everybody | ``S#STOP`` | ``A`` | the same, for all tenants together | 1 write |
| who is stopped | ``S#STOP`` | ``T#{tenant}`` | the operator's list of stops | 1 write |
| secret | ``T#{tenant}`` | ``V#{name}`` | that there is one, and since when; its value is elsewhere | 2 writes |
| deletion | ``S#DEL`` | ``{tenant}`` | tenants that are being deleted | 1 write a look |
| audit record | ``T#{tenant}#A#{shard}`` | ``A#{record}`` | newest first (16 shards); vanishes by TTL | 1 write |
"""

from tickwell.adapters.aws.dynamodb.keys import SHARDS, Key, match_key, shard_of

STOPS = "S#STOP"
"""The partition that lists who is stopped: everybody first."""

DELETIONS = "S#DEL"
"""The partition of the tenants that are being deleted."""

STOP_OF_ALL = Key(STOPS, "A")
"""Where the stop of everybody is."""


def webhooks_key(tenant_id: str) -> Key:
    """Where a tenant's webhook endpoints are."""
    return Key(f"T#{tenant_id}", "H")


def parse_webhooks_key(key: Key) -> str:
    """The tenant of a key of webhook endpoints. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)", key.pk)
    match_key(r"(H)", key.sk)
    return tenant_id


def stop_key(tenant_id: str) -> Key:
    """Where the stop of a tenant is: in the tenant's own partition, so that many tenants do not share one."""
    return Key(f"T#{tenant_id}", "S")


def parse_stop_key(key: Key) -> str:
    """The tenant of a stop's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)", key.pk)
    match_key(r"(S)", key.sk)
    return tenant_id


def stopped_key(tenant_id: str) -> Key:
    """Where it is said that a tenant is stopped."""
    return Key(STOPS, f"T#{tenant_id}")


def parse_stopped_key(key: Key) -> str:
    """The tenant that is said to be stopped. Raises UnknownKeyError."""
    match_key(r"(S#STOP)", key.pk)
    (tenant_id,) = match_key(r"T#(.+)", key.sk)
    return tenant_id


def secret_key(tenant_id: str, name: str) -> Key:
    """Where it is said that a tenant has a secret of that name."""
    return Key(f"T#{tenant_id}", f"V#{name}")


def parse_secret_key(key: Key) -> tuple[str, str]:
    """Tenant and name of a secret's key. Raises UnknownKeyError."""
    (tenant_id,) = match_key(r"T#(.+)", key.pk)
    (name,) = match_key(r"V#(.+)", key.sk)
    return tenant_id, name


def audit_partitions(tenant_id: str) -> list[str]:
    """All partitions with the audit log of a tenant."""
    return [_audit_partition(tenant_id, shard) for shard in range(SHARDS)]


def audit_sort(record_id: str) -> str:
    """A record among those of its partition."""
    return f"A#{record_id}"


def parse_audit_sort(sort: str) -> str:
    """The record of a sort key. Raises UnknownKeyError."""
    (record_id,) = match_key(r"A#(.+)", sort)
    return record_id


def audit_key(tenant_id: str, record_id: str) -> Key:
    """Where an audit record is."""
    return Key(_audit_partition(tenant_id, shard_of(record_id)), audit_sort(record_id))


def parse_audit_key(key: Key) -> tuple[str, str]:
    """Tenant and record of an audit record's key. Raises UnknownKeyError."""
    tenant_id, _ = match_key(r"T#(.+)#A#([0-9a-f])", key.pk)
    return tenant_id, parse_audit_sort(key.sk)


def _audit_partition(tenant_id: str, shard: int) -> str:
    return f"T#{tenant_id}#A#{shard:x}"


def deletion_key(tenant_id: str) -> Key:
    """Where it is said that a tenant is being deleted."""
    return Key(DELETIONS, tenant_id)


def parse_deletion_key(key: Key) -> str:
    """The tenant that is being deleted. Raises UnknownKeyError."""
    match_key(r"(S#DEL)", key.pk)
    (tenant_id,) = match_key(r"(.+)", key.sk)
    return tenant_id
