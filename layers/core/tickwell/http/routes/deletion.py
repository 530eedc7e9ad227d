"""The end of an organization (X26)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.http.call import call_of
from tickwell.http.deletion_bodies import DeletionBody, DeletionRequest, deletion_body
from tickwell.http.operation import Shows, success

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Organization"]


@router.delete(
    "/api/v1/organization",
    summary="Delete the organization with all that it has",
    tags=TAGS,
    operation_id="deleteOrganization",
    status_code=202,
)
def delete_organization(
    confirmation: Annotated[DeletionRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(DeletionBody)]]:
    """202: every credential is dead, addresses are free, nothing starts any more; the data goes in the background."""
    call = call_of(request)
    deletion = call.services.delete_tenant(call.principal, password=confirmation.password, client=call.client)
    return success(deletion_body(deletion), message="The organization is being deleted", status=202)
