"""Tickets as texts for URLs: claims signed with the keys of bearer tokens, for an audience of their own."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import jwt

from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.signed_claims import claims_in, key_named_in, signed
from tickwell.domain.errors import UnauthenticatedError
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms
from tickwell.domain.session import Bearer
from tickwell.domain.ticket import Ticket

_AUDIENCE: Final = "tickwell-ticket"
_CLAIMS: Final = ("sub", "tenant", "path", "exp")
_LONGEST_TICKET: Final = 2048
_REFUSALS: Final = (jwt.PyJWTError, KeyError, OverflowError, RecursionError, TypeError, ValueError)


class JwtTickets:
    """Issues tickets with the first of ``keys``, and accepts those of all of them. Safe for threads."""

    def __init__(self, keys: KeyRing) -> None:
        self._keys = keys

    def issue(self, ticket: Ticket, *, now: datetime) -> str:
        """See the port."""
        stands_on = {"key": ticket.api_key_id} if ticket.session is None else {"ses": _session_claims(ticket.session)}
        claims = {
            "sub": ticket.user_id,
            "tenant": ticket.tenant_id,
            "path": ticket.path,
            "exp": to_epoch_ms(ticket.expires_at) // 1000,
            **stands_on,
        }
        return signed(claims, self._keys.signing(now), audience=_AUDIENCE)

    def verify(self, text: str, *, now: datetime) -> Ticket:
        """See the port."""
        if len(text) > _LONGEST_TICKET or not text.isascii():
            raise UnauthenticatedError("not a valid ticket")
        try:
            key = self._keys.find(key_named_in(text), now)
            if key is None:
                raise KeyError("kid")
            ticket = _ticket(claims_in(text, key, audience=_AUDIENCE, required=_CLAIMS))
        except _REFUSALS as error:
            raise UnauthenticatedError("not a valid ticket") from error
        if ticket.expires_at <= now:
            raise UnauthenticatedError("not a valid ticket")
        return ticket


def _session_claims(session: Bearer) -> dict[str, Any]:
    return {
        "jti": session.token_id,
        "gen": session.generation,
        "iat": to_epoch_ms(session.issued_at),
        "exp": to_epoch_ms(session.expires_at),
    }


def _ticket(claims: Mapping[str, Any]) -> Ticket:
    tenant_id, user_id, path = (claims[name] for name in ("tenant", "sub", "path"))
    session, api_key_id = claims.get("ses"), claims.get("key")
    if (session is None) == (api_key_id is None):
        raise ValueError("a ticket stands on one credential")
    named = [tenant_id, user_id, path, *([] if api_key_id is None else [api_key_id])]
    if not all(isinstance(text, str) and text for text in named) or type(claims["exp"]) is not int:
        raise TypeError("a ticket names whose it is and what it opens, and has an end")
    return Ticket(
        tenant_id=tenant_id,
        user_id=user_id,
        path=path,
        expires_at=from_epoch_ms(claims["exp"] * 1000),
        session=None if session is None else _session(tenant_id, user_id, session),
        api_key_id=api_key_id,
    )


def _session(tenant_id: str, user_id: str, claims: Mapping[str, Any]) -> Bearer:
    generation = claims["gen"]
    if type(generation) is not int and generation is not None:
        raise TypeError("a generation is a whole number; tokens of another issuer have none")
    if not isinstance(claims["jti"], str) or any(type(claims[name]) is not int for name in ("iat", "exp")):
        raise TypeError("a session has an id and two instants")
    return Bearer(
        tenant_id=tenant_id,
        user_id=user_id,
        token_id=claims["jti"],
        generation=generation,
        issued_at=from_epoch_ms(claims["iat"]),
        expires_at=from_epoch_ms(claims["exp"]),
    )
