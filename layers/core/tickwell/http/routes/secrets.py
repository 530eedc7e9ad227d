"""Secrets of the tenant, which payloads refer to (X25)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success
from tickwell.http.secret_bodies import DeletedSecretBody, SecretBody, SecretListBody, SecretRequest, secret_body

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Secrets"]


@router.put("/api/v1/secrets/<secret_name>", summary="Give a secret its value", tags=TAGS, operation_id="putSecret")
def put_secret(
    secret_name: str, secret: Annotated[SecretRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(SecretBody)]]:
    """A new secret, or another value for one that is there. At most 100.

    Payloads refer to it as `{{secret:name}}`. The value of before is kept for 24 hours for what is signed with both.
    """
    call = call_of(request)
    info = call.services.secrets.put(call.principal, secret_name, secret.value)
    return success(secret_body(info), message="Secret stored successfully")


@router.get("/api/v1/secrets", summary="All secrets, without their values", tags=TAGS, operation_id="listSecrets")
def list_secrets(request: Request) -> Response[Annotated[str, Shows(SecretListBody)]]:
    """By name."""
    call = call_of(request)
    return success(SecretListBody(secrets=[secret_body(info) for info in call.services.secrets.all(call.principal)]))


@router.delete("/api/v1/secrets/<secret_name>", summary="Delete a secret", tags=TAGS, operation_id="deleteSecret")
def delete_secret(secret_name: str, request: Request) -> Response[Annotated[str, Shows(DeletedSecretBody)]]:
    """With the value of before. Jobs that refer to it fail from then on, within a minute."""
    call = call_of(request)
    call.services.secrets.delete(call.principal, secret_name)
    return success(DeletedSecretBody(name=secret_name), message="Secret deleted successfully")
