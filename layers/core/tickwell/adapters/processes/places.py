"""A bound on what runs at once, shared among threads and their event loops; first come, first served."""

import asyncio
import threading
from collections import deque


class _Waiter:
    """Somebody in the queue; ``granted`` is written under the queue's lock."""

    def __init__(self) -> None:
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
        self._waiting: deque[_Waiter] = deque()

    async def take(self) -> None:
        """Wait for a place and take it."""
        with self._lock:
            if self._free:
                self._free -= 1
                return
            waiter = _Waiter()
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
                waiter = self._waiting.popleft()
                waiter.granted = True
                try:
                    waiter.loop.call_soon_threadsafe(waiter.wake)
                except RuntimeError:  # its loop was closed: nobody waits there any more
                    continue
                return
            self._free += 1
