"""A bound on what runs at once, shared among threads and their event loops.

A place that becomes free goes to the first of the most urgent; each fourth one to whoever has waited longest, however
urgent. So the urgent are served soon, and nobody waits for ever: each who waits is the one who has waited longest once
those before him were served.
"""

import asyncio
import threading

_TURNS = 4


class _Waiter:
    """Somebody in the queue; ``granted`` is written under the queue's lock."""

    def __init__(self, precedence: int) -> None:
        self.precedence = precedence
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[None] = self.loop.create_future()
        self.granted = False

    def wake(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


class Places:
    """``number`` places."""

    def __init__(self, number: int) -> None:
        self._lock = threading.Lock()
        self._free = number
        self._waiting: list[_Waiter] = []
        self._granted = 0

    async def take(self, precedence: int = 0) -> None:
        """Wait for a place and take it; the smaller ``precedence``, the more urgent."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            waiter = _Waiter(precedence)
            self._waiting.append(waiter)
        try:
            await waiter.future
        except asyncio.CancelledError:
            with self._lock:
                granted = waiter.granted
                if not granted:
                    self._waiting.remove(waiter)
            if granted:
                self.give_back()
            raise

    def give_back(self) -> None:
        """Let the next one have the place."""
        with self._lock:
            while self._waiting:
                waiter = self._next()
                waiter.granted = True
                try:
                    waiter.loop.call_soon_threadsafe(waiter.wake)
                except RuntimeError:  # its loop was closed: nobody waits there any more
                    continue
                return
            self._free += 1

    def _next(self) -> _Waiter:
        """Take the one whose turn it is out of the queue, which is in order of arrival."""
        self._granted += 1
        if self._granted % _TURNS == 0:
            return self._waiting.pop(0)
        first = min(self._waiting, key=lambda waiter: waiter.precedence)
        self._waiting.remove(first)
        return first
