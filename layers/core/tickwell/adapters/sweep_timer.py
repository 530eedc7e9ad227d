"""The far timer that costs nothing: the safety sync's sweep reads the due items themselves, on both engines."""

from collections.abc import Sequence

from tickwell.domain.due import DueItem
from tickwell.domain.message import JobMessage


class SweepFarTimer:
    """Nothing is to be done per job: what is due later waits as a due item until the sweep comes to it."""

    def takes(self, message: JobMessage) -> bool:  # noqa: ARG002 - the port's
        """Never: the sweep brings all."""
        return False

    def arm(self, items: Sequence[DueItem]) -> None:
        """The due items were written already."""

    def disarm(self, message: JobMessage) -> None:
        """A due item without a job is harmless (rule 1)."""

    def ping(self) -> None:
        """There is no service to ask: the due items are in the store."""
