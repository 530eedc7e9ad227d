"""Cancel a job, run it once more beside its schedule, or again after its end (C15, Q3, S3, X9)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.domain.execution import execution_id
from tickwell.domain.instant import iso
from tickwell.http.call import call_of
from tickwell.http.instants import iso_or_none
from tickwell.http.job_action_bodies import CancelledBody, QueuedBody, TakenUpBody
from tickwell.http.operation import Shows, success
from tickwell.http.unsent import note_launch

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]


@router.post("/api/v1/jobs/<job_id>/cancel", summary="Cancel a job", tags=TAGS, operation_id="cancelJob")
def cancel_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(CancelledBody)]]:
    """What waits is given up at once; what runs is told, and its worker ends it."""
    call = call_of(request)
    job = call.services.change_job.cancel(call.principal, job_id)
    body = CancelledBody(
        id=job.job_id,
        status=job.status.value,
        state=job.state(call.services.clock.now()).value,
        cancelled_at=iso(job.updated_at),
    )
    return success(body, message="Job cancelled successfully")


@router.post(
    "/api/v1/jobs/<job_id>/execute",
    summary="Run a job once more, now",
    tags=TAGS,
    operation_id="executeJob",
    status_code=202,
)
def execute_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(QueuedBody)]]:
    """Whatever its status is, beside its schedule, which stays as it is; it is listed under the job."""
    call = call_of(request)
    queued = call.services.execute_now(call.principal, job_id)
    child = queued.job
    note_launch(call, child.job_id, launched=queued.launched)
    body = QueuedBody(
        jobId=job_id,
        status="queued",
        message="Job queued for immediate execution",
        child_id=child.job_id,
        execution_id=execution_id(child.job_id, child.created_at, 1),
    )
    return success(body, message="Job execution triggered", status=202)


@router.post("/api/v1/jobs/<job_id>/retry", summary="Run a job again", tags=TAGS, operation_id="retryJob")
def retry_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(TakenUpBody)]]:
    """Only what has completed, failed or been cancelled; a one-time job is due now, a recurring one goes on."""
    return _retry(job_id, request)


@router.post("/api/jobs/<job_id>/retry", summary="The same", tags=TAGS, operation_id="retryJobAlias")
def retry_job_alias(job_id: str, request: Request) -> Response[Annotated[str, Shows(TakenUpBody)]]:
    """As `/api/v1/jobs/{job_id}/retry`."""
    return _retry(job_id, request)


def _retry(job_id: str, request: Request) -> Response[Annotated[str, Shows(TakenUpBody)]]:
    call = call_of(request)
    job = call.services.change_job.retry(call.principal, job_id)
    body = TakenUpBody(
        id=job.job_id,
        status=job.status.value,
        state=job.state(call.services.clock.now()).value,
        next_run=iso_or_none(job.next_run_at),
    )
    return success(body, message="Job retried successfully")
