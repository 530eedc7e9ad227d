"""What follows from an outcome, derived from what the store recorded (rule 9)."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.application.ports import Notifications, Outgoing
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.message import Notification


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowOutcomes:
    """The use case; see ``__call__``."""

    notifications: Notifications

    def __call__(self, dead_letters: Sequence[DeadLetter]) -> int:
        """Have the owner of each occurrence that was given up told about it; returns how many notifications were sent.

        May be repeated: the mail of one dead letter always has the same Message-ID. Raises UnavailableError.
        """
        outgoing = [
            Outgoing(
                message=Notification(tenant_id=letter.tenant_id, dead_letter_id=letter.dead_letter_id),
                group=letter.tenant_id,
            )
            for letter in dead_letters
            if letter.user_id is not None
        ]
        if outgoing:
            self.notifications.send(outgoing)
        return len(outgoing)
