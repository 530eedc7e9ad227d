"""The machine's clock and source of randomness: the only adapter that reads either."""

import hashlib
import itertools
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from tickwell.application.ports import Clock
from tickwell.domain.instant import from_epoch_ms, to_epoch_ms

_RANDOM_BITS = 74
"""What a UUIDv7 holds besides the time, version and variant (RFC 9562, section 5.7)."""

_STEP_BITS = 32


class SystemClock:
    """The operating system's time of day."""

    def now(self) -> datetime:
        """The current instant: aware, UTC, whole milliseconds."""
        return from_epoch_ms(time.time_ns() // 1_000_000)


class SystemIds:
    """Ids and random draws from the operating system's generator.

    ``random_bits(n)`` gives n random bits; tests put a seeded one here. One object may serve many threads.
    """

    def __init__(self, clock: Clock, random_bits: Callable[[int], int] = secrets.randbits) -> None:
        self._clock = clock
        self._random_bits = random_bits
        self._lock = threading.Lock()
        self._last_ms = -1
        self._last_random = 0

    def new(self) -> str:
        """A new UUIDv7, greater than all that this object gave before, also when the clock is set back.

        Within ``derived`` a derived one instead.
        """
        source = _DERIVED.get()
        return self._new() if source is None else source._new()  # noqa: SLF001 - of the same class

    @contextmanager
    def derived(self, seed: str, at: datetime) -> Iterator[None]:
        """See the port."""
        reset = _DERIVED.set(SystemIds(_StoppedClock(at), _bits_of(seed)))
        try:
            yield
        finally:
            _DERIVED.reset(reset)

    def _new(self) -> str:
        with self._lock:
            now_ms = to_epoch_ms(self._clock.now())
            if now_ms > self._last_ms:
                self._last_ms, self._last_random = now_ms, self._random_bits(_RANDOM_BITS)
            else:
                self._last_random += 1 + self._random_bits(_STEP_BITS)
                if self._last_random >> _RANDOM_BITS:
                    self._last_ms, self._last_random = self._last_ms + 1, self._random_bits(_STEP_BITS)
            return _uuid7(self._last_ms, self._last_random)

    def token(self) -> str:
        """16 random bytes in hexadecimal."""
        return f"{self._random_bits(128):032x}"

    def draw(self) -> float:
        """A random number in [0, 1) with the 53 bits that a float can hold."""
        return self._random_bits(53) / (1 << 53)


_DERIVED: ContextVar[SystemIds | None] = ContextVar("derived_ids", default=None)


class _StoppedClock:
    """Stands at one instant."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """That instant."""
        return self._at


def _bits_of(seed: str) -> Callable[[int], int]:
    """Bits that depend on ``seed`` and on how often they were asked for, and tell neither."""
    numbers = itertools.count()

    def bits(count: int) -> int:
        return int.from_bytes(hashlib.sha256(f"{seed}:{next(numbers)}".encode()).digest()) >> (256 - count)

    return bits


def _uuid7(epoch_ms: int, random: int) -> str:
    high, low = random >> 62, random & ((1 << 62) - 1)
    digits = f"{epoch_ms << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low:032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
