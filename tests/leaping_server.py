"""``python -m tests.leaping_server``: the local server on a clock that jumps ahead by 25 seconds at each SIGUSR1.

That is longer than the shortest lease of an attempt with all its margins: a takeover need not be waited for.
"""

import signal
import sys
from datetime import datetime, timedelta
from types import FrameType

from tickwell.adapters.system import SystemClock
from tickwell.local.__main__ import main

LEAP = timedelta(seconds=25)

_leaps: list[timedelta] = []
_now = SystemClock.now


def _ahead(clock: SystemClock) -> datetime:
    return _now(clock) + sum(_leaps, timedelta(0))


def _leap(_number: int, _frame: FrameType | None) -> None:
    _leaps.append(LEAP)


if __name__ == "__main__":
    SystemClock.now = _ahead  # type: ignore[assignment, method-assign]
    signal.signal(signal.SIGUSR1, _leap)
    sys.exit(main())
