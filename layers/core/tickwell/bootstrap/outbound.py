"""How notifications and tasks reach the world outside."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from tickwell.application.account_mails import SendAccountMail
from tickwell.application.attempt_secrets import ReadableSecrets, TenantAttemptSecrets
from tickwell.application.http_client import HttpClient
from tickwell.application.lifeline import Lifeline
from tickwell.application.making_images import NoImages
from tickwell.application.notice import ReadNotice
from tickwell.application.notify import Notify
from tickwell.application.ports import (
    AccountStore,
    BlobStore,
    Clock,
    Functions,
    History,
    Ids,
    ImageMaker,
    JobStore,
    Mailer,
    MemberStore,
    Messenger,
    NotificationLog,
    WebhookStore,
)
from tickwell.application.task import TaskContext
from tickwell.application.task_files import TenantFiles
from tickwell.application.tell import TellByMail, TellByWebhook
from tickwell.application.unreachable import NoFunctions, NoMessenger
from tickwell.domain.completion import completion_token
from tickwell.domain.execution import execution_id, idempotency_key
from tickwell.domain.job import Job
from tickwell.domain.notification import Channel
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.slot import Slot
from tickwell.domain.trace import span_in_trace


@dataclass(frozen=True, kw_only=True, slots=True)
class Outbound:
    """How tasks and notifications reach the world outside. ``http`` None: through the guarded client.

    ``images``: who makes images, reached by the same way; None for nobody.
    """

    mailer: Mailer
    sender_address: str
    allow_private_hosts: tuple[str, ...]
    operator_address: str | None = None
    public_url: str | None = None
    http: HttpClient | None = None
    messenger: Messenger = field(default_factory=NoMessenger)
    functions: Functions = field(default_factory=NoFunctions)
    images: Callable[[HttpClient], ImageMaker] | None = None

    def http_client(self) -> HttpClient:
        """The way out."""
        if self.http is not None:
            return self.http
        from tickwell.adapters.guarded_http import GuardedHttp

        # It would log every URL that is called, and a URL may hold a secret.
        logging.getLogger("httpx2").setLevel(logging.WARNING)
        return GuardedHttp(OutboundRules.allowing(self.allow_private_hosts))

    def context_factory(
        self, blobs: BlobStore, clock: Clock, secrets: ReadableSecrets
    ) -> Callable[[Job, Slot, Lifeline], TaskContext]:
        """Builds a task's context from its claimed job. One HTTP client serves all attempts of the process."""
        http = self.http_client()
        images = NoImages() if self.images is None else self.images(http)

        def context(job: Job, slot: Slot, lifeline: Lifeline) -> TaskContext:
            identity = execution_id(job.job_id, slot.due_at, slot.attempt)
            return TaskContext(
                tenant_id=job.tenant_id,
                job_id=job.job_id,
                job_name=job.name,
                execution_id=identity,
                attempt=slot.attempt,
                due_at=slot.due_at,
                idempotency_key=idempotency_key(job.job_id, slot.due_at),
                sender_address=self.sender_address,
                clock=clock,
                mailer=self.mailer,
                http=http,
                blobs=blobs,
                files=TenantFiles(job.tenant_id, blobs),
                messenger=self.messenger,
                functions=self.functions,
                completion_token="" if slot.token is None else completion_token(job.tenant_id, slot.token),
                lifeline=lifeline,
                secrets=TenantAttemptSecrets(secrets, job.tenant_id),
                traceparent=span_in_trace(job.traceparent, identity),
                images=images,
            )

        return context


@dataclass(frozen=True, kw_only=True, slots=True)
class Notifying:
    """The stores of what is notified, and the use case on them."""

    webhooks: WebhookStore
    records: NotificationLog

    def notify(
        self,
        *,
        jobs: JobStore,
        history: History,
        accounts: AccountStore,
        members: MemberStore,
        outbound: Outbound,
        clock: Clock,
        ids: Ids,
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
            account_mails=SendAccountMail(
                accounts=accounts,
                members=members,
                mailer=outbound.mailer,
                sender_address=outbound.sender_address,
                public_url=outbound.public_url,
                clock=clock,
                ids=ids,
            ),
            clock=clock,
        )
