"""The results of jobs (S2)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.http.call import call_of
from tickwell.http.file_bodies import JobResultBody, job_result_body
from tickwell.http.operation import Shows, success

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Executions"]


@router.get("/api/v1/jobs/<job_id>/result", summary="The result of a job", tags=TAGS, operation_id="getJobResult")
def get_job_result(job_id: str, request: Request) -> Response[Annotated[str, Shows(JobResultBody)]]:
    """The output of its newest successful execution, with links to the files that this made.

    While there is none: 404 with the code `NO_RESULT`.
    """
    return _result(job_id, request)


@router.get("/api/jobs/<job_id>/result", summary="The same", tags=TAGS, operation_id="getJobResultAlias")
def get_job_result_alias(job_id: str, request: Request) -> Response[Annotated[str, Shows(JobResultBody)]]:
    """As `/api/v1/jobs/{job_id}/result`."""
    return _result(job_id, request)


def _result(job_id: str, request: Request) -> Response[Annotated[str, Shows(JobResultBody)]]:
    call = call_of(request)
    return success(job_result_body(call.services.read_result(call.principal, job_id)))
