"""Many jobs in one request: create them, or cancel, retry, pause, resume or delete them by filter (S10, B10, X12)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body

from tickwell.application.create_job import CreatedJob
from tickwell.domain.errors import UnavailableError
from tickwell.http.bulk_bodies import (
    BatchBody,
    BatchRequest,
    BulkBody,
    BulkRequest,
    batch_body,
    bulk_body,
    created_item,
    refused_item,
)
from tickwell.http.call import call_of
from tickwell.http.job_bodies import job_with_policy
from tickwell.http.operation import Shows, success
from tickwell.http.unsent import note_launches

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]


@router.post("/api/v1/jobs/batch", summary="Create up to 1,000 jobs", tags=TAGS, operation_id="createJobs")
def create_jobs(batch: Annotated[BatchRequest, Body()], request: Request) -> Response[Annotated[str, Shows(BatchBody)]]:
    """200 with a result for each job, in order, whatever they are. `UNAVAILABLE` leaves open whether it was created."""
    call = call_of(request)
    outcomes = call.services.create_jobs(call.principal, batch.to_new_jobs(call.traceparent))
    now = call.services.clock.now()
    note_launches(call, [outcome.launched for outcome in outcomes if isinstance(outcome, CreatedJob)])
    body = batch_body(
        [
            created_item(index, job_with_policy(outcome.job, now))
            if isinstance(outcome, CreatedJob)
            else refused_item(index, outcome)
            for index, outcome in enumerate(outcomes)
        ]
    )
    complete = not any(isinstance(outcome, UnavailableError) for outcome in outcomes)
    return success(body, message=f"{body['created']} of {len(outcomes)} jobs created", complete=complete)


@router.post("/api/v1/jobs/bulk", summary="Change jobs by filter", tags=TAGS, operation_id="changeJobs")
def change_jobs(change: Annotated[BulkRequest, Body()], request: Request) -> Response[Annotated[str, Shows(BulkBody)]]:
    """About 1,000 jobs are looked at; while `next_cursor` is not null, the same request with it as `cursor` goes on."""
    call = call_of(request)
    report = call.services.bulk_jobs(
        call.principal,
        change.action,
        change.to_filter(),
        dry_run=change.dry_run,
        cursor=change.cursor,
        ids=change.ids(),
    )
    return success(bulk_body(change.action.value, report, dry_run=change.dry_run))
