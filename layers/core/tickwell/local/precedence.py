"""Which lane goes first where all of them share one machine's processors."""

from tickwell.domain.lane import Lane

YIELD_SECONDS = 0.02
"""How long a lane pauses before each batch while a more urgent one has more than it can take."""


class Precedence:
    """What the workers of one process know of each other.

    Each lane has a worker and places of its own, so that no lane can take another's. They share the processors and the
    database, where each would get the same part. So a lane pauses before each batch for as long as a more urgent one is
    pressed: the urgent get most, the others a batch of up to ten after each pause. The pause has an end whatever the
    urgent do: nothing starves.
    """

    def __init__(self, *, yield_seconds: float = YIELD_SECONDS) -> None:
        self._yield_seconds = yield_seconds
        # One writer for each lane, and a reader that is late by one look loses nothing: no lock.
        self._pressed = dict.fromkeys(Lane, False)

    def is_pressed(self, lane: Lane) -> bool:
        """Whether ``lane`` had more than its worker could take when it looked last."""
        return self._pressed[lane]

    def note(self, lane: Lane, *, pressed: bool) -> None:
        """What the worker of ``lane`` met when it looked."""
        self._pressed[lane] = pressed

    def pause_seconds(self, lane: Lane) -> float:
        """How long ``lane`` is to pause before its next batch."""
        yields = any(pressed and other.precedence < lane.precedence for other, pressed in self._pressed.items())
        # One heavy job at a time takes no part in any rush.
        return self._yield_seconds if yields and lane is not Lane.HEAVY else 0.0
