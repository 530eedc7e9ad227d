"""Connects a running attempt with the store: signs of life go in, the word that it is not wanted any more comes out."""

from typing import Protocol

from tickwell.domain.progress import Progress


class Lifeline(Protocol):
    """One attempt's connection; made by whoever runs it."""

    async def sign(self, progress: Progress | None = None) -> None:
        """Say that the attempt lives, and how far it has come: extends the lease.

        Raises AttemptCancelledError when the job was cancelled or deleted, or when the attempt was given to another
        worker meanwhile. A store that fails does not matter: the sign is lost, the attempt goes on.
        """
        ...


class NoLifeline:
    """For attempts that nobody watches, as in tests of a task: every sign is heard and nothing is ever cancelled."""

    async def sign(self, progress: Progress | None = None) -> None:
        """Heard."""
