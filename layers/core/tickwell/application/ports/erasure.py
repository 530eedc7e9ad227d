"""The port of deleting tenants."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from tickwell.domain.deletion import Deletion


class Erasure(Protocol):
    """Takes tenants out of the store. Every call may be repeated."""

    def condemn(self, deletion: Deletion) -> None:
        """Note the deletion, stop the tenant, and delete it with its users, their addresses and its API keys.

        In this order: after a crash in between ``condemned`` names the tenant. When this returns no credential is good.
        """
        ...

    def condemned(self, *, limit: int) -> Sequence[Deletion]:
        """Up to ``limit`` deletions under way, those first that are to be looked at first.

        None waits for good behind others. Consistent.
        """
        ...

    def erase(self, tenant_id: str, *, now: datetime, has_time: Callable[[], bool]) -> bool:
        """Delete all that the tenant has but its stop, for as long as there is time; whether nothing is left.

        What a worker still runs is left to a later call.
        """
        ...

    def postpone(self, deletion: Deletion) -> None:
        """Write ``deletion`` with its new ``look_at``."""
        ...

    def forget(self, tenant_id: str) -> None:
        """The deletion is over: end the stop, too."""
        ...
