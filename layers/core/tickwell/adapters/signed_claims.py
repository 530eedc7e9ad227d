"""Claims that the deployment signs for itself (JWT with HMAC-SHA-256), each kind for an audience of its own."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import jwt

from tickwell.adapters.key_ring import SigningKey

ISSUER: Final = "tickwell"
_ALGORITHM: Final = "HS256"


def signed(claims: Mapping[str, Any], signing: SigningKey, *, audience: str) -> str:
    """``claims`` as a text that names its key."""
    whole = {"iss": ISSUER, "aud": audience, **claims}
    return jwt.encode(whole, signing.key, algorithm=_ALGORITHM, headers={"kid": signing.key_id})


def key_named_in(token: str) -> Any:
    """The id of the key that ``token`` claims to be signed with. Raises PyJWTError, KeyError."""
    return jwt.get_unverified_header(token)["kid"]


def claims_in(token: str, key: bytes, *, audience: str, required: Sequence[str]) -> dict[str, Any]:
    """What ``token`` says if it was signed with ``key`` for ``audience``; raises PyJWTError if not."""
    # PyJWT would compare the times with its own clock; whoever calls does it with the caller's.
    options: jwt.types.Options = {
        "require": ["iss", "aud", *required],
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
    }
    return jwt.decode(token, key, algorithms=[_ALGORITHM], audience=audience, issuer=ISSUER, options=options)
