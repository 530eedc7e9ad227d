"""How often somebody may do something: counted in windows of fixed length."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.instant import from_epoch_ms, to_epoch_ms


@dataclass(frozen=True, kw_only=True, slots=True)
class RateKey:
    """What is counted apart from everything else.

    ``tenant_id``: None where nobody has signed in. ``who``: a user, an API key, a client's address. ``what``: a word.
    """

    tenant_id: str | None
    who: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """What a count says: ``remaining`` more until ``reset_at``; ``allowed`` tells about the one that was asked for."""

    limit: int
    remaining: int
    reset_at: datetime
    allowed: bool

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until the count begins anew, rounded up, at least 1."""
        return max(1, -((now - self.reset_at) // timedelta(seconds=1)))


def allowance(limit: int, used: int, end_ms: int, *, allowed: bool) -> Allowance:
    """What a store tells that has counted ``used`` in the window that ends at ``end_ms`` (epoch)."""
    return Allowance(limit=limit, remaining=max(0, limit - used), reset_at=from_epoch_ms(end_ms), allowed=allowed)


def window_end(now: datetime, per: timedelta) -> datetime:
    """When the window that ``now`` is in ends.

    Windows follow one another from the epoch on, so that nobody has to remember when one began. Around an end, twice
    the limit passes within one length.
    """
    length_ms = per // timedelta(milliseconds=1)
    return from_epoch_ms((to_epoch_ms(now) // length_ms + 1) * length_ms)
