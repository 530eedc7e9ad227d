"""Bearer tokens: JWT signed with HMAC-SHA-256, whose claims say who speaks and for which tenant.

The role is not among them: it is read with the user at each request, so that a change counts at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import jwt

from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.signed_claims import claims_in, key_named_in, signed
from tickwell.application.ports import Ids
from tickwell.domain.account import TOKEN_LIFE, User
from tickwell.domain.errors import UnauthenticatedError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.session import Bearer

_AUDIENCE = "tickwell-api"
_CLAIMS = ("sub", "tenant", "gen", "iat", "iat_ms", "exp", "jti")
_LONGEST_TOKEN = 2048
_MOST_KNOWN = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What a token says, whose signature was found to be that of ``key``."""

    key_id: str
    key: bytes
    claims: Mapping[str, Any]


class JwtTokens:
    """Issues tokens with the first of ``keys``, and accepts those of all of them while keys are exchanged.

    A signature is checked once: it does not change. Whether its key still counts, and the times, are looked at each
    time. Only tokens of ours are remembered, so that nobody else can fill the memory. Safe for threads.
    """

    def __init__(self, keys: KeyRing, ids: Ids) -> None:
        self._keys = keys
        self._ids = ids
        self._known: dict[str, _Known] = {}

    def issue(self, user: User, *, now: datetime) -> str:
        """A token that lives for ``TOKEN_LIFE`` from the whole second of ``now``."""
        issued_ms = to_epoch_ms(now)
        issued_epoch = issued_ms // 1000
        claims = {
            "sub": user.user_id,
            "tenant": user.tenant_id,
            "gen": user.sessions.generation,
            "iat": issued_epoch,
            "iat_ms": issued_ms,
            "exp": issued_epoch + int(TOKEN_LIFE.total_seconds()),
            "jti": self._ids.token(),
        }
        return signed(claims, self._keys.signing(now), audience=_AUDIENCE)

    def verify(self, token: str, *, now: datetime) -> Bearer:
        """Whose the token is at ``now``, to the second and without leeway.

        Raises UnauthenticatedError, whatever is wrong with it.
        """
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            raise UnauthenticatedError("not a valid token")
        try:
            claims = self._claims(token, now)
            return _bearer(claims, to_epoch_ms(now))
        except (jwt.PyJWTError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise UnauthenticatedError("not a valid token") from error

    def _claims(self, token: str, now: datetime) -> Mapping[str, Any]:
        known = self._known.get(token)
        key_id = key_named_in(token) if known is None else known.key_id
        key = self._keys.find(key_id, now)
        if key is None:
            raise KeyError("kid")
        if known is None or known.key != key:
            known = _Known(key_id=key_id, key=key, claims=claims_in(token, key, audience=_AUDIENCE, required=_CLAIMS))
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[token] = known
        return known.claims


def _bearer(claims: Mapping[str, Any], now_ms: int) -> Bearer:
    whole = tuple(claims[name] for name in ("iat", "iat_ms", "exp", "gen"))
    texts = tuple(claims[name] for name in ("tenant", "sub", "jti"))
    if any(type(number) is not int for number in whole):
        raise TypeError("times and generations are whole numbers")
    if not all(isinstance(text, str) and text for text in texts):
        raise TypeError("subject, tenant and id are texts")
    issued_epoch, issued_ms, expires_epoch, generation = whole
    if issued_ms // 1000 != issued_epoch or not issued_epoch * 1000 <= now_ms < expires_epoch * 1000:
        raise ValueError("not now")
    tenant_id, user_id, token_id = texts
    return Bearer(
        tenant_id=tenant_id,
        user_id=user_id,
        token_id=token_id,
        generation=generation,
        issued_at=from_epoch_ms(issued_ms),
        expires_at=from_epoch_ms(expires_epoch * 1000),
    )
