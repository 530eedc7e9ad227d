"""History that has expired (C29)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from tickwell.http.archive_bodies import (
    ArchivedDeadLetterListBody,
    ArchivedExecutionListBody,
    ArchivedMonthBody,
    archived_dead_letters_body,
    archived_executions_body,
    archived_month_body,
)
from tickwell.http.call import call_of
from tickwell.http.operation import Shows, success
from tickwell.http.paging import DEFAULT_LIMIT, Cursor, Limit
from tickwell.text_form import TextForm

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Archive"]
_Month = Annotated[
    str,
    TextForm(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", words="must be a month as year and month, YYYY-MM, such as 2026-11"
    ),
]

MonthPath = Annotated[_Month, Path(description="A month, such as `2026-11` (UTC).")]


@router.get("/api/v1/archive", summary="How much is archived of a month", tags=TAGS, operation_id="getArchivedMonth")
def get_month(
    request: Request, month: Annotated[_Month, Query(description="A month, such as `2026-11` (UTC).")]
) -> Response[Annotated[str, Shows(ArchivedMonthBody)]]:
    """Of the month in which executions were due, and in which dead letters failed."""
    call = call_of(request)
    return success(archived_month_body(call.services.read_archive.month(call.principal, month)))


@router.get(
    "/api/v1/archive/<month>/executions",
    summary="Archived executions of a month",
    tags=TAGS,
    operation_id="listArchivedExecutions",
)
def list_archived_executions(
    month: MonthPath,
    request: Request,
    job_id: Annotated[str | None, Query(max_length=64, description="Only those of this job.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response[Annotated[str, Shows(ArchivedExecutionListBody)]]:
    """A page, in the order of archiving, with outputs and logs; it may be short although more follow."""
    call = call_of(request)
    page = call.services.read_archive.executions(call.principal, month, job_id=job_id, limit=limit, cursor=cursor)
    return success(archived_executions_body(page, limit))


@router.get(
    "/api/v1/archive/<month>/dead-letters",
    summary="Archived dead letters of a month",
    tags=TAGS,
    operation_id="listArchivedDeadLetters",
)
def list_archived_dead_letters(
    month: MonthPath, request: Request, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response[Annotated[str, Shows(ArchivedDeadLetterListBody)]]:
    """A page, in the order of archiving; it may be short although more follow."""
    call = call_of(request)
    page = call.services.read_archive.dead_letters(call.principal, month, limit=limit, cursor=cursor)
    return success(archived_dead_letters_body(page, limit))
