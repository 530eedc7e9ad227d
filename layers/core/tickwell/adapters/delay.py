"""What both engines' queues hold their callers to."""

LONGEST_DELAY_SECONDS = 900
"""How long SQS keeps a sent message back; whatever is due later waits as a due item."""

LONGEST_RELEASE_SECONDS = 43_200
"""How long SQS keeps a delivered message invisible."""


def require_delay(delay_seconds: float, longest_seconds: int = LONGEST_DELAY_SECONDS) -> float:
    """``delay_seconds`` if a queue can wait that long; ValueError otherwise: asking for more is a mistake."""
    if not 0 <= delay_seconds <= longest_seconds:
        raise ValueError(f"a message waits 0 to {longest_seconds} s in a queue, not {delay_seconds}")
    return delay_seconds
