"""Tell people that a job failed for good (C25), apart from the worker, with retries of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from tickwell.application.ports import AccountStore, Delivery, History, Mailer, Notifications
from tickwell.domain.account import User
from tickwell.domain.dead_letter import DeadLetter
from tickwell.domain.errors import AttemptFailedError, NotFoundError, UnavailableError
from tickwell.domain.instant import iso
from tickwell.domain.mail import Mail
from tickwell.domain.message import Notification, Unreadable


@dataclass(frozen=True, kw_only=True, slots=True)
class Notified:
    """Message ids that are done with, and those that must come again."""

    sent: tuple[str, ...]
    dropped: tuple[str, ...]
    again: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """The use case; see ``__call__``."""

    history: History
    accounts: AccountStore
    mailer: Mailer
    sender_address: str

    def __call__(self, queue: Notifications, deliveries: Sequence[Delivery[Notification]]) -> Notified:
        """Send one mail per notification. Unreadable ones go to the dead letter queue; refused ones are dropped."""
        sent: list[str] = []
        dropped: list[str] = []
        again: list[str] = []
        for delivery in deliveries:
            try:
                done = self._deliver(queue, delivery)
            except UnavailableError:
                again.append(delivery.message_id)
            except AttemptFailedError as error:
                (again if error.retryable else dropped).append(delivery.message_id)
            else:
                (sent if done else dropped).append(delivery.message_id)
        return Notified(sent=tuple(sent), dropped=tuple(dropped), again=tuple(again))

    def _deliver(self, queue: Notifications, delivery: Delivery[Notification]) -> bool:
        notification = delivery.message
        if isinstance(notification, Unreadable):
            queue.bury(delivery)
            return False
        try:
            letter = self.history.get_dead_letter(notification.tenant_id, notification.dead_letter_id)
            user = self.accounts.by_id(letter.tenant_id, letter.user_id or "")
        except NotFoundError:
            return False
        self.mailer.send(failure_mail(letter, user, self.sender_address))
        return True


def failure_mail(letter: DeadLetter, user: User, sender_address: str) -> Mail:
    """The mail that reports ``letter`` to ``user``."""
    name = " ".join((letter.job_name or letter.job_id or "").split())
    due = "an unknown instant" if letter.due_at is None else iso(letter.due_at)
    lines = [
        f"The job {name!r} (task {letter.task}) was due at {due}.",
        f"It failed for good after {letter.attempts} attempt(s).",
        "",
        f"Why it will not be tried again: {letter.reason}.",
        f"Last error: {letter.error_code or 'unknown'}: {letter.error_message or ''}",
        "",
        f"Job: {letter.job_id}",
        f"Dead letter: {letter.dead_letter_id}",
        f"Failed at: {iso(letter.failed_at)}",
    ]
    return Mail(
        message_id=f"{letter.dead_letter_id}.failure@{sender_address.rpartition('@')[2]}",
        sender=sender_address,
        to=(user.email,),
        subject=f"Job failed: {name}"[:200],
        text="\n".join(lines) + "\n",
    )
