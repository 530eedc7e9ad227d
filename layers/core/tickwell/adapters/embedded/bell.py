"""Wakes receivers of a queue when something is sent to it."""

import threading
from weakref import WeakKeyDictionary

from tickwell.adapters.embedded.database import Database

_bells: "WeakKeyDictionary[Database, dict[str, Bell]]" = WeakKeyDictionary()
_bells_lock = threading.Lock()


class Bell:
    """A counter of rings that threads can wait on.

    Read ``rings`` before looking for work and give it to ``wait``: what was rung in between is not missed.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0

    @property
    def rings(self) -> int:
        """How often it has rung."""
        with self._condition:
            return self._rings

    def ring(self, sleepers: int) -> None:
        """Wake up to ``sleepers`` threads that wait."""
        with self._condition:
            self._rings += 1
            self._condition.notify(sleepers)

    def wait(self, rings: int, timeout_seconds: float) -> bool:
        """Wait until it has rung more than ``rings`` times; False when ``timeout_seconds`` passed first."""
        with self._condition:
            return self._rings != rings or self._condition.wait(timeout_seconds)


def bell_of(database: Database, queue: str) -> Bell:
    """The one bell of a queue in this process, whoever sends or receives there."""
    with _bells_lock:
        return _bells.setdefault(database, {}).setdefault(queue, Bell())
