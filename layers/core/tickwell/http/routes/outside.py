"""What work outside says of its attempt, by the attempt's completion token (X10)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.execution import Execution, ExecutionStatus, Failure
from tickwell.domain.instant import iso
from tickwell.domain.progress import progress
from tickwell.http.call import call_of
from tickwell.http.instants import iso_or_none
from tickwell.http.job_bodies import next_retry_at
from tickwell.http.operation import Shows, success
from tickwell.http.outside_bodies import Completion, EndedBody, FailureReport, SignedBody, SignOfLife

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Executions"]


@router.post(
    "/api/v1/executions/<execution_id>/heartbeat",
    summary="Say that work outside goes on",
    tags=TAGS,
    operation_id="heartbeatExecution",
)
def heartbeat(
    execution_id: str, sign: Annotated[SignOfLife, Body()], request: Request
) -> Response[Annotated[str, Shows(SignedBody)]]:
    """Its time begins anew. 409 (`ATTEMPT_ENDED`): the work is not wanted any more; end it."""
    services = call_of(request).services
    if sign.message is not None and sign.percent is None:
        raise InvalidInputError("percent", "is required beside a message: how far the work is, from 0 to 100")
    told = None if sign.percent is None else progress(sign.percent, sign.message, at=services.clock.now())
    until = services.end_outside.heartbeat(execution_id, sign.token or "", told)
    body = SignedBody(id=execution_id, status=ExecutionStatus.RUNNING.value, pending_until=iso_or_none(until))
    return success(body)


@router.post(
    "/api/v1/executions/<execution_id>/complete",
    summary="Say that work outside has succeeded",
    tags=TAGS,
    operation_id="completeExecution",
)
def complete(
    execution_id: str, completion: Annotated[Completion, Body()], request: Request
) -> Response[Annotated[str, Shows(EndedBody)]]:
    """Once: who says it again is answered alike. 409 (`ATTEMPT_ENDED`): it had ended otherwise."""
    end_outside = call_of(request).services.end_outside
    ended = end_outside.complete(execution_id, completion.token or "", completion.output)
    return success(_ended(ended), message="Execution completed successfully")


@router.post(
    "/api/v1/executions/<execution_id>/fail",
    summary="Say that work outside has failed",
    tags=TAGS,
    operation_id="failExecution",
)
def fail(
    execution_id: str, report: Annotated[FailureReport, Body()], request: Request
) -> Response[Annotated[str, Shows(EndedBody)]]:
    """The job's policy decides about another attempt. 409 (`ATTEMPT_ENDED`): it had ended otherwise."""
    end_outside = call_of(request).services.end_outside
    failure = Failure(code=report.code, message=report.message)
    ended = end_outside.fail(execution_id, report.token or "", failure, retryable=report.retryable)
    return success(_ended(ended), message="Failure recorded successfully")


def _ended(execution: Execution) -> EndedBody:
    return EndedBody(
        id=execution.execution_id,
        status=execution.status.value,
        finished_at=iso(execution.finished_at),
        next_retry_at=next_retry_at(execution),
    )
