"""Which occurrences a job had and is to have, and the backfill of past ones (X4, X5)."""

import logging
from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tickwell.application.list_occurrences import MOST_ON_A_PAGE
from tickwell.http.call import call_of
from tickwell.http.instants import parse_instant
from tickwell.http.occurrence_bodies import (
    BackfillBody,
    BackfillRequest,
    OccurrenceListBody,
    backfill_body,
    occurrence_list_body,
    place_of,
)
from tickwell.http.operation import Shows, success
from tickwell.http.paging import Cursor

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]
_log = logging.getLogger("tickwell")


@router.get(
    "/api/v1/jobs/<job_id>/occurrences",
    summary="The occurrences of a job, past and to come",
    tags=TAGS,
    operation_id="listOccurrences",
)
def list_occurrences(
    job_id: str,
    request: Request,
    since: Annotated[
        str | None,
        Query(
            alias="from",
            max_length=64,
            description="ISO 8601 with an offset. Default: 24 hours before now, or before `until` if that is past.",
        ),
    ] = None,
    until: Annotated[
        str | None,
        Query(max_length=64, description="ISO 8601 with an offset. Default: as far as the schedule goes."),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_ON_A_PAGE, description="How many to give at most.")] = 100,
    cursor: Cursor = None,
) -> Response[Annotated[str, Shows(OccurrenceListBody)]]:
    """In order, each with its one outcome; a page may be short although more follow.

    What is past is told from history, as long as that is kept; what is to come, from the schedule as it stands.
    """
    call = call_of(request)
    page = call.services.list_occurrences(
        call.principal,
        job_id,
        since=parse_instant("from", since),
        until=parse_instant("until", until),
        after=place_of(cursor),
        limit=limit,
    )
    return success(occurrence_list_body(page))


@router.post(
    "/api/v1/jobs/<job_id>/backfill",
    summary="Run past occurrences that were not executed",
    tags=TAGS,
    operation_id="backfillJob",
)
def backfill_job(
    job_id: str, backfill: Annotated[BackfillRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(BackfillBody)]]:
    """Each of them once, however often this is asked for; oldest first, up to 1,000 for a request.

    The schedule as it stands says which occurrences there were, also before the job was created. They run as children
    beside the schedule, which stays as it is.
    """
    call = call_of(request)
    made = call.services.backfill(call.principal, job_id, backfill.to_range())
    if not made.launched:
        extra = {"action": "job.unsent", "request_id": call.request_id, "job_id": job_id}
        _log.warning("some messages were not sent; the safety sync will send them", extra=extra)
    body = backfill_body(made, dry_run=backfill.dry_run)
    message = "Backfill counted" if backfill.dry_run else "Backfill started"
    return success(body, message=message)
