"""The slot of a job: what it is busy with, and the lease by which somebody holds it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.domain.completion import Outside
from tickwell.domain.progress import Progress

LEASE_MARGIN = timedelta(seconds=15)
"""A lease outlives the job's time limit by this much, so that a live worker has recorded its outcome by then."""

TAKEOVER_DELAY = timedelta(seconds=5)
"""Nobody takes an attempt over before its lease has been over for this long (rule 3: clocks differ)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """The occurrence that the job is busy with: running (``token`` and ``lease_until`` set) or waiting for an attempt.

    That is a retry or, for an occurrence that had to wait for the one before it, the first attempt.

    ``attempt`` counts from 1 and includes attempts that were lost or returned; ``losses`` and ``returns`` say how many
    those were. ``progress`` is what the running attempt told last. ``probe_at``: when the newest probe looks after it;
    None as long as none has followed the first. ``outside``: the attempt runs, but its worker has let go of it: what it
    is about goes on elsewhere (X10). ``lease_until`` is then when that has been silent for too long.
    """

    due_at: datetime
    attempt: int
    losses: int = 0
    returns: int = 0
    token: str | None = None
    lease_until: datetime | None = None
    progress: Progress | None = None
    probe_at: datetime | None = None
    outside: Outside | None = None

    def is_running(self) -> bool:
        """Whether a worker, or work outside, holds the slot, be its lease over or not."""
        return self.token is not None

    def may_be_taken_over(self, now: datetime) -> bool:
        """Whether its worker must be presumed dead at ``now``, or work outside to have timed out."""
        return self.lease_until is not None and now >= self.lease_until + TAKEOVER_DELAY
