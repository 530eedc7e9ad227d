"""The local server: everything in one process, on the embedded engine."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tickwell.adapters.blob_archive import BlobArchive
from tickwell.adapters.embedded.accounts import EmbeddedAccountStore
from tickwell.adapters.embedded.api_keys import EmbeddedApiKeyStore
from tickwell.adapters.embedded.audit import EmbeddedAuditLog
from tickwell.adapters.embedded.counts import EmbeddedTenantCounts
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.due import EmbeddedDueItems
from tickwell.adapters.embedded.erasure import EmbeddedErasure
from tickwell.adapters.embedded.expiry import EmbeddedExpiry
from tickwell.adapters.embedded.files import FileBlobs
from tickwell.adapters.embedded.history import EmbeddedHistory
from tickwell.adapters.embedded.job_listing import EmbeddedJobListing
from tickwell.adapters.embedded.jobs import EmbeddedJobStore
from tickwell.adapters.embedded.members import EmbeddedMemberStore
from tickwell.adapters.embedded.named_queues import EmbeddedQueueStore
from tickwell.adapters.embedded.notifying import EmbeddedNotificationLog, EmbeddedWebhookStore
from tickwell.adapters.embedded.outbox import OutboxMailer
from tickwell.adapters.embedded.outcome_feed import EmbeddedOutcomeFeed
from tickwell.adapters.embedded.queues import EmbeddedQueue
from tickwell.adapters.embedded.quotas import EmbeddedQuotaStore
from tickwell.adapters.embedded.rates import EmbeddedRateLimiter
from tickwell.adapters.embedded.secrets import FileSecrets
from tickwell.adapters.embedded.smtp import SmtpMailer, SmtpSecurity
from tickwell.adapters.embedded.stop_switch import EmbeddedStopSwitch
from tickwell.adapters.embedded.submissions import EmbeddedSubmissions
from tickwell.adapters.embedded.workers import EmbeddedWorkerLog
from tickwell.adapters.host import ProcessHost
from tickwell.adapters.key_ring import KeyRing
from tickwell.adapters.passwords import Argon2Hasher
from tickwell.adapters.processes.pool import ChildSettings, ProcessPool
from tickwell.adapters.sweep_timer import SweepFarTimer
from tickwell.adapters.system import SystemClock, SystemIds
from tickwell.adapters.tokens import JwtTokens
from tickwell.application.alert_operator import AlertOperator
from tickwell.application.arming import Arming
from tickwell.application.consume_dead_letters import ConsumeDeadLetters
from tickwell.application.delete_tenant import EraseTenants
from tickwell.application.execute_batch import ExecuteBatch, JobQueue
from tickwell.application.follow_outcomes import Channels, FollowOutcomes
from tickwell.application.health import NotificationQueues
from tickwell.application.heartbeat import Heartbeat
from tickwell.application.notify import Notify
from tickwell.application.ports import Clock, Lanes, Mailer, Notifications
from tickwell.application.queue_directory import QueueDirectory
from tickwell.application.safety_sync import SafetySync
from tickwell.bootstrap.accounts import Accounts
from tickwell.bootstrap.core import Core
from tickwell.bootstrap.exporting import export_from_database
from tickwell.bootstrap.limits import Guards, quotas, request_limits
from tickwell.bootstrap.measuring import Measuring
from tickwell.bootstrap.oidc import foreign_tokens
from tickwell.bootstrap.outbound import Notifying, Outbound
from tickwell.bootstrap.task_process import process_pool
from tickwell.domain.lane import Lane
from tickwell.domain.notification import Channel
from tickwell.http.app import build_app
from tickwell.http.asgi import AsgiApp
from tickwell.messages import decode_job_message, decode_notification, encode_job_message, encode_notification
from tickwell.settings.local import LocalSettings
from tickwell.settings.reading import secrets_of
from tickwell.tasks.registry import all_tasks

_LANE_DEAD_LETTERS = "lane-dlq"
_NOTIFICATION_DEAD_LETTERS = "notification-dlq"
_VISIBILITY_MARGIN_SECONDS = 30
_AHEAD_SECONDS = 0.05
"""How long before its instant a worker has a message in hand: longer than a look into the database ever takes."""
_NOTIFICATION_VISIBILITY_SECONDS = 90
_NOTIFICATION_MAX_RECEIVES = 15
_NOTIFICATION_QUEUES = {Channel.EMAIL: "notifications", Channel.WEBHOOK: "webhooks"}
"""One for each channel, so that slow webhooks leave the threads of mail alone."""
_JWT_SIGNING_KEY = "jwt-signing-key"
_WATCH_SECONDS = 1.0

HEARTBEAT_INTERVAL = timedelta(seconds=10)
"""How often the process tells that it is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LocalSystem:
    """What the local server serves and drives."""

    http: AsgiApp
    lanes: Lanes
    lane_dead_letters: JobQueue
    notifications: Channels
    execute: ExecuteBatch
    safety_sync: SafetySync
    erase_tenants: EraseTenants
    alert_operator: AlertOperator
    consume_dead_letters: ConsumeDeadLetters
    outcome_feed: EmbeddedOutcomeFeed
    expiry: EmbeddedExpiry
    follow_outcomes: FollowOutcomes
    notify: Notify
    heartbeat: Heartbeat
    clock: Clock
    close: Callable[[], None]


def local(settings: LocalSettings) -> LocalSystem:
    """Open (or make) the data directory and build the system on it.

    Raises OSError or UnavailableError when the directory or the database cannot be used.
    """
    folder = settings.data_dir
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    database = Database(folder / "tickwell.db")
    clock = SystemClock()
    return _system(settings, folder, database, clock)


def _system(settings: LocalSettings, folder: Path, database: Database, clock: SystemClock) -> LocalSystem:
    ids = SystemIds(clock)
    lanes = {lane: _lane(database, clock, lane, settings) for lane in Lane}
    notifications = {channel: _notifications(database, clock, name) for channel, name in _NOTIFICATION_QUEUES.items()}
    notifying = Notifying(webhooks=EmbeddedWebhookStore(database), records=EmbeddedNotificationLog(database, clock))
    blobs = FileBlobs(folder / "blobs")
    mailer = _mailer(settings, folder, clock)
    workers = EmbeddedWorkerLog(database, clock)
    accounts = EmbeddedAccountStore(database)
    members = EmbeddedMemberStore(database, clock)
    queues = EmbeddedQueueStore(database, clock)
    core = Core(
        jobs=EmbeddedJobStore(database, clock),
        listing=EmbeddedJobListing(database, clock),
        history=EmbeddedHistory(database, clock),
        queues=queues,
        directory=QueueDirectory(queues, clock),
        stop_switch=EmbeddedStopSwitch(database),
        audit_log=EmbeddedAuditLog(database, clock),
        erasure=EmbeddedErasure(database),
        arming=Arming(
            due_items=EmbeddedDueItems(database, clock),
            lanes=lanes,
            far_timer=SweepFarTimer(),
            clock=clock,
            direct_horizon=settings.direct_horizon,
        ),
        blobs=blobs,
        clock=clock,
        ids=ids,
        retention=settings.retention,
        longest_attempt=settings.longest_attempt,
        audit_retention=settings.audit_retention,
    )
    rates = EmbeddedRateLimiter(folder / "limits.db", clock)
    guards = Guards(
        limits=request_limits(settings, rates, clock),
        submissions=EmbeddedSubmissions(database, clock),
        quotas=quotas(settings, EmbeddedQuotaStore(database), clock),
    )
    registry = all_tasks()
    processes = _processes(settings)
    file_secrets = FileSecrets(folder / "secrets")
    signing_keys = file_secrets.ensure(_JWT_SIGNING_KEY, lambda: secrets.token_urlsafe(48))
    outbound = Outbound(
        mailer=mailer,
        sender_address=settings.sender_address,
        allow_private_hosts=settings.allow_private_hosts,
        operator_address=settings.operator_address,
        public_url=settings.public_url,
    )

    def close() -> None:
        processes.close()
        rates.close()
        database.close()

    return LocalSystem(
        http=build_app(
            core.api(
                accounts=Accounts(
                    accounts=accounts,
                    api_keys=EmbeddedApiKeyStore(database),
                    members=members,
                    mails=notifications[Channel.EMAIL],
                    hasher=Argon2Hasher(),
                    tokens=JwtTokens(KeyRing(lambda: file_secrets.get(_JWT_SIGNING_KEY)), ids),
                    limiter=rates,
                    clock=clock,
                    ids=ids,
                    foreign=foreign_tokens(settings),
                ),
                notifying=notifying,
                measuring=Measuring(
                    counts=EmbeddedTenantCounts(database, clock),
                    workers=workers,
                    host=ProcessHost(),
                    notifications=NotificationQueues(
                        queues=tuple(notifications.values()),
                        failed=_notifications(database, clock, _NOTIFICATION_DEAD_LETTERS),
                    ),
                ),
                registry=registry,
                guards=guards,
                export_tenant=export_from_database(database, blobs, clock),
                stage=settings.stage,
                allowed_origins=settings.allowed_origins,
            ),
            local=True,
        ),
        lanes=lanes,
        lane_dead_letters=EmbeddedQueue(
            database,
            _LANE_DEAD_LETTERS,
            None,
            encode_job_message,
            decode_job_message,
            clock,
            visibility_seconds=_NOTIFICATION_VISIBILITY_SECONDS,
        ),
        notifications=notifications,
        execute=core.execute(
            registry=registry,
            blobs=blobs,
            outbound=outbound,
            processes=processes,
            secrets=(*signing_keys.split(), *secrets_of(settings)),
            watch_seconds=_WATCH_SECONDS,
        ),
        erase_tenants=core.erase_tenants(),
        safety_sync=core.safety_sync(sweeps=True),
        alert_operator=AlertOperator(notifications=notifications[Channel.EMAIL], clock=clock),
        consume_dead_letters=core.consume_dead_letters(),
        outcome_feed=EmbeddedOutcomeFeed(database),
        expiry=EmbeddedExpiry(database, clock, BlobArchive(blobs) if settings.archive else None),
        follow_outcomes=FollowOutcomes(channels=notifications, webhooks=notifying.webhooks),
        notify=notifying.notify(
            jobs=core.jobs,
            history=core.history,
            accounts=accounts,
            members=members,
            outbound=outbound,
            clock=clock,
            ids=ids,
        ),
        heartbeat=Heartbeat(workers=workers, clock=clock, worker_id=ids.new(), interval=HEARTBEAT_INTERVAL),
        clock=clock,
        close=close,
    )


def _processes(settings: LocalSettings) -> ProcessPool:
    return process_pool(
        ChildSettings(memory_mb=settings.task_memory_mb, allow_private_hosts=settings.allow_private_hosts),
        size=settings.task_processes,
        variables=settings.task_variables,
    )


def _lane(database: Database, clock: Clock, lane: Lane, settings: LocalSettings) -> JobQueue:
    return EmbeddedQueue(
        database,
        f"lane-{lane.value}",
        _LANE_DEAD_LETTERS,
        encode_job_message,
        decode_job_message,
        clock,
        visibility_seconds=settings.worker_timeout_seconds + _VISIBILITY_MARGIN_SECONDS,
        ahead_seconds=_AHEAD_SECONDS,
    )


def _notifications(database: Database, clock: Clock, name: str) -> Notifications:
    return EmbeddedQueue(
        database,
        name,
        _NOTIFICATION_DEAD_LETTERS,
        encode_notification,
        decode_notification,
        clock,
        visibility_seconds=_NOTIFICATION_VISIBILITY_SECONDS,
        max_receives=_NOTIFICATION_MAX_RECEIVES,
    )


def _mailer(settings: LocalSettings, folder: Path, clock: Clock) -> Mailer:
    if settings.smtp_host is None:
        return OutboxMailer(folder / "outbox", clock)
    password = settings.smtp_password
    return SmtpMailer(
        host=settings.smtp_host,
        port=settings.smtp_port,
        security=SmtpSecurity(settings.smtp_security),
        user=settings.smtp_user,
        password=None if password is None else password.get_secret_value(),
        clock=clock,
    )
