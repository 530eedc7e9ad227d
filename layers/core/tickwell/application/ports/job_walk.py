"""The port of the operator's walk through all jobs, of all tenants: for repairs only, never for a request."""

from dataclasses import dataclass
from typing import Protocol

from tickwell.domain.job import Job


@dataclass(frozen=True, kw_only=True, slots=True)
class WalkedJobs:
    """Jobs without payload and description, and the position to go on from; None when the part ends here.

    ``cost`` is what reading them took of the table, in its read units; 0 where nobody counts.
    """

    jobs: tuple[Job, ...]
    reached: str | None
    cost: float = 0.0


class JobWalk(Protocol):
    """Every job that may wait for something: it has a next occurrence, or an occupied slot.

    The only thing here that reads across tenants, and whose cost grows with all that is stored (rule 6).
    """

    @property
    def parts(self) -> int:
        """Into how many parts the walk is divided; they may be walked side by side."""
        ...

    def page(self, part: int, *, after: str | None) -> WalkedJobs:
        """The jobs of a part behind a position of it; there may be none although more follow.

        What is there before the first page of its part and stays as it is is met once. Not consistent: an edit of the
        last second may be missed, which has written its own due item. Raises UnavailableError.
        """
        ...
