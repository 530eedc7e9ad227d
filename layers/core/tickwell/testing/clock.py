"""A clock that stands still until it is moved."""

from datetime import datetime, timedelta

from tickwell.domain.instant import from_epoch_ms, instant, to_epoch_ms

_MILLISECOND = timedelta(milliseconds=1)


class SimulatedClock:
    """The ``Clock`` of a simulation. It is moved by whoever drives the simulation, and never backwards."""

    def __init__(self, start: datetime) -> None:
        self._now = instant(start)
        self._start_ms = self._ms = to_epoch_ms(self._now)

    def now(self) -> datetime:
        """The simulated instant."""
        return self._now

    @property
    def epoch_ms(self) -> int:
        """The same in milliseconds since 1970."""
        return self._ms

    @property
    def elapsed_seconds(self) -> float:
        """How much simulated time has passed since the start."""
        return (self._ms - self._start_ms) / 1000

    def move_to(self, epoch_ms: int) -> None:
        """Go on to ``epoch_ms``. Raises ValueError for an instant that is past."""
        if epoch_ms < self._ms:
            raise ValueError("simulated time does not run backwards")
        self._ms, self._now = epoch_ms, from_epoch_ms(epoch_ms)

    def advance(self, by: timedelta) -> None:
        """Go on by whole milliseconds. Raises ValueError for a negative ``by``."""
        self.move_to(self._ms + by // _MILLISECOND)
