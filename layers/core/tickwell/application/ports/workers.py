"""The port of what workers tell of themselves."""

from collections.abc import Sequence
from typing import Protocol

from tickwell.domain.worker import Worker


class WorkerLog(Protocol):
    """The workers of a deployment; they serve all tenants, and what they tell names none."""

    def put(self, worker: Worker) -> None:
        """Note what a worker says of itself now, instead of what it said before."""
        ...

    def remove(self, worker_id: str) -> None:
        """The worker has ended; unknown ones are ignored."""
        ...

    def active(self) -> Sequence[Worker]:
        """Those that have told of themselves lately (``expires_at``), longest at work first."""
        ...
