"""The port of counts: how often somebody has done something lately."""

from datetime import timedelta
from typing import Protocol

from tickwell.domain.rate import Allowance, RateKey


class RateLimiter(Protocol):
    """Counts in windows (see ``window_end``). A count may be lost with its store: only limits may hang on it."""

    def hit(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """Count one if fewer than ``limit`` (1 or more) were counted in the window of length ``per``.

        What is refused is not counted. Of calls at the same time at most ``limit`` are allowed.
        Raises UnavailableError.
        """
        ...

    def look(self, key: RateKey, *, limit: int, per: timedelta) -> Allowance:
        """What ``hit`` would say, without counting. Raises UnavailableError."""
        ...
