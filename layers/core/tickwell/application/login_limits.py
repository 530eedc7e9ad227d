"""How often somebody may try passwords: per account and per client address."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from tickwell.application.ports import Clock, RateLimiter
from tickwell.domain.account import email_key
from tickwell.domain.errors import RateLimitedError
from tickwell.domain.rate import RateKey

FAILURES_PER_ACCOUNT: Final = 10
FAILURES_PER_CLIENT: Final = 100
WINDOW: Final = timedelta(minutes=15)


@dataclass(frozen=True, kw_only=True, slots=True)
class LoginLimits:
    """Counts failures only, of addresses without an account too: the answer tells nothing about them.

    Guesses at the same time may all be looked at, but ``admit`` is asked again before a right one is told: no more
    than the limit are answered.
    """

    limiter: RateLimiter
    clock: Clock

    def admit(self, email: str, client: str) -> None:
        """Raises RateLimitedError while there were too many failures, whatever the password."""
        for key, limit in _counts(email, client):
            if not (allowance := self.limiter.look(key, limit=limit, per=WINDOW)).allowed:
                raise _refusal(allowance.seconds_left(self.clock.now()))

    def note_failure(self, email: str, client: str) -> None:
        """Raises RateLimitedError for one beyond the limit, about which nothing may be told any more."""
        for key, limit in _counts(email, client):
            if not (allowance := self.limiter.hit(key, limit=limit, per=WINDOW)).allowed:
                raise _refusal(allowance.seconds_left(self.clock.now()))


def _counts(email: str, client: str) -> tuple[tuple[RateKey, int], ...]:
    # Of any length, and an address is nobody's business: the count has its digest.
    account = hashlib.sha256(email_key(email).encode("utf-8", "surrogatepass")).hexdigest()
    return (
        (RateKey(tenant_id=None, who=account, what="login-account"), FAILURES_PER_ACCOUNT),
        (RateKey(tenant_id=None, who=client, what="login-client"), FAILURES_PER_CLIENT),
    )


def _refusal(seconds: int) -> RateLimitedError:
    return RateLimitedError(f"too many failed attempts; try again in {seconds} s", retry_after_seconds=seconds)
