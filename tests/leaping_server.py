"""``python -m tests.leaping_server``: the local server on a clock that is ahead by what the file ``LEAPS`` says.

Servers that share the file agree on the time, and one that is started again goes on where it was: what a takeover or a
schedule takes need not be waited for.
"""

import mmap
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tickwell.adapters.system import SystemClock
from tickwell.local.__main__ import main

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

    def now(self) -> datetime:
        """The time of such a clock."""
        return datetime.now(UTC) + self.ahead

    def leap(self, by: timedelta) -> None:
        """Jump ahead, at once in all processes; back only before the first of them starts."""
        self._view[:_BYTES] = ((self.ahead + by) // timedelta(milliseconds=1)).to_bytes(_BYTES, "little", signed=True)


_now = SystemClock.now


def _run(leaps: Leaps) -> int:
    def now(self: SystemClock) -> datetime:
        return _now(self) + leaps.ahead

    SystemClock.now = now  # type: ignore[method-assign]
    return main()


if __name__ == "__main__":
    sys.exit(_run(Leaps(Path(os.environ[LEAPS]))))
