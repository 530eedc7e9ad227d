"""functions/outcomes."""

from dataclasses import dataclass

from tickwell.adapters.aws.dynamodb.caller_keys import DynamoCallerKeys
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.adapters.aws.dynamodb.notifying import DynamoWebhookStore
from tickwell.adapters.system import SystemClock
from tickwell.application.follow_outcomes import FollowOutcomes
from tickwell.bootstrap.aws.clients import open_notifications, open_table
from tickwell.domain.notification import Channel
from tickwell.settings.functions import OutcomesSettings
from tickwell.settings.reading import load


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What the handler needs."""

    follow: FollowOutcomes
    counts: DynamoTenantCounts
    caller_keys: DynamoCallerKeys


def build() -> Outcomes:
    """What follows from what was written."""
    settings = load(OutcomesSettings)
    table = open_table(settings.table)
    channels = dict.fromkeys(Channel, open_notifications(settings.notification_url))
    return Outcomes(
        follow=FollowOutcomes(channels=channels, webhooks=DynamoWebhookStore(table)),
        counts=DynamoTenantCounts(table, SystemClock()),
        caller_keys=DynamoCallerKeys(table),
    )
