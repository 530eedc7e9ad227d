"""Tokens that name their place: API keys, and the addresses of incoming webhooks.

A token is a prefix, then tenant, id, 24 secret bytes and a checksum in Base32, in lower case. Because it names its
place, one read finds what it opens; the checksum tells it from noise without a read.
"""

import base64
import binascii
import uuid
import zlib

SECRET_BYTES = 24
_ID_BYTES = 16
_CHECK_BYTES = 4
_DIGITS = (2 * _ID_BYTES + SECRET_BYTES + _CHECK_BYTES) * 8 // 5


def spell_token(prefix: str, tenant_id: str, identity: str, secret: bytes) -> str:
    """The token. Raises ValueError for ids that are no UUIDs, or a secret that is not 24 bytes."""
    if len(secret) != SECRET_BYTES:
        raise ValueError(f"the secret of a token has {SECRET_BYTES} bytes")
    body = uuid.UUID(tenant_id).bytes + uuid.UUID(identity).bytes + secret
    return prefix + base64.b32encode(body + _check(body)).decode().lower()


def parse_token(prefix: str, text: str) -> tuple[str, str] | None:
    """Tenant and id that ``text`` names; None for what is no token of this prefix."""
    if len(text) != len(prefix) + _DIGITS or not text.startswith(prefix) or not text.isascii() or text != text.lower():
        return None
    try:
        decoded = base64.b32decode(text.removeprefix(prefix).upper())
    except binascii.Error:
        return None
    body, check = decoded[:-_CHECK_BYTES], decoded[-_CHECK_BYTES:]
    if check != _check(body):
        return None
    tenant_id, identity = uuid.UUID(bytes=body[:_ID_BYTES]), uuid.UUID(bytes=body[_ID_BYTES : 2 * _ID_BYTES])
    return str(tenant_id), str(identity)


def _check(body: bytes) -> bytes:
    return zlib.crc32(body).to_bytes(_CHECK_BYTES, "big")
