"""``python -m tests.leaping_server``: the local server on a clock that jumps ahead by 25 seconds at each SIGUSR1.

That is longer than the shortest lease of an attempt with all its margins: a takeover need not be waited for. With
``LEAPS`` in its environment it is ahead by what the file of that name says instead: servers that share the file agree
on the time, and one that is started again goes on where it was.
"""

import mmap
import os
import signal
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import FrameType

from tickwell.adapters.system import SystemClock
from tickwell.local.__main__ import main

LEAP = timedelta(seconds=25)

LEAPS = "LEAPS"
_BYTES = 8


class Leaps:
    """How far a clock is ahead of the machine's (less than 0: behind it), in a file (ms): for all who look there."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.exists():
            path.write_bytes(bytes(_BYTES))
        with path.open("r+b") as file:
            self._view = mmap.mmap(file.fileno(), _BYTES)

    @property
    def ahead(self) -> timedelta:
        """By how much."""
        return timedelta(milliseconds=int.from_bytes(self._view[:_BYTES], "little", signed=True))

    def leap(self, by: timedelta) -> None:
        """Jump ahead, at once in all processes; back only before the first of them starts."""
        self._view[:_BYTES] = ((self.ahead + by) // timedelta(milliseconds=1)).to_bytes(_BYTES, "little", signed=True)


_leaps: list[timedelta] = []
_now = SystemClock.now


def _own_leaps() -> timedelta:
    return sum(_leaps, timedelta(0))


def _leap(_number: int, _frame: FrameType | None) -> None:
    _leaps.append(LEAP)


def _run(ahead: Callable[[], timedelta]) -> int:
    def now(self: SystemClock) -> datetime:
        return _now(self) + ahead()

    SystemClock.now = now  # type: ignore[method-assign]
    return main()


if __name__ == "__main__":
    if LEAPS in os.environ:
        shared = Leaps(Path(os.environ[LEAPS]))
        sys.exit(_run(lambda: shared.ahead))
    signal.signal(signal.SIGUSR1, _leap)
    sys.exit(_run(_own_leaps))
