"""functions/notifier."""

from dataclasses import dataclass

from tickwell.adapters.aws.dynamodb.accounts import DynamoAccountStore
from tickwell.adapters.aws.dynamodb.history import DynamoHistory
from tickwell.adapters.aws.dynamodb.jobs import DynamoJobStore
from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
from tickwell.adapters.aws.ses import SesMailer
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.application.notify import Notify
from tickwell.application.ports import Notifications
from tickwell.bootstrap.aws.clients import client, open_notifications, open_table
from tickwell.bootstrap.aws.foundation import notifying_of
from tickwell.bootstrap.outbound import Outbound
from tickwell.settings.functions import NotifierSettings
from tickwell.settings.reading import load


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifier:
    """What the handler needs."""

    notify: Notify
    queue: Notifications


def build() -> Notifier:
    """What sends notifications."""
    settings = load(NotifierSettings)
    table, clock = open_table(settings.table), SystemClock()
    notify = notifying_of(table, clock).notify(
        jobs=DynamoJobStore(table, clock),
        history=DynamoHistory(table, clock),
        accounts=DynamoAccountStore(table),
        members=DynamoMemberStore(table, clock),
        outbound=Outbound(
            mailer=SesMailer(client("sesv2"), clock),
            sender_address=settings.sender_address,
            allow_private_hosts=settings.allow_private_hosts,
            operator_address=settings.operator_address,
            public_url=settings.public_url,
        ),
        clock=clock,
        ids=SystemIds(clock),
    )
    return Notifier(notify=notify, queue=open_notifications(settings.notification_url, settings.notification_dlq_url))
