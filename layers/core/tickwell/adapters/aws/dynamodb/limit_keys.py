"""How the keys of counts and of requests that may be sent again are spelled; see ``keys`` for the rest.

| entity | pk | sk | serves | cost |
|---|---|---|---|---|
| count | ``T#{tenant}#L#{who}`` | ``L#{what}#{end}`` | how often in this window; vanishes by TTL | 1 write a request |
| count of an address | ``L#{address}`` | as a count | the same for who has not signed in | 1 write a request |
| submission | ``T#{tenant}#I#{who}`` | ``I#{digest}`` | answers to ``Idempotency-Key`` | 1 write, 1 per KB to finish |
"""

from tickwell.adapters.aws.dynamodb.keys import Key, match_key
from tickwell.adapters.submission_digest import key_digest
from tickwell.domain.rate import RateKey
from tickwell.domain.submission import SubmissionKey


def count_key(key: RateKey, end_ms: int) -> Key:
    """Where the count of a window is that ends at ``end_ms`` (epoch)."""
    pk = f"L#{key.who}" if key.tenant_id is None else f"T#{key.tenant_id}#L#{key.who}"
    return Key(pk, f"L#{key.what}#{end_ms:013d}")


def parse_count_key(key: Key) -> tuple[RateKey, int]:
    """What is counted, and the end of the window. Raises UnknownKeyError."""
    tenant_id, who = match_key(r"(?:T#([^#]+)#)?L#(.+)", key.pk)
    what, end_ms = match_key(r"L#(.+)#(\d{13})", key.sk)
    return RateKey(tenant_id=tenant_id, who=who, what=what), int(end_ms)


def submission_key(key: SubmissionKey) -> Key:
    """Where a request is remembered. The caller's key is hashed: it is of any form, and may tell something."""
    return Key(f"T#{key.tenant_id}#I#{key.who}", f"I#{key_digest(key.key)}")


def parse_submission_key(key: Key) -> tuple[str, str, str]:
    """Tenant, who, and the digest of the caller's key. Raises UnknownKeyError."""
    tenant_id, who = match_key(r"T#([^#]+)#I#(.+)", key.pk)
    (digest,) = match_key(r"I#([0-9a-f]{64})", key.sk)
    return tenant_id, who, digest
