"""Executions, their logs and mail (C17 to C19)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tickwell.domain.execution import ExecutionStatus
from tickwell.http.call import call_of
from tickwell.http.history_bodies import (
    ExecutionListBody,
    ExecutionOfJobBody,
    LogListBody,
    SentMailBody,
    execution_of_job_body,
    listed_execution_body,
    log_list_body,
)
from tickwell.http.operation import Shows, success
from tickwell.http.paging import DEFAULT_LIMIT, Cursor, Limit, PageNumber, page_number, paged

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Executions"]


@router.get(
    "/api/v1/jobs/<job_id>/executions",
    summary="The executions of a job, newest first",
    tags=TAGS,
    operation_id="listExecutions",
)
def list_executions(
    job_id: str,
    request: Request,
    limit: Limit = DEFAULT_LIMIT,
    page: PageNumber = None,
    cursor: Cursor = None,
    status: Annotated[ExecutionStatus | None, Query(description="Only those with this status.")] = None,
) -> Response[Annotated[str, Shows(ExecutionListBody)]]:
    """A page; with a status and without `page` it may be short although more follow.

    `total` comes from the job's statistics, and is exact on the last page; they count what has expired as well.
    """
    call = call_of(request)
    found = call.services.read_history.executions(
        call.principal, job_id, limit=limit, cursor=cursor, status=status, page=page
    )
    shown = (*((found.running,) if found.running is not None else ()), *found.items)
    executions = [listed_execution_body(execution, found.traceparent) for execution in shown]
    number = page_number(page, cursor, is_whole=len(shown) == limit or found.next_cursor is None)
    return success(
        ExecutionListBody(
            executions=executions, pagination=paged(limit, found.next_cursor, total=found.total, page=number)
        )
    )


@router.get("/api/v1/executions/<execution_id>", summary="One execution", tags=TAGS, operation_id="getExecution")
def get_execution(execution_id: str, request: Request) -> Response[Annotated[str, Shows(ExecutionOfJobBody)]]:
    """With its output, however large."""
    call = call_of(request)
    found = call.services.read_history.execution(call.principal, execution_id)
    return success(execution_of_job_body(found.job, found.execution))


@router.get(
    "/api/v1/executions/<execution_id>/logs",
    summary="What an execution logged",
    tags=TAGS,
    operation_id="getExecutionLogs",
)
def get_logs(execution_id: str, request: Request) -> Response[Annotated[str, Shows(LogListBody)]]:
    """Between a line for its start and one for its end."""
    call = call_of(request)
    return success(log_list_body(execution_id, call.services.read_history.logs(call.principal, execution_id)))


@router.get(
    "/api/v1/executions/<execution_id>/email",
    summary="The mail that an execution sent",
    tags=TAGS,
    operation_id="getExecutionEmail",
)
def get_mail(execution_id: str, request: Request) -> Response[Annotated[str, Shows(SentMailBody)]]:
    """As it was sent."""
    call = call_of(request)
    return success(call.services.read_history.sent_mail(call.principal, execution_id))
