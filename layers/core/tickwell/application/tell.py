"""The channels: how one target is told."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from tickwell.application.http_client import HttpClient, HttpRequest
from tickwell.application.notice import Notice, mail_of, webhook_body
from tickwell.application.ports import AccountStore, Clock, Mailer, WebhookStore
from tickwell.application.webhooks import edit_webhooks
from tickwell.domain.errors import AttemptFailedError, NotFoundError
from tickwell.domain.notification import masked
from tickwell.domain.outbound import host_of
from tickwell.domain.trace import TRACEPARENT_HEADER, span_in_trace
from tickwell.domain.webhook import WebhookEndpoint, Webhooks, signature_headers

WEBHOOK_TIMEOUT_SECONDS = 15.0
_ANSWER_BYTES_READ = 1024
_GONE = 410


class Tell(Protocol):
    """A channel. ``endpoint_id`` is None where the notice itself says who is to be told."""

    def target(self, notice: Notice, endpoint_id: str | None) -> str:
        """Who is told, as logs may show it. Raises NotFoundError when there is nobody."""
        ...

    def tell(self, notice: Notice, endpoint_id: str | None) -> None:
        """Raises AttemptFailedError, NotFoundError, UnavailableError."""
        ...

    def reason(self, error: AttemptFailedError) -> str:
        """Why it failed, as logs may show it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class TellByMail:
    """To the job's owner; alerts to the operator, where there is an address."""

    accounts: AccountStore
    mailer: Mailer
    sender_address: str
    operator_address: str | None

    def target(self, notice: Notice, endpoint_id: str | None) -> str:  # noqa: ARG002 - mail has no endpoints
        """See ``Tell``."""
        return masked(self._address(notice))

    def tell(self, notice: Notice, endpoint_id: str | None) -> None:  # noqa: ARG002 - mail has no endpoints
        """See ``Tell``."""
        self.mailer.send(mail_of(notice, self._address(notice), self.sender_address))

    def reason(self, error: AttemptFailedError) -> str:
        """The code alone: mail servers repeat addresses."""
        return error.error_code

    def _address(self, notice: Notice) -> str:
        if notice.user_id is not None:
            return self.accounts.by_id(notice.event.tenant_id, notice.user_id).email
        if self.operator_address is None:
            raise NotFoundError("address", "operator")
        return self.operator_address


@dataclass(frozen=True, kw_only=True, slots=True)
class TellByWebhook:
    """To an endpoint of the tenant, signed (X14)."""

    webhooks: WebhookStore
    http: HttpClient
    clock: Clock

    def target(self, notice: Notice, endpoint_id: str | None) -> str:
        """See ``Tell``. The host alone: the rest of a URL may be secret."""
        return host_of(self._endpoint(notice, endpoint_id).url)

    def tell(self, notice: Notice, endpoint_id: str | None) -> None:
        """See ``Tell``. 2xx is success; 410 disables the endpoint; redirects are not followed."""
        endpoint, body = self._endpoint(notice, endpoint_id), webhook_body(notice)
        headers = (
            ("Content-Type", "application/json"),
            *signature_headers(endpoint, notice.event.event_id, body, self.clock.now()),
            *_trace(notice),
        )
        request = HttpRequest(
            method="POST",
            url=endpoint.url,
            headers=headers,
            body=body,
            timeout_seconds=WEBHOOK_TIMEOUT_SECONDS,
            max_body_bytes=_ANSWER_BYTES_READ,
            follow_redirects=False,
        )
        status = asyncio.run(self.http.send(request)).status_code
        if status == _GONE:
            self._disable(notice.event.tenant_id, endpoint.endpoint_id, self.clock.now())
            raise AttemptFailedError("ENDPOINT_GONE", "it answered 410 and was disabled", retryable=False)
        if not 200 <= status <= 299:
            raise AttemptFailedError("HTTP_STATUS", f"it answered {status}")

    def reason(self, error: AttemptFailedError) -> str:
        """See ``Tell``; errors of the client name hosts at most."""
        return f"{error.error_code}: {error.message}"

    def _endpoint(self, notice: Notice, endpoint_id: str | None) -> WebhookEndpoint:
        """Raises NotFoundError also for one that was disabled meanwhile."""
        endpoint = self.webhooks.read(notice.event.tenant_id).get(endpoint_id or "")
        if endpoint.disabled_at is not None:
            raise NotFoundError("webhook", endpoint.endpoint_id)
        return endpoint

    def _disable(self, tenant_id: str, endpoint_id: str, now: datetime) -> None:
        def disabled(webhooks: Webhooks) -> Webhooks:
            return webhooks.replacing(replace(webhooks.get(endpoint_id), disabled_at=now))

        edit_webhooks(self.webhooks, tenant_id, disabled)


def _trace(notice: Notice) -> tuple[tuple[str, str], ...]:
    """The job's trace with a span of the notification's own, the same whenever it is sent again."""
    traceparent = span_in_trace(notice.traceparent, notice.event.event_id)
    return () if traceparent is None else ((TRACEPARENT_HEADER, traceparent),)
