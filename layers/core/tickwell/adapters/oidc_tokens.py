"""Tokens that an OIDC issuer has signed (RS256, ES256)."""

import hashlib
import math
from datetime import datetime
from typing import Any

import jwt

from tickwell.adapters.oidc_keys import OidcKeys
from tickwell.domain.account import require_email
from tickwell.domain.errors import InvalidInputError, UnauthenticatedError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.session import VouchedFor

_LONGEST_TOKEN = 8192
_LEEWAY_MS = 30_000
"""How far the issuer's clock may be ahead of ours."""
_REFUSALS = (jwt.PyJWTError, InvalidInputError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class OidcTokens:
    """The ``ForeignTokens`` of one ``issuer`` for one ``audience``."""

    def __init__(self, issuer: str, audience: str, keys: OidcKeys) -> None:
        self._issuer = issuer
        self._audience = audience
        self._keys = keys

    def claims_to_be(self, token: str) -> bool:
        """See the port."""
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            return False
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except _REFUSALS:
            return False
        return bool(claims.get("iss") == self._issuer)

    def verify(self, token: str, *, now: datetime) -> VouchedFor:
        """See the port."""
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise UnauthenticatedError("not a valid token")
        try:
            return self._vouched(self._claims(token, now), token, to_epoch_ms(now))
        except _REFUSALS as error:
            raise UnauthenticatedError("not a valid token") from error

    def _claims(self, token: str, now: datetime) -> dict[str, Any]:
        key_id = jwt.get_unverified_header(token)["kid"]
        key = self._keys.find(key_id, now) if isinstance(key_id, str) else None
        if key is None:
            raise KeyError("kid")
        # PyJWT would compare the times with its own clock; `_vouched` does it with the caller's.
        options: jwt.types.Options = {
            "require": ["iss", "iat", "exp"],
            "verify_aud": False,
            "verify_exp": False,
            "verify_iat": False,
            "verify_nbf": False,
        }
        return jwt.decode(token, key.key, algorithms=[key.algorithm], issuer=self._issuer, options=options)

    def _vouched(self, claims: dict[str, Any], token: str, now_ms: int) -> VouchedFor:
        if not self._is_for_us(claims) or claims.get("email_verified") is not True:
            raise ValueError("for somebody else, or nobody")
        email = claims["email"]
        if not isinstance(email, str):
            raise TypeError("an address is a text")
        issued_ms, expires_ms = _ms(claims["iat"]), _ms(claims["exp"])
        begins_ms = max(issued_ms, _ms(claims.get("nbf", claims["iat"])))
        if not begins_ms - _LEEWAY_MS <= now_ms < expires_ms:
            raise ValueError("not now")
        # What is signed, not the whole: some signatures can be written in several ways.
        token_id = hashlib.sha256(token.rpartition(".")[0].encode()).hexdigest()
        return VouchedFor(
            email=require_email("email", email),
            token_id=token_id,
            issued_at=from_epoch_ms(issued_ms),
            expires_at=from_epoch_ms(expires_ms),
        )

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        """By ``aud``; access tokens of Cognito have none, but a ``client_id``."""
        if "aud" not in claims:
            return claims.get("token_use") == "access" and claims.get("client_id") == self._audience
        audience = claims["aud"]
        return self._audience in audience if isinstance(audience, list) else bool(audience == self._audience)


def _ms(seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not math.isfinite(seconds):
        raise TypeError("times are numbers")
    return int(seconds * 1000)
