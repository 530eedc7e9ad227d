"""What follows from an outcome, derived from what the store recorded (rule 9)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tickwell.application.ports import Notifications, Outgoing, WebhookStore
from tickwell.domain.account_mail import AccountMail
from tickwell.domain.notification import Channel, Notification
from tickwell.domain.outcome_event import EventType, OutcomeEvent
from tickwell.domain.webhook import Webhooks

Channels = Mapping[Channel, Notifications]
"""The queue of each channel; one queue may serve several."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FollowOutcomes:
    """The use case; see ``__call__``."""

    channels: Channels
    webhooks: WebhookStore

    def __call__(self, events: Sequence[OutcomeEvent]) -> int:
        """Have everybody told who is to be told; returns how many notifications were sent to the queues.

        Each target has a message of its own, so that a dead one delays no other. May be repeated: the same event has
        the same id wherever it goes. Raises UnavailableError.
        """
        tenants = dict.fromkeys(event.tenant_id for event in events if event.type is not EventType.ALERT)
        webhooks = {tenant_id: self.webhooks.read(tenant_id) for tenant_id in tenants}
        outgoing: dict[Channel, dict[str, Outgoing[Notification | AccountMail]]] = {channel: {} for channel in Channel}
        for event in events:
            for notification in _notifications(event, webhooks.get(event.tenant_id)):
                once = outgoing[notification.channel]
                once[notification.notification_id] = Outgoing(message=notification, group=event.tenant_id)
        for channel, messages in outgoing.items():
            if messages:
                self.channels[channel].send(list(messages.values()))
        return sum(len(messages) for messages in outgoing.values())


def _notifications(event: OutcomeEvent, webhooks: Webhooks | None) -> Iterator[Notification]:
    # The mail about the final failure tells of an attempt that ran out of time and was the last.
    if event.type is not EventType.TIMED_OUT or not event.is_last:
        yield Notification(event=event, channel=Channel.EMAIL)
    for endpoint in () if webhooks is None else webhooks.endpoints:
        if endpoint.wants(event.type):
            yield Notification(event=event, channel=Channel.WEBHOOK, endpoint_id=endpoint.endpoint_id)
