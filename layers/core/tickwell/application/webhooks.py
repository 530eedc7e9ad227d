"""A tenant's webhook endpoints: add, list, remove, rotate the secret (X14)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tickwell.application.ports import Clock, Ids, WebhookStore
from tickwell.domain.account import Principal
from tickwell.domain.errors import ConflictError
from tickwell.domain.outcome_event import EventType
from tickwell.domain.webhook import WebhookEndpoint, Webhooks, new_secret

_TRIES = 5


def edit_webhooks(store: WebhookStore, tenant_id: str, edit: Callable[[Webhooks], Webhooks]) -> Webhooks:
    """Read, edit, write on condition, and again if somebody was faster.

    Raises ConflictError, and what ``edit`` raises.
    """
    for _ in range(_TRIES):
        edited = edit(store.read(tenant_id))
        if store.replace(edited):
            return edited
    raise ConflictError("the webhooks are being changed by somebody else; please try again")


@dataclass(frozen=True, kw_only=True, slots=True)
class ManageWebhooks:
    """The use cases, one method each."""

    webhooks: WebhookStore
    clock: Clock
    ids: Ids

    def add(
        self, principal: Principal, *, url: str, events: Sequence[EventType], description: str | None
    ) -> WebhookEndpoint:
        """The new endpoint with its secret. Raises ConflictError when there are too many."""
        endpoint = WebhookEndpoint(
            endpoint_id=self.ids.new(),
            url=url,
            events=tuple(dict.fromkeys(events)),
            description=description,
            secret=self._secret(),
            created_at=self.clock.now(),
        )
        edit_webhooks(self.webhooks, principal.tenant_id, lambda webhooks: webhooks.adding(endpoint))
        return endpoint

    def all(self, principal: Principal) -> Sequence[WebhookEndpoint]:
        """Oldest first."""
        return self.webhooks.read(principal.tenant_id).endpoints

    def remove(self, principal: Principal, endpoint_id: str) -> None:
        """Raises NotFoundError. What is under way to it is dropped."""
        edit_webhooks(self.webhooks, principal.tenant_id, lambda webhooks: webhooks.without(endpoint_id))

    def rotate(self, principal: Principal, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint with a new secret; the old one signs beside it for a day. Raises NotFoundError."""
        secret, now = self._secret(), self.clock.now()

        def rotated(webhooks: Webhooks) -> Webhooks:
            return webhooks.replacing(webhooks.get(endpoint_id).rotated(secret, now))

        return edit_webhooks(self.webhooks, principal.tenant_id, rotated).get(endpoint_id)

    def _secret(self) -> str:
        return new_secret(bytes.fromhex(self.ids.token() + self.ids.token()))
