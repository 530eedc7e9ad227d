"""Calls something again and again in a thread of its own."""

import threading
from collections.abc import Callable

from tickwell.outcome_log import log_failure

_MOST_PAUSE_SECONDS = 60.0


class Ticker(threading.Thread):
    """Calls ``tick``; when that found nothing to do (False), waits ``interval_seconds`` before the next call.

    A failing call is logged and repeated after a pause that doubles up to a minute.
    """

    def __init__(self, name: str, tick: Callable[[], bool], *, interval_seconds: float) -> None:
        super().__init__(name=name, daemon=True)
        self._tick = tick
        self._interval_seconds = interval_seconds
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Call no more; a call that is under way ends by itself."""
        self._stopping.set()

    def run(self) -> None:
        """The thread's body."""
        pause_seconds = self._interval_seconds
        while not self._stopping.is_set():
            try:
                busy = self._tick()
            except Exception as error:  # noqa: BLE001 - a tick must not end the thread; whatever it met, it is logged
                log_failure(f"tick.{self.name}", error)
                pause_seconds = min(max(pause_seconds, 0.5) * 2, _MOST_PAUSE_SECONDS)
                self._stopping.wait(pause_seconds)
                continue
            pause_seconds = self._interval_seconds
            if not busy:
                self._stopping.wait(self._interval_seconds)
