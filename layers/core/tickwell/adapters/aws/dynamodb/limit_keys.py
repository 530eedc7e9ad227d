"""How the keys of counts are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| count | ``T#{tenant}#L#{who}`` | ``L#{what}#{end}`` | how often in this window; vanishes by TTL | 1 write a request |
| count of an address | ``L#{address}`` | as a count | the same for who has not signed in | 1 write a request |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key
from tickwell.domain.rate import RateKey


def count_key(key: RateKey, end_ms: int) -> Key:
    """Where the count of a window is that ends at ``end_ms`` (epoch)."""
    pk = f"L#{key.who}" if key.tenant_id is None else f"T#{key.tenant_id}#L#{key.who}"
    return Key(pk, f"L#{key.what}#{end_ms:013d}")


def parse_count_key(key: Key) -> tuple[RateKey, int]:
    """What is counted, and the end of the window. Raises UnknownKeyError."""
    tenant_id, who = match_key(r"(?:T#([^#]+)#)?L#(.+)", key.pk)
    what, end_ms = match_key(r"L#(.+)#(\d{13})", key.sk)
    return RateKey(tenant_id=tenant_id, who=who, what=what), int(end_ms)
