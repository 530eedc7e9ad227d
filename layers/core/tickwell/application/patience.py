"""How patient a worker is with services that fail for a moment, while the lease of an attempt runs."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from tickwell.domain.errors import UnavailableError

T = TypeVar("T")

SETTLE_PAUSES_SECONDS: Final = (0.25, 0.5, 1.0, 2.0)
"""How patiently an outcome is recorded when a service fails; together well within the lease's margin."""

_READ_SECONDS: Final = 4.0
"""No later than that a reading begins anew: it is not the task's time, and the lease runs."""


async def read_patiently(read: Callable[[], T], *, pauses_seconds: Sequence[float], now: Callable[[], float]) -> T:
    """What ``read`` gives, in a thread: a job without retries must not fail because a service was slow for a moment.

    ``now``: seconds of any clock. Raises UnavailableError in the end, and at once whatever else ``read`` raises.
    """
    patient_until = now() + _READ_SECONDS
    for pause_seconds in pauses_seconds:
        try:
            return await asyncio.to_thread(read)
        except UnavailableError:
            if now() >= patient_until:
                raise
            await asyncio.sleep(pause_seconds)
    return await asyncio.to_thread(read)
