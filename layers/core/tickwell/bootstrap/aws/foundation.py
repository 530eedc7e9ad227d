"""The core on AWS: what each function stands on that arms occurrences and writes history."""

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from tickwell.adapters.aws.dynamodb.audit import DynamoAuditLog
from tickwell.adapters.aws.dynamodb.caller_keys import DynamoCallerKeys
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.adapters.aws.dynamodb.due import DynamoDueItems
from tickwell.adapters.aws.dynamodb.erasure import DynamoErasure
from tickwell.adapters.aws.dynamodb.history import DynamoHistory
from tickwell.adapters.aws.dynamodb.job_listing import DynamoJobListing
from tickwell.adapters.aws.dynamodb.jobs import DynamoJobStore
from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
from tickwell.adapters.aws.dynamodb.secret_names import DynamoSecretNames
from tickwell.adapters.aws.dynamodb.stop_switch import DynamoStopSwitch
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.tenant_secrets import SecretsManagerTenantSecrets
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.application.arming import Arming
from tickwell.application.ports import Clock, FarTimer, Lanes
from tickwell.application.queue_directory import QueueDirectory
from tickwell.bootstrap.aws.clients import LaterClient, client, open_blobs, open_threads
from tickwell.bootstrap.core import AUDIT_RETENTION, LONGEST_ON_LAMBDA, Core
from tickwell.settings.functions import CoreSettings
from tickwell.settings.shared import ArmingSettings, FarTimerKind

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

    from tickwell.bootstrap.outbound import Notifying


def core_of(
    settings: CoreSettings,
    table: Table,
    lanes: Lanes,
    *,
    longest_attempt: timedelta = LONGEST_ON_LAMBDA,
    audit_retention: timedelta = AUDIT_RETENTION,
) -> Core:
    """The core on one table, its bucket and its lanes."""
    clock = SystemClock()
    ids = SystemIds(clock)
    queues = DynamoQueueStore(table, clock, draw=ids.draw)
    return Core(
        jobs=DynamoJobStore(table, clock, settings.retention),
        listing=DynamoJobListing(table, clock, DynamoTenantCounts(table, clock)),
        caller_keys=DynamoCallerKeys(table),
        history=DynamoHistory(table, clock),
        queues=queues,
        directory=QueueDirectory(queues, clock),
        stop_switch=DynamoStopSwitch(table),
        audit_log=DynamoAuditLog(table, clock),
        erasure=DynamoErasure(table),
        tenant_secrets=_tenant_secrets(settings, table, clock),
        arming=Arming(
            due_items=DynamoDueItems(table, clock),
            lanes=lanes,
            far_timer=_far_timer(settings, clock),
            clock=clock,
            direct_horizon=settings.direct_horizon,
        ),
        blobs=open_blobs(settings.blob_bucket),
        clock=clock,
        ids=ids,
        retention=settings.retention,
        longest_attempt=longest_attempt,
        audit_retention=audit_retention,
    )


def _tenant_secrets(settings: CoreSettings, table: Table, clock: Clock) -> SecretsManagerTenantSecrets:
    later = cast("SecretsManagerClient", LaterClient("secretsmanager"))
    return SecretsManagerTenantSecrets(later, settings.secrets_prefix, DynamoSecretNames(table), clock)


def _far_timer(settings: ArmingSettings, clock: Clock) -> FarTimer:
    if settings.far_timer is FarTimerKind.SWEEP:
        return SweepFarTimer()
    from tickwell.adapters.aws.scheduler import SchedulerFarTimer

    return SchedulerFarTimer(
        client("scheduler"),
        settings.schedule_group,
        settings.dispatch_queue_arn,
        settings.schedule_role_arn,
        clock,
        open_threads("scheduler"),
    )


def notifying_of(table: Table, clock: Clock) -> "Notifying":
    """Webhooks and what was notified, on one table."""
    from tickwell.adapters.aws.dynamodb.notifying import DynamoNotificationLog, DynamoWebhookStore
    from tickwell.bootstrap.outbound import Notifying

    return Notifying(webhooks=DynamoWebhookStore(table), records=DynamoNotificationLog(table, clock))
