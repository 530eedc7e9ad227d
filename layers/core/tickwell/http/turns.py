"""Who is served next where callers share a few threads: each in turn, and none in all of them."""

import asyncio
import math
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """``places`` for all callers together (None: any number), ``places_each`` for one of them; who finds none waits.

    Callers get free places in turns, one each, so that somebody who asks for a thousand things at once stands behind a
    single request of another, and is done as early as before when nobody else is there. What one caller may have at
    once is bounded even where places are free: threads of one process share one interpreter, so that the tenth is no
    gain to its caller and delays all others. For one event loop at a time; no locks.
    """

    def __init__(self, *, places: int | None, places_each: int) -> None:
        self._free = math.inf if places is None else places
        self._places_each = places_each
        self._taken: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[None]:
        """Have a place for the length of the block."""
        if self._may_take(caller) and caller not in self._waiting:
            self._take(caller)
        else:
            await self._wait(caller)
        try:
            yield
        finally:
            self._give_back(caller)

    async def _wait(self, caller: str) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(caller, deque()).append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it had its turn, and went in the same moment
                self._give_back(caller)
            raise

    def _may_take(self, caller: str) -> bool:
        return self._free > 0 and self._taken[caller] < self._places_each

    def _take(self, caller: str) -> None:
        self._free -= 1
        self._taken[caller] += 1

    def _give_back(self, caller: str) -> None:
        self._free += 1
        self._taken[caller] -= 1
        if not self._taken[caller]:
            del self._taken[caller]
        self._let_next()

    def _let_next(self) -> None:
        """Give what is free to those who wait, one each in turn; whoever got one goes to the end of the line."""
        while caller := next((caller for caller in self._waiting if self._may_take(caller)), None):
            line = self._waiting.pop(caller)
            turn = line.popleft()
            if line:
                self._waiting[caller] = line
            if not turn.done():  # whoever went away meanwhile needs none
                self._take(caller)
                turn.set_result(None)
