"""API keys of the tenant (X15)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.api_key_bodies import (
    ApiKeyBody,
    ApiKeyListBody,
    ApiKeyRequest,
    DeletedApiKeyBody,
    NewApiKeyBody,
    api_key_body,
    new_api_key_body,
)
from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["API keys"]


@router.post("/api/v1/api-keys", summary="Create an API key", tags=TAGS, operation_id="createApiKey", status_code=201)
def create_api_key(
    api_key: Annotated[ApiKeyRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(NewApiKeyBody)]]:
    """201 with the key, which is not shown again. At most 100."""
    call = call_of(request)
    now = call.services.clock.now()
    created = call.services.api_keys.create(
        call.principal,
        name=api_key.name,
        scopes=api_key.chosen_scopes(),
        role=api_key.chosen_role(),
        expires_at=api_key.expiry(now),
    )
    return success(new_api_key_body(created, now), message="API key created successfully", status=201)


@router.get("/api/v1/api-keys", summary="All API keys", tags=TAGS, operation_id="listApiKeys")
def list_api_keys(request: Request) -> Response[Annotated[str, Shows(ApiKeyListBody)]]:
    """Oldest first, without the keys themselves; expired ones too, until they are deleted."""
    call = call_of(request)
    now = call.services.clock.now()
    found = call.services.api_keys.all(call.principal)
    return success(ApiKeyListBody(api_keys=[api_key_body(key, now) for key in found]))


@router.get("/api/v1/api-keys/<key_id>", summary="One API key", tags=TAGS, operation_id="getApiKey")
def get_api_key(key_id: str, request: Request) -> Response[Annotated[str, Shows(ApiKeyBody)]]:
    """Without the key itself."""
    call = call_of(request)
    found = call.services.api_keys.get(call.principal, key_id)
    return success(api_key_body(found, call.services.clock.now()))


@router.delete("/api/v1/api-keys/<key_id>", summary="Delete an API key", tags=TAGS, operation_id="deleteApiKey")
def delete_api_key(key_id: str, request: Request) -> Response[Annotated[str, Shows(DeletedApiKeyBody)]]:
    """It is dead at once."""
    call = call_of(request)
    call.services.api_keys.delete(call.principal, key_id)
    return success(DeletedApiKeyBody(id=key_id), message="API key deleted successfully")
