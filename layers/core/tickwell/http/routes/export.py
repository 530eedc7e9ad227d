"""All that an organization has, in pages (X26)."""

from functools import partial
from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tickwell.application.export_tenant import MOST_EXPORTED
from tickwell.http.call import call_of
from tickwell.http.exchange import JSON_TYPE, render
from tickwell.http.export_bodies import ExportBody, export_line
from tickwell.http.operation import Shows
from tickwell.http.paging import Cursor

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Organization"]
DEFAULT_EXPORTED = 100


@router.get(
    "/api/v1/organization/export",
    summary="Everything that the organization has",
    tags=TAGS,
    operation_id="exportOrganization",
)
def export_organization(
    request: Request,
    limit: Annotated[int, Query(ge=1, le=MOST_EXPORTED, description="How many to give at most.")] = DEFAULT_EXPORTED,
    cursor: Cursor = None,
) -> Response[Annotated[str, Shows(ExportBody)]]:
    """Up to `limit` things, 4 MB or some seconds: a page may be short, even empty. Go on while there is a cursor.

    In this order: the organization, members, invitations, API keys, webhooks and queues; jobs with their payloads, each
    followed by its executions with output and log, by skips and notifications; dead letters; sent mails; files, without
    their bytes; the audit log, in which the first page leaves a record. What was there at the first page and stays
    comes, and once; what comes into being meanwhile may come. No hash and no secret is in it, and no archived history.
    """
    call = call_of(request)
    present = partial(export_line, now=call.services.clock.now())
    page = call.services.export_tenant(call.principal.tenant_id, limit=limit, cursor=cursor, present=present)
    # The things are spelled already, and there may be megabytes of them: they are put between what stands around them.
    before, after = render({"success": True, "data": {"items": [], "next_cursor": page.next_cursor}}).split("[]", 1)
    body = f"{before}[{','.join(page.lines)}]{after}"
    return Response(status_code=200, content_type=JSON_TYPE, body=body)
