"""The periodic work of a server, done at those of its intervals only at which it would find something."""

import math
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from tickwell.adapters.embedded.agenda import Outlook
from tickwell.domain.due import SWEEP_MARGIN, SYNC_GRACE
from tickwell.local.background import Ticks
from tickwell.settings.local import LocalSettings

_MILLISECOND: Final = timedelta(milliseconds=1)
_ERASURE_MS: Final = 60_000
_EXPIRY_MS: Final = 3_600_000
"""What has expired is deleted each hour instead of each minute: nobody sees the difference, because reads filter."""


class Round:
    """Calls ``tick`` at the start, and at full intervals after it, of which ``wanted`` says the first with a point."""

    def __init__(
        self, tick: Callable[[], bool], wanted: Callable[[Outlook], float], *, start_ms: int, interval_ms: int
    ) -> None:
        self._tick = tick
        self._wanted = wanted
        self._start_ms = start_ms
        self._interval_ms = interval_ms
        self._next_ms = start_ms

    def at_ms(self, outlook: Outlook) -> float:
        """When to call next, as things stand; infinity: never."""
        wanted_ms = self._wanted(outlook)
        if self._next_ms == self._start_ms:
            return self._start_ms
        if wanted_ms == math.inf or wanted_ms <= self._next_ms:
            return max(wanted_ms, self._next_ms)
        return self._start_ms - (self._start_ms - int(wanted_ms)) // self._interval_ms * self._interval_ms

    def begin(self, outlook: Outlook, now_ms: int) -> bool:
        """Call if it is time; whether it was. A tick that found more than it could do is repeated at once."""
        if self.at_ms(outlook) > now_ms:
            return False
        self._next_ms = self._start_ms + ((now_ms - self._start_ms) // self._interval_ms + 1) * self._interval_ms
        while self._tick():
            """More than one tick takes."""
        return True


def rounds(ticks: Ticks, settings: LocalSettings, *, start_ms: int) -> Sequence[Round]:
    """The safety sync, the erasure of deleted tenants, and the deletion of what has expired."""
    ahead_ms = (settings.direct_horizon - SWEEP_MARGIN) // _MILLISECOND
    grace_ms = SYNC_GRACE // _MILLISECOND

    def sync_wanted(outlook: Outlook) -> float:
        return min(outlook.swept - ahead_ms, outlook.checked + grace_ms, outlook.parked)

    sync_ms = max(1, round(settings.safety_sync_interval_seconds * 1000))
    return (
        Round(ticks.safety_sync, sync_wanted, start_ms=start_ms, interval_ms=sync_ms),
        Round(ticks.erasure, lambda outlook: outlook.deletions, start_ms=start_ms, interval_ms=_ERASURE_MS),
        Round(ticks.expiry, lambda _: start_ms, start_ms=start_ms, interval_ms=_EXPIRY_MS),
    )
