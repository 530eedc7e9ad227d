"""Cancel a job, or run one again that has ended (Q3, S3, X9)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from tickwell.domain.instant import iso
from tickwell.http.call import call_of
from tickwell.http.job_bodies import CancelledBody, TakenUpBody, iso_or_none
from tickwell.http.operation import Shows, success

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


@router.post("/api/v1/jobs/<job_id>/retry", summary="Run a job again", tags=TAGS, operation_id="retryJob")
def retry_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(TakenUpBody)]]:
    """Only what has completed, failed or been cancelled; a one-time job is due now, a recurring one goes on."""
    call = call_of(request)
    job = call.services.change_job.retry(call.principal, job_id)
    body = TakenUpBody(
        id=job.job_id,
        status=job.status.value,
        state=job.state(call.services.clock.now()).value,
        next_run=iso_or_none(job.next_run_at),
    )
    return success(body, message="Job retried successfully")
