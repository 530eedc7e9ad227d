"""Lanes: the physical queues that jobs travel in, and how a caller's priority chooses one."""

from enum import StrEnum

from tickwell.domain.errors import InvalidInputError


class Lane(StrEnum):
    """A physical queue with its worker."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    HEAVY = "heavy"  # one job at a time, for tasks that say so; no priority leads here

    @property
    def precedence(self) -> int:
        """Who goes first where lanes share what one machine has: the smaller number."""
        return {Lane.HIGH: 0, Lane.MEDIUM: 1, Lane.HEAVY: 1, Lane.LOW: 2}[self]


def lane_for_priority(priority: str | int) -> Lane:
    """The lane of a priority: a lane's name, or a number (1 high, 2-3 medium, 4 and above low).

    Raises InvalidInputError for anything else.
    """
    if isinstance(priority, str):
        if priority in {Lane.HIGH, Lane.MEDIUM, Lane.LOW}:
            return Lane(priority)
        raise InvalidInputError("priority", "must be high, medium, low or a number from 1")
    if isinstance(priority, bool) or priority < 1:
        raise InvalidInputError("priority", "must be high, medium, low or a number from 1")
    if priority == 1:
        return Lane.HIGH
    return Lane.MEDIUM if priority <= 3 else Lane.LOW
