"""The ports of what travels: queues, and the timer for what is far away."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from tickwell.domain.account_mail import AccountMail
from tickwell.domain.due import DueItem
from tickwell.domain.lane import Lane
from tickwell.domain.message import JobMessage, Unreadable
from tickwell.domain.notification import Notification

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing(Generic[T]):
    """A message to send, deliverable after ``delay_seconds`` (at most 900); ``group`` is the tenant, for fair queueing.

    An adapter whose service knows whole seconds only rounds up, or down where the receiver would have it
    ``rather_early`` than late.
    """

    message: T
    delay_seconds: float = 0.0
    group: str
    rather_early: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery(Generic[T]):
    """A received message. ``receive_count`` is 1 the first time; ``receipt`` names this very delivery."""

    message: T | Unreadable
    message_id: str
    receipt: str
    receive_count: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Depth:
    """About how many messages a queue holds: deliverable, delayed, delivered but not deleted.

    ``oldest_at`` is when the oldest deliverable one became so; None when there is none or the service cannot tell.
    """

    waiting: int
    delayed: int
    in_flight: int
    oldest_at: datetime | None = None


class MessageQueue(Protocol[T]):
    """One physical queue: a lane, the dispatch queue, the notification queue or a dead letter queue."""

    def send(self, outgoing: Sequence[Outgoing[T]]) -> None:
        """Send all; raises UnavailableError when one of them was not taken (others may have been)."""
        ...

    def receive(self, limit: int, *, wait_seconds: float) -> Sequence[Delivery[T]]:
        """Up to ``limit`` deliverable messages, waiting for the first one for up to ``wait_seconds``.

        A service gives no more at once than it can, whatever the limit: SQS 10, the embedded engine 1,000.

        They stay invisible for the queue's visibility timeout. A message received more often than the queue's maximum
        goes to the dead letter queue instead, where there is one.
        """
        ...

    def delete(self, deliveries: Sequence[Delivery[T]]) -> None:
        """Done with them. A receipt that is no longer valid is ignored."""
        ...

    def release(self, delivery: Delivery[T], *, delay_seconds: int) -> None:
        """Make it deliverable again after ``delay_seconds``."""
        ...

    def bury(self, delivery: Delivery[T]) -> None:
        """Move it to the dead letter queue as it is."""
        ...

    def depth(self, *, most: int | None = None) -> Depth:
        """How full the queue is. With ``most`` nothing need be counted any further than that, where it is counted."""
        ...


Lanes = Mapping[Lane, MessageQueue[JobMessage]]


Notifications = MessageQueue[Notification | AccountMail]
"""What people are told: about jobs, and about their accounts."""


class FarTimer(Protocol):
    """Sees to it that what is due beyond the direct horizon reaches its lane in time."""

    def takes(self, message: JobMessage) -> bool:
        """Whether ``arm`` gives it a timer of its own; the sweep brings what has none."""
        ...

    def arm(self, items: Sequence[DueItem]) -> None:
        """Arm those that are ``timed``. Called after the due items and the jobs were written.

        May be repeated; a failure is repaired by the safety sync.
        """
        ...

    def disarm(self, message: JobMessage) -> None:
        """The attempt will not be needed any more; unknown ones are ignored. Saves money, not correctness."""
        ...

    def ping(self) -> None:
        """One cheap round trip, for health."""
        ...
