"""Create, read, change, pause, resume and delete jobs (C5 to C8, C10 to C14)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.domain.instant import iso
from tickwell.http.call import call_of
from tickwell.http.instants import iso_or_none
from tickwell.http.job_action_bodies import DeletedBody, PausedBody, ResumedBody
from tickwell.http.job_bodies import JobBody, JobPolicyBody, job_body, job_with_policy
from tickwell.http.job_patch import JobPatch
from tickwell.http.job_request import JobRequest
from tickwell.http.operation import Shows, success
from tickwell.http.unsent import note_launch

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]


@router.post("/api/v1/jobs", summary="Create a job", tags=TAGS, operation_id="createJob", status_code=201)
def create_job(job: Annotated[JobRequest, Body()], request: Request) -> Response[Annotated[str, Shows(JobPolicyBody)]]:
    """201 once the job is certain to run."""
    call = call_of(request)
    created = call.services.create_job(call.principal, job.to_new_job().within(call.traceparent))
    note_launch(call, created.job.job_id, launched=created.launched)
    body = job_with_policy(created.job, call.services.clock.now())
    return success(body, message="Job created successfully", status=201)


@router.get("/api/v1/jobs/<job_id>", summary="One job with its statistics", tags=TAGS, operation_id="getJob")
def get_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(JobBody)]]:
    """All of it; a deleted job is shown too, with that status."""
    return _get(job_id, request)


@router.get("/api/jobs/<job_id>", summary="The same", tags=TAGS, operation_id="getJobAlias")
def get_job_alias(job_id: str, request: Request) -> Response[Annotated[str, Shows(JobBody)]]:
    """As `/api/v1/jobs/{job_id}`."""
    return _get(job_id, request)


def _get(job_id: str, request: Request) -> Response[Annotated[str, Shows(JobBody)]]:
    call = call_of(request)
    job = call.services.get_job(call.principal, job_id)
    return success(job_body(job, call.services.clock.now()))


@router.patch("/api/v1/jobs/<job_id>", summary="Change a job", tags=TAGS, operation_id="updateJob")
def update_job(
    job_id: str, patch: Annotated[JobPatch, Body()], request: Request
) -> Response[Annotated[str, Shows(JobPolicyBody)]]:
    """The fields that are given. A changed schedule recalculates the next occurrence; what runs goes on as it was."""
    call = call_of(request)
    job = call.services.edit_job(call.principal, job_id, patch.to_edit())
    return success(job_with_policy(job, call.services.clock.now()), message="Job updated successfully")


@router.delete("/api/v1/jobs/<job_id>", summary="Delete a job", tags=TAGS, operation_id="deleteJob")
def delete_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(DeletedBody)]]:
    """Its history stays; what runs is cancelled."""
    return _delete(job_id, request)


@router.delete("/api/jobs/<job_id>", summary="The same", tags=TAGS, operation_id="deleteJobAlias")
def delete_job_alias(job_id: str, request: Request) -> Response[Annotated[str, Shows(DeletedBody)]]:
    """As `/api/v1/jobs/{job_id}`."""
    return _delete(job_id, request)


def _delete(job_id: str, request: Request) -> Response[Annotated[str, Shows(DeletedBody)]]:
    call = call_of(request)
    job = call.services.change_job.delete(call.principal, job_id)
    return success(DeletedBody(id=job.job_id, status=job.status.value), message="Job deleted successfully")


@router.post("/api/v1/jobs/<job_id>/pause", summary="Pause a recurring job", tags=TAGS, operation_id="pauseJob")
def pause_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(PausedBody)]]:
    """Only active recurring jobs can be paused; what runs goes on."""
    call = call_of(request)
    job = call.services.change_job.pause(call.principal, job_id)
    body = PausedBody(
        id=job.job_id,
        status=job.status.value,
        state=job.state(call.services.clock.now()).value,
        paused_at=iso_or_none(job.paused_at),
    )
    return success(body, message="Job paused successfully")


@router.post("/api/v1/jobs/<job_id>/resume", summary="Resume a paused job", tags=TAGS, operation_id="resumeJob")
def resume_job(job_id: str, request: Request) -> Response[Annotated[str, Shows(ResumedBody)]]:
    """It goes on with its first occurrence after now."""
    call = call_of(request)
    job = call.services.change_job.resume(call.principal, job_id)
    body = ResumedBody(
        id=job.job_id,
        status=job.status.value,
        state=job.state(call.services.clock.now()).value,
        next_run=iso_or_none(job.next_run_at),
        resumed_at=iso(job.updated_at),
    )
    return success(body, message="Job resumed successfully")
