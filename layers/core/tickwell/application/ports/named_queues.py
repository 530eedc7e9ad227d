"""The port of named queues: what a tenant decided about them, what their limits remember, who waits for a permit."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from tickwell.domain.admission import Gate
from tickwell.domain.job import Job
from tickwell.domain.message import JobMessage
from tickwell.domain.queue import Queue


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueKey:
    """Names a queue; the tenant is always part of the name."""

    tenant_id: str
    name: str


class QueueStore(Protocol):
    """Named queues, their gates, and who waits in front of them. Default queues are not kept until they are changed."""

    def put(self, queue: Queue, *, read: Queue | None) -> bool:
        """Write ``queue``: a new one (``read`` None), or a change of ``read``. False when somebody else was faster."""
        ...

    def find(self, key: QueueKey) -> Queue | None:
        """The queue as it was put; None when it never was, or was deleted. Consistent."""
        ...

    def list_queues(self, tenant_id: str) -> Sequence[Queue]:
        """All that were put, by name."""
        ...

    def delete(self, queue: Queue) -> bool:
        """Delete it with its gate; False when it is no longer as it was read."""
        ...

    def gate(self, key: QueueKey) -> Gate:
        """What the limits remember; an empty gate where nothing was written yet. Consistent."""
        ...

    def gates(self, keys: Collection[QueueKey]) -> Mapping[QueueKey, Gate]:
        """As ``gate``, of many queues together."""
        ...

    def save_gate(self, key: QueueKey, gate: Gate, *, read: Gate) -> bool:
        """Write ``gate`` with the next version, if it still is as it was ``read``. False: read again, decide again."""
        ...

    def park(self, messages: Sequence[JobMessage]) -> None:
        """Put messages on the waiting list of their queues. Never expires; parking twice is parking once."""
        ...

    def parked(self, messages: Sequence[JobMessage]) -> Collection[JobMessage]:
        """Those of ``messages`` whose attempts are on a waiting list. Consistent."""
        ...

    def waiting(self, key: QueueKey, *, limit: int) -> Sequence[JobMessage]:
        """The head of the waiting list: up to ``limit``, those due earliest first. Consistent."""
        ...

    def count_waiting(self, keys: Collection[QueueKey], *, most: int) -> Mapping[QueueKey, int]:
        """How long the waiting lists are; of each no more than ``most`` are counted."""
        ...

    def unpark(self, messages: Sequence[JobMessage]) -> None:
        """Take messages off; unknown ones are ignored."""
        ...

    def with_waiting(self, *, limit: int, after: QueueKey | None) -> Sequence[QueueKey]:
        """Queues of all tenants that may have a waiting list, in an order of the store's own, behind ``after``.

        One whose list is found empty is forgotten by ``forget_waiting``.
        """
        ...

    def forget_waiting(self, key: QueueKey, *, now: datetime) -> None:
        """The list was empty at ``now``. It is named again as soon as somebody parks."""
        ...

    def add_ended(self, jobs: Sequence[Job]) -> None:
        """Remember that jobs of queues that keep a number of them have ended, until each expires. May be repeated."""
        ...

    def forget_ended(self, jobs: Sequence[Job]) -> None:
        """Forget jobs, given as they were to ``add_ended``; unknown ones are ignored."""
        ...

    def nth_ended(self, key: QueueKey, *, completed: bool, count: int) -> datetime | None:
        """When the ``count``-th newest of those that ended did so; None where there are fewer."""
        ...
