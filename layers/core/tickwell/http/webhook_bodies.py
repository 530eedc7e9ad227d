"""What the webhook routes take and give."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from typing_extensions import TypedDict

from tickwell.domain.instant import iso
from tickwell.domain.outcome_event import EventType
from tickwell.domain.webhook import WebhookEndpoint
from tickwell.http.instants import iso_or_none
from tickwell.http.job_request import Line
from tickwell.http.strict_body import StrictBody
from tickwell.outgoing_url import sound_url


class WebhookRequest(StrictBody):
    """An endpoint to add. It gets ``POST`` requests signed by the Standard Webhooks scheme."""

    url: Annotated[str, AfterValidator(sound_url)] = Field(
        min_length=1, max_length=2048, description="http:// or https://; no private address."
    )
    events: list[Literal["job.failed", "execution.timeout", "job.paused"]] = Field(
        default=["job.failed", "execution.timeout", "job.paused"],
        min_length=1,
        max_length=10,
        description="What to be told of.",
    )
    description: Line | None = Field(default=None, max_length=255)


class WebhookBody(TypedDict):
    """An endpoint without its secret.

    ``disabled_at`` is set once it answered 410: it gets nothing any more. Until ``old_secret_until`` deliveries are
    signed with the secret of before, too.
    """

    id: str
    url: str
    events: list[str]
    description: str | None
    enabled: bool
    disabled_at: str | None
    old_secret_until: str | None
    created_at: str


class WebhookSecretBody(WebhookBody):
    """An endpoint with its secret, which is shown this once."""

    secret: str


class WebhookListBody(TypedDict):
    """All endpoints, oldest first."""

    webhooks: list[WebhookBody]


class RemovedWebhookBody(TypedDict):
    """An endpoint that is gone."""

    id: str


def webhook_body(endpoint: WebhookEndpoint) -> WebhookBody:
    """``endpoint`` as it is shown."""
    return WebhookBody(
        id=endpoint.endpoint_id,
        url=endpoint.url,
        events=[event.value for event in endpoint.events],
        description=endpoint.description,
        enabled=endpoint.disabled_at is None,
        disabled_at=iso_or_none(endpoint.disabled_at),
        old_secret_until=iso_or_none(endpoint.old_secret_until),
        created_at=iso(endpoint.created_at),
    )


def webhook_secret_body(endpoint: WebhookEndpoint) -> WebhookSecretBody:
    """``endpoint`` with its secret."""
    return WebhookSecretBody(**webhook_body(endpoint), secret=endpoint.secret)


def event_types(names: Sequence[str]) -> list[EventType]:
    """The types that a request names."""
    return [EventType(name) for name in names]
