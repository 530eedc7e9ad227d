"""A lock that threads get in the order in which they came."""

import threading
from collections import deque
from types import TracebackType


class FairLock:
    """A re-entrant lock, handed to whoever has waited longest.

    A thread that lets go of Python's own lock and wants it again at once mostly gets it before those that wait: so it
    would commit alone what they were about to join. Here it stands behind them.
    """

    __slots__ = ("_depth", "_mutex", "_owner", "_waiting")

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._owner: int | None = None
        self._depth = 0
        self._waiting: deque[tuple[int, threading.Lock]] = deque()

    @property
    def is_mine(self) -> bool:
        """Whether the calling thread holds it."""
        return self._owner == threading.get_ident()

    def __enter__(self) -> None:
        """Wait for it."""
        me = threading.get_ident()
        if self._owner == me:
            self._depth += 1
            return
        with self._mutex:
            if self._owner is None:
                self._owner, self._depth = me, 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiting.append((me, turn))
        try:
            turn.acquire()
        except BaseException:  # a signal's exception in the main thread
            self._renounce(me, turn)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of it, or hand it on."""
        self._depth -= 1
        if not self._depth:
            with self._mutex:
                self._hand_on()

    def _hand_on(self) -> None:
        if not self._waiting:
            self._owner = None
            return
        self._owner, turn = self._waiting.popleft()
        self._depth = 1
        turn.release()

    def _renounce(self, me: int, turn: threading.Lock) -> None:
        """Wait no more; what was given in the same moment is handed on."""
        with self._mutex:
            if (me, turn) in self._waiting:
                self._waiting.remove((me, turn))
            elif self._owner == me:
                self._depth = 0
                self._hand_on()
