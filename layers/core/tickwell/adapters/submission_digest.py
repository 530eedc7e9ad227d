"""What both engines keep in the place of a caller's ``Idempotency-Key``."""

import hashlib


def key_digest(key: str) -> str:
    """64 hexadecimal digits."""
    return hashlib.sha256(key.encode()).hexdigest()
