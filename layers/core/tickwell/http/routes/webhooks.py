"""Webhook endpoints of the tenant (X14)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success
from tickwell.http.webhook_bodies import (
    RemovedWebhookBody,
    WebhookListBody,
    WebhookRequest,
    WebhookSecretBody,
    event_types,
    webhook_body,
    webhook_secret_body,
)

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Webhooks"]


@router.post("/api/v1/webhooks", summary="Add a webhook", tags=TAGS, operation_id="addWebhook", status_code=201)
def add_webhook(
    webhook: Annotated[WebhookRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(WebhookSecretBody)]]:
    """201 with the secret, which is not shown again. At most 10."""
    call = call_of(request)
    added = call.services.webhooks.add(
        call.principal, url=webhook.url, events=event_types(webhook.events), description=webhook.description
    )
    return success(webhook_secret_body(added), message="Webhook added successfully", status=201)


@router.get("/api/v1/webhooks", summary="All webhooks", tags=TAGS, operation_id="listWebhooks")
def list_webhooks(request: Request) -> Response[Annotated[str, Shows(WebhookListBody)]]:
    """Oldest first, without their secrets."""
    call = call_of(request)
    return success(
        WebhookListBody(webhooks=[webhook_body(each) for each in call.services.webhooks.all(call.principal)])
    )


@router.delete("/api/v1/webhooks/<webhook_id>", summary="Remove a webhook", tags=TAGS, operation_id="removeWebhook")
def remove_webhook(webhook_id: str, request: Request) -> Response[Annotated[str, Shows(RemovedWebhookBody)]]:
    """What is under way to it is dropped."""
    call = call_of(request)
    call.services.webhooks.remove(call.principal, webhook_id)
    return success(RemovedWebhookBody(id=webhook_id), message="Webhook removed successfully")


@router.post(
    "/api/v1/webhooks/<webhook_id>/rotate",
    summary="Give a webhook a new secret",
    tags=TAGS,
    operation_id="rotateWebhook",
)
def rotate_webhook(webhook_id: str, request: Request) -> Response[Annotated[str, Shows(WebhookSecretBody)]]:
    """For 24 hours deliveries are signed with both secrets."""
    call = call_of(request)
    rotated = call.services.webhooks.rotate(call.principal, webhook_id)
    return success(webhook_secret_body(rotated), message="Secret rotated successfully")
