"""The Lambda functions: one builder each, on DynamoDB, SQS, EventBridge Scheduler, SES, S3 and Secrets Manager."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Protocol

import boto3
from botocore.config import Config

from tickwell.adapters.aws.dynamodb.accounts import DynamoAccountStore
from tickwell.adapters.aws.dynamodb.api_keys import DynamoApiKeyStore
from tickwell.adapters.aws.dynamodb.audit import DynamoAuditLog
from tickwell.adapters.aws.dynamodb.counts import DynamoTenantCounts
from tickwell.adapters.aws.dynamodb.due import DynamoDueItems
from tickwell.adapters.aws.dynamodb.erasure import DynamoErasure
from tickwell.adapters.aws.dynamodb.history import DynamoHistory
from tickwell.adapters.aws.dynamodb.job_listing import DynamoJobListing
from tickwell.adapters.aws.dynamodb.jobs import DynamoJobStore
from tickwell.adapters.aws.dynamodb.members import DynamoMemberStore
from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
from tickwell.adapters.aws.dynamodb.notifying import DynamoNotificationLog, DynamoWebhookStore
from tickwell.adapters.aws.dynamodb.stop_switch import DynamoStopSwitch
from tickwell.adapters.aws.dynamodb.table import Table
from tickwell.adapters.aws.dynamodb.workers import DynamoWorkerLog
from tickwell.adapters.aws.sqs import SqsQueue, deliveries_from_event
from tickwell.adapters.blob_archive import BlobArchive
from tickwell.adapters.host import ProcessHost
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.application.alert_operator import AlertOperator
from tickwell.application.arming import Arming
from tickwell.application.consume_dead_letters import ConsumeDeadLetters
from tickwell.application.delete_tenant import EraseTenants
from tickwell.application.dispatch import Dispatch
from tickwell.application.execute_batch import BatchReport, ExecuteBatch, JobDelivery, JobQueue
from tickwell.application.follow_outcomes import FollowOutcomes
from tickwell.application.health import NotificationQueues
from tickwell.application.heartbeat import Heartbeat
from tickwell.application.notify import Notify
from tickwell.application.ports import BlobStore, FarTimer, Lanes, Notifications
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.safety_sync import SafetySync
from tickwell.bootstrap.core import AUDIT_RETENTION, LONGEST_ON_LAMBDA, Core, Notifying, Outbound
from tickwell.bootstrap.measuring import Measuring
from tickwell.domain.lane import Lane
from tickwell.domain.notification import Channel
from tickwell.messages import decode_job_message, decode_notification, encode_job_message, encode_notification
from tickwell.settings import (
    ApiSettings,
    ArchiveSettings,
    ArmingSettings,
    DeadLetterSettings,
    DispatcherSettings,
    FarTimerKind,
    LaneSettings,
    NotifierSettings,
    OutcomesSettings,
    SafetySyncSettings,
    StoreSettings,
    WorkerSettings,
    load,
    secrets_of,
)

JWT_SIGNING_KEY = "jwt-signing-key"
_WATCH_SECONDS = 5.0
_POOL = 16

# A write must not outlive the 20 s that a due item may be ahead of its job (rule 1): 2 tries of at most 4 s.
_CONFIG = Config(
    connect_timeout=1,
    read_timeout=3,
    retries={"mode": "standard", "total_max_attempts": 2},
    max_pool_connections=_POOL,
    parameter_validation=False,
)

# A mail whose answer is slow may have been sent: the SDK must not send it once more, the job's policy decides.
_MAIL_CONFIG = Config(connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 1})


class LambdaContext(Protocol):
    """What Lambda tells a function about its invocation."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the function is stopped."""
        ...


@cache
def _client(service: str) -> Any:
    config = _MAIL_CONFIG if service == "sesv2" else _CONFIG
    return boto3.client(service, config=config)  # type: ignore[call-overload]  # one overload per service name


def forget_clients() -> None:
    """Make new clients from now on, for another account or region."""
    _client.cache_clear()


@cache
def _clock() -> SystemClock:
    return SystemClock()


def deadline(context: LambdaContext) -> datetime:
    """When Lambda will stop this invocation."""
    return _clock().now() + timedelta(milliseconds=context.get_remaining_time_in_millis())


def open_table(name: str) -> Table:
    """The table ``name`` in the account and region that the SDK finds."""
    return Table(_client("dynamodb"), name, ThreadPoolExecutor(_POOL, thread_name_prefix="dynamodb"))


def _table(settings: StoreSettings) -> Table:
    return open_table(settings.table)


def _lane_urls(settings: LaneSettings) -> Mapping[Lane, str]:
    return {
        Lane.HIGH: settings.lane_high_url,
        Lane.MEDIUM: settings.lane_medium_url,
        Lane.LOW: settings.lane_low_url,
        Lane.HEAVY: settings.lane_heavy_url,
    }


def _lanes(settings: LaneSettings, dead_letter_url: str | None = None) -> Lanes:
    return {lane: _job_queue(url, dead_letter_url) for lane, url in _lane_urls(settings).items()}


def _job_queue(url: str, dead_letter_url: str | None) -> JobQueue:
    return SqsQueue(_client("sqs"), url, dead_letter_url, encode_job_message, decode_job_message)


def _notifications(url: str, dead_letter_url: str | None) -> Notifications:
    return SqsQueue(_client("sqs"), url, dead_letter_url, encode_notification, decode_notification)


def _far_timer(settings: ArmingSettings) -> FarTimer:
    if settings.far_timer is FarTimerKind.SWEEP:
        return SweepFarTimer()
    from tickwell.adapters.aws.scheduler import SchedulerFarTimer

    return SchedulerFarTimer(
        _client("scheduler"),
        settings.schedule_group,
        settings.dispatch_queue_arn,
        settings.schedule_role_arn,
        _clock(),
    )


def _core(settings: Any, table: Table, lanes: Lanes) -> Core:
    """``settings``: those of any function that uses the store and the bucket, arms occurrences and writes history."""
    clock = _clock()
    ids = SystemIds(clock)
    queues = DynamoQueueStore(table, clock, draw=ids.draw)
    return Core(
        jobs=DynamoJobStore(table, clock, settings.retention),
        listing=DynamoJobListing(table, clock, DynamoTenantCounts(table, clock)),
        history=DynamoHistory(table, clock),
        queues=queues,
        directory=QueueDirectory(queues, clock),
        stop_switch=DynamoStopSwitch(table),
        audit_log=DynamoAuditLog(table, clock),
        erasure=DynamoErasure(table),
        arming=Arming(
            due_items=DynamoDueItems(table, clock),
            lanes=lanes,
            far_timer=_far_timer(settings),
            clock=clock,
            direct_horizon=settings.direct_horizon,
        ),
        blobs=_blobs(settings.blob_bucket),
        clock=clock,
        ids=ids,
        retention=settings.retention,
        longest_attempt=getattr(settings, "longest_attempt", LONGEST_ON_LAMBDA),
        audit_retention=getattr(settings, "audit_retention", AUDIT_RETENTION),
    )


def _notifying(table: Table) -> Notifying:
    return Notifying(webhooks=DynamoWebhookStore(table), records=DynamoNotificationLog(table, _clock()))


def _blobs(bucket: str) -> BlobStore:
    from tickwell.adapters.aws.s3 import S3Blobs

    return S3Blobs(_client("s3"), bucket)


def api() -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """functions/api: answers API Gateway's events."""
    from tickwell.adapters.aws.dynamodb.rates import DynamoRateLimiter
    from tickwell.adapters.aws.dynamodb.submissions import DynamoSubmissions
    from tickwell.adapters.aws.secrets_manager import SecretsManagerSecrets
    from tickwell.adapters.key_ring import KeyRing
    from tickwell.adapters.passwords import Argon2Hasher
    from tickwell.adapters.tokens import JwtTokens
    from tickwell.bootstrap.accounts import Accounts
    from tickwell.bootstrap.limits import Guards, request_limits
    from tickwell.bootstrap.oidc import foreign_tokens
    from tickwell.http.app import build_app
    from tickwell.tasks.registry import all_tasks

    settings = load(ApiSettings)
    table = _table(settings)
    core = _core(settings, table, _lanes(settings))
    limiter = DynamoRateLimiter(table, core.clock)
    secrets = SecretsManagerSecrets(_client("secretsmanager"), {JWT_SIGNING_KEY: settings.jwt_secret_id})
    services = core.api(
        accounts=Accounts(
            accounts=DynamoAccountStore(table),
            api_keys=DynamoApiKeyStore(table),
            members=DynamoMemberStore(table, core.clock),
            mails=_notifications(settings.notification_url, None),
            hasher=Argon2Hasher(),
            tokens=JwtTokens(KeyRing(lambda: secrets.get_newest(JWT_SIGNING_KEY)), core.ids),
            limiter=limiter,
            clock=core.clock,
            ids=core.ids,
            foreign=foreign_tokens(settings),
        ),
        notifying=_notifying(table),
        measuring=Measuring(
            counts=DynamoTenantCounts(table, core.clock),
            workers=DynamoWorkerLog(table, core.clock),
            host=ProcessHost(int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "0")) or None),
            notifications=NotificationQueues(
                queues=(_notifications(settings.notification_url, None),),
                failed=_notifications(settings.notification_dlq_url, None),
            ),
        ),
        registry=all_tasks(),
        guards=Guards(
            limits=request_limits(settings, limiter, core.clock),
            submissions=DynamoSubmissions(table, core.clock),
        ),
        stage=settings.stage,
        allowed_origins=settings.allowed_origins,
    )
    return build_app(services, local=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Worker:
    """What functions/worker needs."""

    execute: ExecuteBatch
    lanes: Mapping[str, tuple[Lane, JobQueue]]
    heartbeat: Heartbeat

    async def run(
        self, lane: Lane, queue: JobQueue, deliveries: Sequence[JobDelivery], *, deadline: datetime
    ) -> BatchReport:
        """Execute a batch, and tell meanwhile that this instance is at work."""
        report = BatchReport()
        beating = asyncio.create_task(self.heartbeat.keep((lane,), lambda: len(deliveries) - report.done))
        try:
            return await self.execute(queue, deliveries, deadline=deadline, report=report)
        finally:
            beating.cancel()

    def open(self, event: Mapping[str, Any]) -> tuple[Lane, JobQueue, Sequence[JobDelivery]]:
        """The lane that a batch came from, its queue, and what it delivers. One batch never mixes lanes."""
        name = event["Records"][0]["eventSourceARN"].rpartition(":")[2]
        lane, queue = self.lanes[name]
        return lane, queue, deliveries_from_event(event, decode_job_message)


def _own_credentials(settings: WorkerSettings) -> tuple[str, ...]:
    """What nobody may read in an attempt's record: the settings' secrets, and the keys of the function's role."""
    names = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
    return (*secrets_of(settings), *(os.environ[name] for name in names if name in os.environ))


def worker() -> Worker:
    """functions/worker: runs jobs."""
    from tickwell.adapters.aws.ses import SesMailer
    from tickwell.adapters.processes.pool import ChildSettings
    from tickwell.bootstrap.task_process import process_pool
    from tickwell.tasks.registry import all_tasks

    settings = load(WorkerSettings)
    lanes = _lanes(settings, settings.lane_dlq_url)
    table = _table(settings)
    core = _core(settings, table, lanes)
    outbound = Outbound(
        mailer=SesMailer(_client("sesv2"), core.clock),
        sender_address=settings.sender_address,
        allow_private_hosts=settings.allow_private_hosts,
    )
    execute = core.execute(
        registry=all_tasks(),
        blobs=_blobs(settings.blob_bucket),
        outbound=outbound,
        processes=process_pool(
            ChildSettings(memory_mb=settings.task_memory_mb, allow_private_hosts=settings.allow_private_hosts),
            size=settings.task_processes,
            variables=settings.task_variables,
            cloud=True,
        ),
        secrets=_own_credentials(settings),
        watch_seconds=_WATCH_SECONDS,
    )
    return Worker(
        execute=execute,
        lanes={url.rpartition("/")[2]: (lane, lanes[lane]) for lane, url in _lane_urls(settings).items()},
        heartbeat=Heartbeat(
            workers=DynamoWorkerLog(table, core.clock),
            clock=core.clock,
            worker_id=core.ids.new(),
            interval=timedelta(seconds=settings.worker_heartbeat_seconds),
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Dispatcher:
    """What functions/dispatcher needs."""

    dispatch: Dispatch
    queue: JobQueue


def dispatcher() -> Dispatcher:
    """functions/dispatcher: from the dispatch queue to the lanes."""
    settings = load(DispatcherSettings)
    return Dispatcher(
        dispatch=Dispatch(lanes=_lanes(settings), clock=_clock()),
        queue=_job_queue(settings.dispatch_queue_url, settings.dispatch_dlq_url),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Sync:
    """What functions/safety_sync needs."""

    sync: SafetySync
    alert: AlertOperator
    erase: EraseTenants


def safety_sync() -> Sync:
    """functions/safety_sync."""
    settings = load(SafetySyncSettings)
    core = _core(settings, _table(settings), _lanes(settings))
    return Sync(
        sync=core.safety_sync(sweeps=settings.far_timer is FarTimerKind.SWEEP),
        alert=AlertOperator(notifications=_notifications(settings.notification_url, None), clock=core.clock),
        erase=core.erase_tenants(),
    )


def dead_letter() -> ConsumeDeadLetters:
    """functions/dead_letter."""
    settings = load(DeadLetterSettings)
    return _core(settings, _table(settings), _lanes(settings)).consume_dead_letters()


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcomes:
    """What functions/outcomes needs."""

    follow: FollowOutcomes
    counts: DynamoTenantCounts


def outcomes() -> Outcomes:
    """functions/outcomes."""
    settings = load(OutcomesSettings)
    table = _table(settings)
    channels = dict.fromkeys(Channel, _notifications(settings.notification_url, None))
    return Outcomes(
        follow=FollowOutcomes(channels=channels, webhooks=DynamoWebhookStore(table)),
        counts=DynamoTenantCounts(table, _clock()),
    )


def archive() -> BlobArchive:
    """functions/archive."""
    return BlobArchive(_blobs(load(ArchiveSettings).blob_bucket))


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifier:
    """What functions/notifier needs."""

    notify: Notify
    queue: Notifications


def notifier() -> Notifier:
    """functions/notifier."""
    from tickwell.adapters.aws.ses import SesMailer

    settings = load(NotifierSettings)
    table, clock = _table(settings), _clock()
    notify = _notifying(table).notify(
        jobs=DynamoJobStore(table, clock),
        history=DynamoHistory(table, clock),
        accounts=DynamoAccountStore(table),
        members=DynamoMemberStore(table, clock),
        outbound=Outbound(
            mailer=SesMailer(_client("sesv2"), clock),
            sender_address=settings.sender_address,
            allow_private_hosts=settings.allow_private_hosts,
            operator_address=settings.operator_address,
            public_url=settings.public_url,
        ),
        clock=clock,
        ids=SystemIds(clock),
    )
    return Notifier(notify=notify, queue=_notifications(settings.notification_url, settings.notification_dlq_url))
