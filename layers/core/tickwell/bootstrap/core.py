"""The use cases, put on whatever adapters they are given."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from tickwell import __version__
from tickwell.application.accounts import Login, Me, Register
from tickwell.application.arming import Arming
from tickwell.application.claim_attempts import ClaimAttempts
from tickwell.application.consume_dead_letters import ConsumeDeadLetters
from tickwell.application.create_job import CreateJob
from tickwell.application.execute_batch import ExecuteBatch
from tickwell.application.health import CheckHealth
from tickwell.application.http_client import HttpClient
from tickwell.application.manage_job import ChangeJob, GetJob, ListJobs
from tickwell.application.notice import ReadNotice
from tickwell.application.notify import Notify
from tickwell.application.ports import (
    AccountStore,
    BlobStore,
    Clock,
    History,
    Ids,
    JobStore,
    Mailer,
    NotificationLog,
    PasswordHasher,
    Tokens,
    WebhookStore,
)
from tickwell.application.read_history import ReadHistory
from tickwell.application.recover import Recover
from tickwell.application.run_attempt import RunAttempt
from tickwell.application.safety_sync import SafetySync
from tickwell.application.settle import Settle
from tickwell.application.task import TaskContext, TaskRegistry
from tickwell.application.tell import TellByMail, TellByWebhook
from tickwell.domain.execution import OccurrenceKey, execution_id
from tickwell.domain.job import Job, Slot
from tickwell.domain.notification import Channel
from tickwell.domain.outbound import OutboundRules

if TYPE_CHECKING:
    from tickwell.http.services import ApiServices


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """What every use case that touches jobs stands on."""

    jobs: JobStore
    history: History
    arming: Arming
    clock: Clock
    ids: Ids
    retention: timedelta

    def settle(self) -> Settle:
        """Rule 3 in one place."""
        return Settle(jobs=self.jobs, history=self.history, arming=self.arming, clock=self.clock)

    def recover(self) -> Recover:
        """Takes over from dead workers."""
        return Recover(settle=self.settle(), clock=self.clock, retention=self.retention)

    def claim_attempts(self) -> ClaimAttempts:
        """Rules 2 and 5 in one place."""
        return ClaimAttempts(
            jobs=self.jobs, history=self.history, arming=self.arming, ids=self.ids, retention=self.retention
        )

    def safety_sync(self, *, sweeps: bool) -> SafetySync:
        """Rule 6."""
        return SafetySync(
            jobs=self.jobs,
            due_items=self.arming.due_items,
            arming=self.arming,
            recover=self.recover(),
            clock=self.clock,
            ids=self.ids,
            sweeps=sweeps,
        )

    def consume_dead_letters(self) -> ConsumeDeadLetters:
        """What the lanes gave up."""
        return ConsumeDeadLetters(
            claim_attempts=self.claim_attempts(),
            recover=self.recover(),
            history=self.history,
            clock=self.clock,
            retention=self.retention,
        )

    def execute(
        self, *, registry: TaskRegistry, blobs: BlobStore, outbound: "Outbound", longest_attempt: timedelta
    ) -> ExecuteBatch:
        """The worker's use case."""
        return ExecuteBatch(
            claim_attempts=self.claim_attempts(),
            run_attempt=RunAttempt(
                registry=registry,
                contexts=outbound.context_factory(blobs, self.clock),
                blobs=blobs,
                clock=self.clock,
                ids=self.ids,
                retention=self.retention,
                longest_attempt=longest_attempt,
            ),
            settle=self.settle(),
            recover=self.recover(),
            clock=self.clock,
        )

    def api(
        self,
        *,
        accounts: AccountStore,
        notifying: "Notifying",
        hasher: PasswordHasher,
        tokens: Tokens,
        blobs: BlobStore,
        registry: TaskRegistry,
        stage: str,
        allowed_origins: tuple[str, ...],
    ) -> "ApiServices":
        """What the HTTP routes stand on."""
        from tickwell.adapters.blob_archive import BlobArchive
        from tickwell.application.read_archive import ReadArchive
        from tickwell.application.webhooks import ManageWebhooks
        from tickwell.http.services import ApiServices

        clock, ids, jobs = self.clock, self.ids, self.jobs
        return ApiServices(
            register=Register(accounts=accounts, hasher=hasher, tokens=tokens, clock=clock, ids=ids),
            login=Login(accounts=accounts, hasher=hasher, tokens=tokens, clock=clock),
            me=Me(accounts=accounts),
            create_job=CreateJob(jobs=jobs, arming=self.arming, registry=registry, blobs=blobs, clock=clock, ids=ids),
            get_job=GetJob(jobs=jobs, blobs=blobs),
            list_jobs=ListJobs(jobs=jobs),
            change_job=ChangeJob(jobs=jobs, arming=self.arming, clock=clock, retention=self.retention),
            read_history=ReadHistory(jobs=jobs, history=self.history, blobs=blobs, notifications=notifying.records),
            read_archive=ReadArchive(archive=BlobArchive(blobs), blobs=blobs),
            webhooks=ManageWebhooks(webhooks=notifying.webhooks, clock=clock, ids=ids),
            check_health=CheckHealth(jobs=jobs, lanes=self.arming.lanes, clock=clock),
            registry=registry,
            tokens=tokens,
            clock=clock,
            ids=ids,
            version=__version__,
            stage=stage,
            allowed_origins=allowed_origins,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifying:
    """The stores of what is notified, and the use case on them."""

    webhooks: WebhookStore
    records: NotificationLog

    def notify(
        self, *, jobs: JobStore, history: History, accounts: AccountStore, outbound: "Outbound", clock: Clock
    ) -> Notify:
        """The notifier's use case."""
        by_mail = TellByMail(
            accounts=accounts,
            mailer=outbound.mailer,
            sender_address=outbound.sender_address,
            operator_address=outbound.operator_address,
        )
        return Notify(
            read_notice=ReadNotice(jobs=jobs, history=history),
            channels={
                Channel.EMAIL: by_mail,
                Channel.WEBHOOK: TellByWebhook(webhooks=self.webhooks, http=outbound.http_client(), clock=clock),
            },
            records=self.records,
            clock=clock,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbound:
    """How tasks and notifications reach the world outside."""

    mailer: Mailer
    sender_address: str
    allow_private_hosts: tuple[str, ...]
    operator_address: str | None = None

    def http_client(self) -> HttpClient:
        """The guarded way out."""
        from tickwell.adapters.guarded_http import GuardedHttp

        # It would log every URL that is called, and a URL may hold a secret.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        return GuardedHttp(OutboundRules.allowing(self.allow_private_hosts))

    def context_factory(self, blobs: BlobStore, clock: Clock) -> Callable[[Job, Slot], TaskContext]:
        """Builds a task's context from its claimed job. One HTTP client serves all attempts of the process."""
        http = self.http_client()

        def context(job: Job, slot: Slot) -> TaskContext:
            return TaskContext(
                tenant_id=job.tenant_id,
                job_id=job.job_id,
                job_name=job.name,
                execution_id=execution_id(job.job_id, slot.due_at, slot.attempt),
                attempt=slot.attempt,
                due_at=slot.due_at,
                idempotency_key=OccurrenceKey(job=job.key, due_at=slot.due_at).idempotency_key,
                sender_address=self.sender_address,
                clock=clock,
                mailer=self.mailer,
                http=http,
                blobs=blobs,
            )

        return context
