"""How the keys of what concerns a tenant as a whole are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| stop of a tenant | ``T#{tenant}`` | ``S`` | workers, each five seconds and tenant at most | 1 write |
| stop of everybody | ``S#STOP`` | ``A`` | the same, for all tenants together | 1 write |
| who is stopped | ``S#STOP`` | ``T#{tenant}`` | the operator's list of stops | 1 write |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key

STOPS = "S#STOP"
"""The partition that lists who is stopped: everybody first."""

STOP_OF_ALL = Key(STOPS, "A")
"""Where the stop of everybody is."""


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
