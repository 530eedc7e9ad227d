"""Workers as they tell of themselves: processes that run jobs (Q8)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.lane import Lane

_BEATS_MISSED = 3
_LEAST = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """A process that runs jobs, as it said at ``last_heartbeat_at``; it is taken for active until ``expires_at``.

    ``running`` counts the messages that it was busy with, of all tenants. ``lanes``: those that it works for.
    """

    worker_id: str
    lanes: tuple[Lane, ...]
    running: int
    started_at: datetime
    last_heartbeat_at: datetime
    expires_at: datetime


def active_until(now: datetime, interval: timedelta) -> datetime:
    """Until when a worker that told of itself at ``now``, and does so each ``interval``, is taken for active.

    Two signs may be missing; a minute is allowed in any case (the seed's limit).
    """
    return now + max(interval * _BEATS_MISSED, _LEAST)
