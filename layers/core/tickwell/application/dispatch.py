"""FarTimer=scheduler: schedules fire into the dispatch queue; from there to the lane, with the rest as delay."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.application.arming import send_to_lanes
from tickwell.application.ports import Clock, Delivery, Lanes, MessageQueue
from tickwell.domain.message import JobMessage, Unreadable


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatch:
    """The use case; see ``__call__``."""

    lanes: Lanes
    clock: Clock

    def __call__(self, queue: MessageQueue[JobMessage], deliveries: Sequence[Delivery[JobMessage]]) -> None:
        """Send each message to its lane, delayed until its ``run_at``; unreadable ones to the dead letter queue.

        Raises UnavailableError: then all of ``deliveries`` come again, and duplicates lose at the claim.
        """
        messages = []
        for delivery in deliveries:
            if isinstance(delivery.message, Unreadable):
                queue.bury(delivery)
            else:
                messages.append(delivery.message)
        send_to_lanes(self.lanes, messages, now=self.clock.now())
