"""Stand-ins for time and chance. Everything else in tests is the real thing."""

import random
import threading
from datetime import UTC, datetime, timedelta

from tickwell.adapters.system import SystemIds
from tickwell.application.ports import Clock
from tickwell.domain.instant import instant

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class FakeClock:
    """A clock that stands still until it is moved; may be read and moved by several threads."""

    def __init__(self, now: datetime = NOON) -> None:
        self._now = instant(now)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The instant it was moved to last."""
        with self._lock:
            return self._now

    def advance(self, by: timedelta | float) -> datetime:
        """Move on by a timedelta or by seconds; the new now."""
        step = by if isinstance(by, timedelta) else timedelta(seconds=by)
        with self._lock:
            self._now = instant(self._now + step)
            return self._now

    def set(self, now: datetime) -> None:
        """Move to ``now``, backwards too."""
        with self._lock:
            self._now = instant(now)


class SeededIds(SystemIds):
    """The real id source with repeatable randomness: the same seed and clock give the same ids."""

    def __init__(self, clock: Clock | None = None, seed: int = 0) -> None:
        super().__init__(clock or FakeClock(), random.Random(seed).getrandbits)
