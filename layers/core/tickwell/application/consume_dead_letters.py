"""The consumer of a lane's dead letter queue: what the lane gave up on is retried, or recorded as a dead letter."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tickwell.application.claim_attempts import ClaimAttempts
from tickwell.application.ports import Clock, Delivery, History
from tickwell.application.recover import Recover
from tickwell.domain.dead_letter import OPERATOR_TENANT, DeadLetter
from tickwell.domain.errors import UnavailableError
from tickwell.domain.message import JobMessage, Unreadable


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLettersConsumed:
    """How many bodies could not be read, and how many attempts were counted as lost; the rest was stale."""

    unreadable: int
    lost: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsumeDeadLetters:
    """The use case; see ``__call__``."""

    claim_attempts: ClaimAttempts
    recover: Recover
    history: History
    clock: Clock
    retention: timedelta

    def __call__(self, deliveries: Sequence[Delivery[JobMessage]]) -> DeadLettersConsumed:
        """Deal with messages that a lane delivered again and again without success.

        What cannot be read becomes a dead letter of the operator. For the rest the attempt is claimed, which proves
        that no worker ever began it, and counted as lost: the job is enqueued again with the next attempt, or becomes a
        dead letter when that was the second loss. So a message that kills every worker ends after two rounds. Raises
        UnavailableError; may be repeated.
        """
        now = self.clock.now()
        unreadable = [
            _operator_dead_letter(delivery.message_id, delivery.message, now, self.retention)
            for delivery in deliveries
            if isinstance(delivery.message, Unreadable)
        ]
        if unreadable:
            self.history.put_dead_letters(unreadable)
        messages = [d.message for d in deliveries if isinstance(d.message, JobMessage)]
        batch = self.claim_attempts(messages, now=now)
        settled = [*self.recover(batch.claimed, started=False), *self.recover(batch.abandoned)]
        if batch.again:
            raise UnavailableError("store", "not all messages could be dealt with")
        return DeadLettersConsumed(unreadable=len(unreadable), lost=len(settled))


def _operator_dead_letter(message_id: str, message: Unreadable, now: datetime, retention: timedelta) -> DeadLetter:
    return DeadLetter(
        tenant_id=OPERATOR_TENANT,
        dead_letter_id=f"message-{message_id}",
        job_id=None,
        job_name=None,
        user_id=None,
        task=None,
        due_at=None,
        attempts=0,
        reason="the message could not be read",
        error_code="UNREADABLE_MESSAGE",
        error_message=message.reason,
        body=message.body,
        failed_at=now,
        expires_at=now + retention,
    )
