"""What is looked up often and changed seldom."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from tickwell.application.ports import Clock

FRESH = timedelta(seconds=5)
"""A worker notices a changed limit, a pause, a resume or a stop after at most this long."""

_MOST_REMEMBERED = 10_000

K = TypeVar("K")
V = TypeVar("V")


class Remembered(Generic[K, V]):
    """What was read, for ``fresh_for``, of at most ``most`` keys. Safe for threads."""

    def __init__(
        self, read: Callable[[K], V], clock: Clock, *, fresh_for: timedelta = FRESH, most: int = _MOST_REMEMBERED
    ) -> None:
        self._read = read
        self._clock = clock
        self._fresh_for, self._most = fresh_for, most
        self._known: dict[K, tuple[datetime, V]] = {}
        self._lock = threading.Lock()

    def get(self, key: K, *, fresh: bool = False) -> V:
        """What ``key`` stands for; with ``fresh`` it is read now."""
        now = self._clock.now()
        known = self._known.get(key)
        # The clock may be set back.
        if known is not None and not fresh and timedelta(0) <= now - known[0] < self._fresh_for:
            return known[1]
        found = self._read(key)
        with self._lock:
            if len(self._known) >= self._most:
                self._known.clear()
            self._known[key] = (now, found)
        return found
