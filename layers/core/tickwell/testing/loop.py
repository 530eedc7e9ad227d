"""An event loop whose time is a simulated clock's: whoever sleeps in it is woken at once, at the right instant."""

import asyncio
import math
import selectors
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, TypeVarTuple

from tickwell.testing.clock import SimulatedClock

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_UNREAL_MS = 1e-3
"""What floats may be off by, in milliseconds."""


_THREADED: ContextVar[bool] = ContextVar("threaded", default=False)


class StandstillError(RuntimeError):
    """Everything in the loop waits, and nothing will ever happen."""


class _Selector(selectors.DefaultSelector):
    """Asks ``wait`` instead of sleeping."""

    def __init__(self, wait: Callable[[float | None], list[tuple[selectors.SelectorKey, int]]]) -> None:
        super().__init__()
        self._wait = wait

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready; where nothing is, whatever ``wait`` makes of that."""
        found = super().select(0)
        if found or (timeout is not None and timeout <= 0):
            return found
        return self._wait(timeout)

    def really(self, timeout: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        """Wait as any selector does."""
        return super().select(timeout)


class SimulatedLoop(asyncio.SelectorEventLoop):
    """Time passes only when all that runs in the loop waits for it: then the clock moves to the next timer.

    ``on_still`` may be replaced: it is called when nothing can go on at this instant, with the seconds to the next
    timer (None: there is none), and has to move the clock or to start something.

    What would go to the loop's threads runs at once: nothing of ours blocks. Only within ``threaded`` it gets a thread,
    as functions of users do, which may block and speak with the loop; time stands still until it is done. What waits
    for a socket waits as long as it would outside.
    """

    def __init__(self, clock: SimulatedClock) -> None:
        self.on_still: Callable[[float | None], None] = self.skip
        self._simulated = clock
        self._busy: set[asyncio.Future[Any]] = set()
        self._waiting = _Selector(self._wait)
        super().__init__(self._waiting)
        self._pool = ThreadPoolExecutor(thread_name_prefix="simulated")

    def time(self) -> float:
        """Simulated seconds since the start."""
        return self._simulated.elapsed_seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """At once, or in a thread: see the class. An ``executor`` is used if one is given."""
        if executor is None and not _THREADED.get():
            return at_once(self, func, *args)
        future: asyncio.Future[T] = super().run_in_executor(executor or self._pool, func, *args)
        self._busy.add(future)
        future.add_done_callback(self._busy.discard)
        return future

    def close(self) -> None:
        """End its threads, and close it."""
        self._pool.shutdown()
        super().close()

    def skip(self, timer_seconds: float | None) -> None:
        """Move the clock to the next timer. Raises StandstillError where there is none."""
        if timer_seconds is None:
            raise StandstillError("everything waits, and nothing will ever happen")
        self._simulated.move_to(self._simulated.epoch_ms + milliseconds(timer_seconds))

    def _wait(self, timer_seconds: float | None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._busy:
            return self._waiting.really(None)
        is_open = len(self._waiting.get_map()) > 1  # the loop's own socket, which wakes it up, is always there
        found = self._waiting.really(timer_seconds) if is_open else []
        if not found:
            self.on_still(timer_seconds)
        return found


def at_once(loop: asyncio.AbstractEventLoop, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
    """Call ``func`` here and now; the future is done, as that of a thread would be in the end.

    What is no ``Exception`` is raised here and now as well.
    """
    future: asyncio.Future[T] = loop.create_future()
    try:
        future.set_result(func(*args))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it would be raised
        future.set_exception(error)
    return future


@contextmanager
def threaded() -> Iterator[None]:
    """What the current task hands to a thread inside the block gets one."""
    reset = _THREADED.set(True)
    try:
        yield
    finally:
        _THREADED.reset(reset)


def milliseconds(seconds: float) -> int:
    """``seconds`` in whole milliseconds, rounded up: a timer must be due when the clock arrives there. At least 1."""
    return max(1, math.ceil(seconds * 1000 - _UNREAL_MS))
