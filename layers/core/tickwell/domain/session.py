"""Sessions: which of a user's tokens still count (C3)."""

import hmac
from dataclasses import dataclass, replace
from datetime import datetime

MOST_REVOKED = 100
"""Tokens of one user that are remembered one by one; each read of the user carries them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bearer:
    """What a genuine token says: whose it is, and which one. Whether it still counts is for ``Sessions`` to say.

    ``generation`` is that of the user's sessions when it was issued; None where somebody else issued it.
    """

    tenant_id: str
    user_id: str
    token_id: str
    generation: int | None
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class VouchedFor:
    """What a genuine token of an OIDC issuer says: whose address has been verified, and which token it is."""

    email: str
    token_id: str
    issued_at: datetime
    expires_at: datetime

    def bearer_of(self, tenant_id: str, user_id: str) -> Bearer:
        """The token as one of that user."""
        return Bearer(
            tenant_id=tenant_id,
            user_id=user_id,
            token_id=self.token_id,
            generation=None,
            issued_at=self.issued_at,
            expires_at=self.expires_at,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class RevokedToken:
    """A token that ended before its time; remembered until it would have expired."""

    token_id: str
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Sessions:
    """Of a user's tokens only those of the present ``generation`` count, issued after ``since``, and not revoked.

    A generation, not an instant, ends all sessions: a login with the old password that is under way while the
    password changes gets a token of the old generation, whatever the clocks say.
    """

    generation: int = 0
    since: datetime | None = None
    revoked: tuple[RevokedToken, ...] = ()

    def admits(self, bearer: Bearer) -> bool:
        """Whether the token counts."""
        if bearer.generation is not None and bearer.generation != self.generation:
            return False
        if self.since is not None and bearer.issued_at <= self.since:
            return False
        return not any(_same(one.token_id, bearer.token_id) for one in self.revoked)

    def revoking(self, bearer: Bearer, now: datetime) -> "Sessions":
        """Without that token. Beyond ``MOST_REVOKED`` the oldest give way: what was issued up to them dies too."""
        if not self.admits(bearer):
            return self
        one = RevokedToken(token_id=bearer.token_id, issued_at=bearer.issued_at, expires_at=bearer.expires_at)
        living = sorted((r for r in (*self.revoked, one) if r.expires_at > now), key=lambda r: r.issued_at)
        given_up = living[:-MOST_REVOKED]
        since = given_up[-1].issued_at if given_up else self.since
        kept = tuple(r for r in living if since is None or r.issued_at > since)
        return replace(self, since=since, revoked=kept)

    def ended(self) -> "Sessions":
        """None of the tokens so far counts any more."""
        return replace(self, generation=self.generation + 1)


ALL_COUNT = Sessions()
"""Of a user who has never ended a session."""


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode(), other.encode())
