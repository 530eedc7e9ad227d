"""How many attempts began late (X23): later than people put up with, and not because a queue's limit said so."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from tickwell.domain.job import Job
from tickwell.domain.message import JobMessage

LATE_AFTER = timedelta(seconds=60)
"""An attempt that begins more than this behind its start time is late."""


def late_among(messages: Sequence[JobMessage], claimed: Sequence[Job], now: datetime) -> int:
    """How many of the ``claimed``, which begin at ``now``, are late; ``messages`` are what they were claimed by.

    What a limit let through (``admitted``) is left out: it was held back on purpose.
    """
    late = {m.identity for m in messages if not m.admitted and not m.probe and now - m.run_at > LATE_AFTER}
    if not late:
        return 0
    return sum((job.key, job.slot.due_at, job.slot.attempt) in late for job in claimed if job.slot is not None)
