"""Occurrences that wait until the slot of their job is free."""

from dataclasses import dataclass
from datetime import datetime

MOST_PENDING = 100
"""So many occurrences of a job can wait; the item of a job stays small."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pending:
    """An occurrence that waits. ``missed``: it was due during an outage, and starts apart from the one before it."""

    due_at: datetime
    missed: bool = False
