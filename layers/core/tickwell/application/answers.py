"""How the API answers, as the process knows that does it (E8): fewer than 0.1 % errors, within 500 ms on average."""

import threading
from collections import deque
from dataclasses import dataclass
from typing import Final

from tickwell.application.health import HealthLevel
from tickwell.application.ports import Clock
from tickwell.domain.instant import to_epoch_ms

_MINUTE_MS: Final = 60_000
_MINUTES: Final = 60
_ERRORS, _FAILING = 0.001, 0.01
_SLOW_MS, _VERY_SLOW_MS = 500.0, 5000.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answers:
    """How many there were, how many of them told of an error of ours (5xx), and how long all together took to make."""

    total: int = 0
    errors: int = 0
    duration_ms: int = 0

    @property
    def error_share(self) -> float:
        """The part that were errors, from 0 to 1."""
        return self.errors / self.total if self.total else 0.0

    @property
    def average_ms(self) -> float | None:
        """How long an answer took; None where there was none."""
        return self.duration_ms / self.total if self.total else None

    @property
    def level(self) -> HealthLevel:
        """The worse of the two: critical above 1 %, or 5 s on average."""
        average_ms = self.average_ms or 0.0
        if self.error_share > _FAILING or average_ms > _VERY_SLOW_MS:
            return HealthLevel.CRITICAL
        if self.error_share >= _ERRORS or average_ms >= _SLOW_MS:
            return HealthLevel.WARNING
        return HealthLevel.NORMAL


class CountAnswers:
    """Counts the answers of this process, and forgets them after an hour. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._minutes: deque[tuple[int, Answers]] = deque(maxlen=_MINUTES)

    def note(self, *, is_error: bool, duration_ms: int) -> None:
        """One more, given now. A clock that was set back meanwhile makes it none that took less than nothing."""
        minute = self._minute()
        with self._lock:
            so_far = Answers()
            if self._minutes and self._minutes[-1][0] == minute:
                _, so_far = self._minutes.pop()
            more = Answers(
                total=so_far.total + 1,
                errors=so_far.errors + is_error,
                duration_ms=so_far.duration_ms + max(0, duration_ms),
            )
            self._minutes.append((minute, more))

    def read(self) -> Answers:
        """Those of the last hour, to the beginning of a minute."""
        first = self._minute() - _MINUTES
        with self._lock:
            kept = [answers for minute, answers in self._minutes if minute > first]
        return Answers(
            total=sum(each.total for each in kept),
            errors=sum(each.errors for each in kept),
            duration_ms=sum(each.duration_ms for each in kept),
        )

    def _minute(self) -> int:
        return to_epoch_ms(self._clock.now()) // _MINUTE_MS
