"""Jobs under keys of their callers: put, got by key, and applied as a file (X24)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.application.define_job import DefineAction, Defined, KeyedJob
from tickwell.http.call import call_of
from tickwell.http.job_bodies import JobBody, job_body
from tickwell.http.job_request import JobRequest
from tickwell.http.keyed_job_bodies import ApplyBody, ApplyRequest, PutJobBody, apply_body, complete, put_job_body
from tickwell.http.operation import Shows, success
from tickwell.http.unsent import note_launches

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]


@router.put(
    "/api/v1/jobs/by-key/<key>",
    summary="Create or change the job of your key",
    tags=TAGS,
    operation_id="putJob",
)
def put_job(
    key: str, job: Annotated[JobRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(PutJobBody)]]:
    """201 for a new job, 200 for one that is there: that becomes what the body says.

    What the body leaves out has its default. Where nothing differs, nothing is written. Paused stays paused; what has
    ended runs again when it gets another time.
    """
    call = call_of(request)
    wanted = KeyedJob(key=key, job=job.to_new_job().within(call.traceparent))
    defined = call.services.define_job(call.principal, wanted)
    note_launches(call, [defined.launched])
    status = 201 if defined.action is DefineAction.CREATED else 200
    body = put_job_body(defined, call.services.clock.now())
    return success(body, message=f"Job {defined.action.value}", status=status)


@router.get(
    "/api/v1/jobs/by-key/<key>", summary="The job that has a key of yours", tags=TAGS, operation_id="getJobByKey"
)
def get_job_by_key(key: str, request: Request) -> Response[Annotated[str, Shows(JobBody)]]:
    """As by its id; a deleted job has no key any more."""
    call = call_of(request)
    found = call.services.find_job(call.principal, key)
    return success(job_body(found, call.services.clock.now()))


@router.post("/api/v1/jobs/apply", summary="Apply a file of jobs", tags=TAGS, operation_id="applyJobs")
def apply_jobs(file: Annotated[ApplyRequest, Body()], request: Request) -> Response[Annotated[str, Shows(ApplyBody)]]:
    """Up to 1,000 jobs, each as by a `PUT` of its own; 200 with what was done for each key, whatever that is.

    With `dry_run` what would be done. It may be repeated: what is done already is unchanged then.
    """
    call = call_of(request)
    choice = file.to_choice()
    report = call.services.apply_jobs(call.principal, file.to_entries(call.traceparent), choice)
    note_launches(call, [one.outcome.launched for one in report.applied if isinstance(one.outcome, Defined)])
    body = apply_body(report, choice)
    verb = "would be applied" if choice.dry_run else "applied"
    jobs = "1 job" if body["applied"] == 1 else f"{body['applied']} jobs"
    return success(body, message=f"{jobs} {verb}", complete=complete(report.applied))
