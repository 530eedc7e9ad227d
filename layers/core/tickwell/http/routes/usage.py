"""What a tenant's jobs cost (X19)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tickwell.http.call import call_of
from tickwell.http.instants import parse_day
from tickwell.http.operation import Shows, success
from tickwell.http.usage_bodies import UsageReportBody, usage_report_body

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Statistics"]


@router.get("/api/v1/usage", summary="What jobs cost, by day and by queue", tags=TAGS, operation_id="getUsage")
def get_usage(
    request: Request,
    since: Annotated[
        str | None,
        Query(max_length=32, description="The first day (UTC), such as `2026-11-01`; else the first of the month."),
    ] = None,
    until: Annotated[
        str | None, Query(max_length=32, description="The day (UTC) after the last one; else tomorrow.")
    ] = None,
    queue: Annotated[str | None, Query(min_length=1, max_length=128, description="Only this queue.")] = None,
) -> Response[Annotated[str, Shows(UsageReportBody)]]:
    """What was done, counted, and what that costs on AWS at list prices, estimated; on any engine.

    From `since` to before `until`, at most 92 days; kept for 400 days. On AWS it is some seconds behind. Left out is
    what nobody counts: reads, edits, storage, payloads and outputs over some hundred bytes, and what a deployment costs
    that has nothing to do.
    """
    call = call_of(request)
    report = call.services.usage(
        call.principal, since=parse_day("since", since), until=parse_day("until", until), queue=queue
    )
    return success(usage_report_body(report))
