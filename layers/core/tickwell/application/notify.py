"""Tell people what happened (C25, X14, X23), apart from the worker, with retries of its own."""

import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from tickwell.application.account_mails import SendAccountMail
from tickwell.application.notice import Notice, ReadNotice
from tickwell.application.ports import Clock, Delivery, NotificationLog, Notifications
from tickwell.application.tell import Tell
from tickwell.domain.account_mail import AccountMail
from tickwell.domain.errors import AttemptFailedError, NotFoundError, UnavailableError
from tickwell.domain.notification import Channel, Notification, NotificationRecord, pause_after

Told = Delivery[Notification | AccountMail]

_log = logging.getLogger("tickwell")


@dataclass(frozen=True, kw_only=True, slots=True)
class Notified:
    """Message ids by what became of them.

    ``dropped``: there was nobody to tell, or they were told already. ``failed``: refused or given up, and recorded so.
    """

    sent: tuple[str, ...]
    dropped: tuple[str, ...]
    failed: tuple[str, ...]
    again: tuple[str, ...]


class _Ending(StrEnum):
    SENT = "sent"
    DROPPED = "dropped"
    FAILED = "failed"
    AGAIN = "again"


@dataclass(frozen=True, kw_only=True, slots=True)
class Notify:
    """The use case; see ``__call__``."""

    read_notice: ReadNotice
    channels: Mapping[Channel, Tell]
    records: NotificationLog
    account_mails: SendAccountMail
    clock: Clock

    def __call__(self, queue: Notifications, deliveries: Sequence[Told]) -> Notified:
        """Deliver all side by side, so that a slow target delays no other.

        What fails is released to come again after growing pauses, about a day long; then it is recorded as failed, and
        goes to the dead letter queue. What its target refuses for good is recorded at once.
        """
        if not deliveries:
            return Notified(sent=(), dropped=(), failed=(), again=())
        with ThreadPoolExecutor(len(deliveries), thread_name_prefix="notify") as pool:
            endings = list(pool.map(lambda delivery: self._deal_with(queue, delivery), deliveries))
        by_ending: dict[_Ending, list[str]] = {ending: [] for ending in _Ending}
        for delivery, ending in zip(deliveries, endings, strict=True):
            by_ending[ending].append(delivery.message_id)
        return Notified(**{ending.value: tuple(ids) for ending, ids in by_ending.items()})

    def _deal_with(self, queue: Notifications, delivery: Told) -> _Ending:
        try:
            if isinstance(delivery.message, AccountMail):
                return self._write(queue, delivery, delivery.message)
            return self._deliver(queue, delivery)
        except NotFoundError:  # what was to be told, or whom, is gone
            return _Ending.DROPPED
        except UnavailableError:
            self._release(queue, delivery)
        except Exception:  # noqa: BLE001 - of whatever kind: it is logged, and must not hold up the rest of the batch
            _log.exception("notification failed", extra={"action": "notification.error"})
            self._release(queue, delivery)
        return _Ending.AGAIN

    def _deliver(self, queue: Notifications, delivery: Told) -> _Ending:
        notification = delivery.message
        if not isinstance(notification, Notification):
            queue.bury(delivery)
            return _Ending.DROPPED
        if self._was_sent(notification):
            return _Ending.DROPPED
        notice = self.read_notice(notification.event)
        tell = self.channels[notification.channel]
        target = tell.target(notice, notification.endpoint_id)
        try:
            tell.tell(notice, notification.endpoint_id)
        except AttemptFailedError as error:
            if not error.retryable:
                self._record(notification, notice, target, tell.reason(error))
                return _Ending.FAILED
            if pause_after(delivery.receive_count) is not None:
                self._release(queue, delivery)
                return _Ending.AGAIN
            self._record(notification, notice, target, tell.reason(error))
            queue.bury(delivery)
            return _Ending.FAILED
        self._record(notification, notice, target, None)
        return _Ending.SENT

    def _write(self, queue: Notifications, delivery: Told, mail: AccountMail) -> _Ending:
        """Nothing is kept of it: whoever waits for such a mail can ask for another one."""
        try:
            self.account_mails(mail)
        except AttemptFailedError as error:
            if error.retryable and pause_after(delivery.receive_count) is not None:
                self._release(queue, delivery)
                return _Ending.AGAIN
            # Not the error's own words: mail servers repeat addresses.
            extra = {"action": "account_mail.failed", "kind": mail.kind.value, "reason": error.error_code}
            _log.error("account mail failed for good", extra=extra)
            return _Ending.FAILED
        return _Ending.SENT

    def _was_sent(self, notification: Notification) -> bool:
        """Whether a duplicate was delivered before; for alerts also another one of the same span of time."""
        event = notification.event
        found = self.records.about(event.tenant_id, event.job_id, due_at=event.due_at, attempt=event.attempt)
        return any(r.notification_id == notification.notification_id and r.error is None for r in found)

    def _record(self, notification: Notification, notice: Notice, target: str, error: str | None) -> None:
        event = notification.event
        self.records.put(
            NotificationRecord(
                tenant_id=event.tenant_id,
                job_id=event.job_id,
                due_at=event.due_at,
                attempt=event.attempt,
                notification_id=notification.notification_id,
                channel=notification.channel,
                target=target,
                event_type=event.type.value,
                error=error,
                at=self.clock.now(),
                expires_at=notice.expires_at,
            )
        )
        if error is not None:
            extra = {"action": "notification.failed", "notification_id": notification.notification_id, "target": target}
            _log.error("notification failed for good", extra={**extra, "tenant_id": event.tenant_id, "reason": error})

    def _release(self, queue: Notifications, delivery: Told) -> None:
        """If that fails the message comes again when its visibility ends."""
        with suppress(UnavailableError):
            queue.release(delivery, delay_seconds=pause_after(delivery.receive_count) or _LAST_PAUSE_SECONDS)


_LAST_PAUSE_SECONDS = 3600
"""Between tries beyond the last one, which only a failing store can bring about."""
