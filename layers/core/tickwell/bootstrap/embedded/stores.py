"""All stores of the embedded engine."""

from dataclasses import dataclass

from tickwell.adapters.embedded.accounts import EmbeddedAccountStore
from tickwell.adapters.embedded.api_keys import EmbeddedApiKeyStore
from tickwell.adapters.embedded.audit import EmbeddedAuditLog
from tickwell.adapters.embedded.caller_keys import EmbeddedCallerKeys
from tickwell.adapters.embedded.counts import EmbeddedTenantCounts
from tickwell.adapters.embedded.database import Database
from tickwell.adapters.embedded.due import EmbeddedDueItems
from tickwell.adapters.embedded.erasure import EmbeddedErasure
from tickwell.adapters.embedded.history import EmbeddedHistory
from tickwell.adapters.embedded.hooks import EmbeddedHookStore
from tickwell.adapters.embedded.job_listing import EmbeddedJobListing
from tickwell.adapters.embedded.jobs import EmbeddedJobStore
from tickwell.adapters.embedded.members import EmbeddedMemberStore
from tickwell.adapters.embedded.named_queues import EmbeddedQueueStore
from tickwell.adapters.embedded.notifying import EmbeddedNotificationLog, EmbeddedWebhookStore
from tickwell.adapters.embedded.quotas import EmbeddedQuotaStore
from tickwell.adapters.embedded.stop_switch import EmbeddedStopSwitch
from tickwell.adapters.embedded.submissions import EmbeddedSubmissions
from tickwell.adapters.embedded.workers import EmbeddedWorkerLog
from tickwell.application.ports import (
    AccountStore,
    ApiKeyStore,
    AuditLog,
    CallerKeys,
    Clock,
    DueItems,
    Erasure,
    History,
    HookStore,
    JobListing,
    JobStore,
    MemberStore,
    QueueStore,
    QuotaStore,
    StopSwitch,
    Submissions,
    TenantCounts,
    WorkerLog,
)
from tickwell.bootstrap.outbound import Notifying


@dataclass(frozen=True, kw_only=True, slots=True)
class Stores:
    """The stores on one database."""

    jobs: JobStore
    listing: JobListing
    caller_keys: CallerKeys
    history: History
    due_items: DueItems
    queues: QueueStore
    stop_switch: StopSwitch
    accounts: AccountStore
    api_keys: ApiKeyStore
    hooks: HookStore
    members: MemberStore
    audit_log: AuditLog
    erasure: Erasure
    quotas: QuotaStore
    submissions: Submissions
    notifying: Notifying
    counts: TenantCounts
    workers: WorkerLog


def stores_in(database: Database, clock: Clock) -> Stores:
    """The stores in ``database``."""
    return Stores(
        jobs=EmbeddedJobStore(database, clock),
        listing=EmbeddedJobListing(database, clock),
        caller_keys=EmbeddedCallerKeys(database),
        history=EmbeddedHistory(database, clock),
        due_items=EmbeddedDueItems(database, clock),
        queues=EmbeddedQueueStore(database, clock),
        stop_switch=EmbeddedStopSwitch(database),
        accounts=EmbeddedAccountStore(database),
        api_keys=EmbeddedApiKeyStore(database),
        hooks=EmbeddedHookStore(database),
        members=EmbeddedMemberStore(database, clock),
        audit_log=EmbeddedAuditLog(database, clock),
        erasure=EmbeddedErasure(database),
        quotas=EmbeddedQuotaStore(database),
        submissions=EmbeddedSubmissions(database, clock),
        notifying=Notifying(webhooks=EmbeddedWebhookStore(database), records=EmbeddedNotificationLog(database, clock)),
        counts=EmbeddedTenantCounts(database, clock),
        workers=EmbeddedWorkerLog(database, clock),
    )
