"""How a worker is told to stop, in two steps: begin nothing more, then give back what runs."""

from tickwell.application.lifeline import AttemptLifeline
from tickwell.domain.ending import End


class WorkerStop:
    """Shared by a worker and the batches that it runs, all in one event loop; only ``request`` is for other threads."""

    def __init__(self) -> None:
        self._requested = False
        self._over = False
        self._running: set[AttemptLifeline] = set()

    def is_requested(self) -> bool:
        """Whether nothing more is to begin."""
        return self._requested

    def request(self) -> None:
        """From now on begin nothing; what runs goes on."""
        self._requested = True

    def return_all(self) -> None:
        """Give back what runs: each attempt is cancelled, and recorded so that the next worker begins it anew."""
        self._requested = self._over = True
        for lifeline in self._running:
            lifeline.end(End.STOPPED)

    def reach(self, lifeline: AttemptLifeline) -> None:
        """From now on stopping the worker reaches the attempt, at once if it has been stopped."""
        self._running.add(lifeline)
        if self._over:
            lifeline.end(End.STOPPED)

    def release(self, lifeline: AttemptLifeline) -> None:
        """The attempt has ended."""
        self._running.discard(lifeline)
