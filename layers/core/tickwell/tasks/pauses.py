"""How long built-in tasks wait before they are tried again."""

from tickwell.domain.retry import RetryPolicy, RetryStrategy


def doubling(first_seconds: float, *, most_seconds: float) -> RetryPolicy:
    """Pauses that double up to ``most_seconds``, give or take a fifth, so that many do not come back together (Q1)."""
    return RetryPolicy(
        strategy=RetryStrategy.EXPONENTIAL,
        delay_seconds=first_seconds,
        factor=2.0,
        max_delay_seconds=most_seconds,
        jitter=0.2,
    )
