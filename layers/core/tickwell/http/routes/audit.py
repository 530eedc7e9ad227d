"""The tenant's audit log (X15)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tickwell.domain.audit import AuditFilter
from tickwell.domain.errors import InvalidInputError
from tickwell.http.audit_bodies import AuditListBody, audit_record_body
from tickwell.http.call import call_of
from tickwell.http.instants import parse_instant
from tickwell.http.operation import Shows, success
from tickwell.http.paging import DEFAULT_LIMIT, Cursor, Limit, pagination

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Organization"]

_Instant = Annotated[str | None, Query(max_length=64, description="ISO 8601 with an offset.")]


@router.get("/api/v1/audit", summary="The audit log, newest first", tags=TAGS, operation_id="listAuditRecords")
def list_audit_records(  # noqa: PLR0917 - one parameter of the request each
    request: Request,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    actor: Annotated[str | None, Query(max_length=64, description="A user's or an API key's id.")] = None,
    action: Annotated[str | None, Query(max_length=64, description="An operation id, such as `deleteJob`.")] = None,
    resource: Annotated[str | None, Query(max_length=512, description="What the path named, or a new id.")] = None,
    since: _Instant = None,
    until: _Instant = None,
) -> Response[Annotated[str, Shows(AuditListBody)]]:
    """From `since` to before `until`. With a filter a page may be short although more follow."""
    call = call_of(request)
    chosen = AuditFilter(
        actor=actor,
        action=action,
        resource=resource,
        since=parse_instant("since", since),
        until=parse_instant("until", until),
    )
    if chosen.since is not None and chosen.until is not None and chosen.since >= chosen.until:
        raise InvalidInputError("until", "must be after since")
    page = call.services.audit.records(call.principal, chosen=chosen, limit=limit, cursor=cursor)
    records = [audit_record_body(record) for record in page.items]
    return success(AuditListBody(records=records, pagination=pagination(limit, page.next_cursor)))
