"""Dead letters: list, read, retry, delete, one or many (Q5, B4)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tickwell.domain.dead_letter import DeadLetterFilter
from tickwell.http.bulk_bodies import BulkBody, bulk_body
from tickwell.http.call import call_of
from tickwell.http.dead_letter_bodies import (
    DeadLetterDetailBody,
    DeadLetterListBody,
    DeadLettersBulkRequest,
    DeletedDeadLetterBody,
    RetriedBody,
    dead_letter_body,
    dead_letter_detail,
    retried_body,
)
from tickwell.http.instants import parse_instant
from tickwell.http.job_bodies import job_with_policy
from tickwell.http.operation import Shows, success
from tickwell.http.paging import DEFAULT_LIMIT, Cursor, Limit, pagination

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Dead letters"]

_Word = Annotated[str | None, Query(max_length=255)]
_Instant = Annotated[str | None, Query(max_length=64, description="ISO 8601 with an offset.")]


@router.get(
    "/api/v1/dead-letters",
    summary="Dead letters, newest occurrence first",
    tags=TAGS,
    operation_id="listDeadLetters",
)
def list_dead_letters(  # noqa: PLR0913, PLR0917 - one parameter of the request each
    request: Request,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    task: _Word = None,
    job_id: _Word = None,
    queue: _Word = None,
    error_code: _Word = None,
    failed_after: _Instant = None,
    failed_before: _Instant = None,
    retried: Annotated[bool | None, Query(description="Only those that were retried, or that were not.")] = None,
) -> Response[Annotated[str, Shows(DeadLetterListBody)]]:
    """A page; with a filter it may be short although more follow."""
    call = call_of(request)
    chosen = DeadLetterFilter(
        task=task,
        job_id=job_id,
        queue=queue,
        error_code=error_code,
        failed_after=parse_instant("failed_after", failed_after),
        failed_before=parse_instant("failed_before", failed_before),
        retried=retried,
    )
    page = call.services.read_history.dead_letters(call.principal, limit=limit, cursor=cursor, chosen=chosen)
    letters = [dead_letter_body(letter) for letter in page.items]
    return success(DeadLetterListBody(dead_letters=letters, pagination=pagination(limit, page.next_cursor)))


@router.get(
    "/api/v1/dead-letters/<dead_letter_id>",
    summary="One dead letter with its payload and all errors",
    tags=TAGS,
    operation_id="getDeadLetter",
)
def get_dead_letter(dead_letter_id: str, request: Request) -> Response[Annotated[str, Shows(DeadLetterDetailBody)]]:
    """Why its occurrence will not be tried again."""
    call = call_of(request)
    return success(dead_letter_detail(call.services.read_history.dead_letter(call.principal, dead_letter_id)))


@router.post(
    "/api/v1/dead-letters/<dead_letter_id>/retry",
    summary="Run a dead letter again, as a new job",
    tags=TAGS,
    operation_id="retryDeadLetter",
    status_code=201,
)
def retry_dead_letter(dead_letter_id: str, request: Request) -> Response[Annotated[str, Shows(RetriedBody)]]:
    """201 with the new job; 409 while the job of the last retry has not ended."""
    call = call_of(request)
    retried = call.services.retry_dead_letter(call.principal, dead_letter_id)
    job = job_with_policy(retried.job, call.services.clock.now())
    return success(retried_body(retried, job), message="Dead letter retried successfully", status=201)


@router.delete(
    "/api/v1/dead-letters/<dead_letter_id>",
    summary="Delete a dead letter",
    tags=TAGS,
    operation_id="deleteDeadLetter",
)
def delete_dead_letter(dead_letter_id: str, request: Request) -> Response[Annotated[str, Shows(DeletedDeadLetterBody)]]:
    """For good. Its job, its executions and the jobs that were made of it stay."""
    call = call_of(request)
    letter = call.services.delete_dead_letter(call.principal, dead_letter_id)
    return success(DeletedDeadLetterBody(id=letter.dead_letter_id), message="Dead letter deleted successfully")


@router.post(
    "/api/v1/dead-letters/retry",
    summary="Run dead letters again by filter",
    tags=TAGS,
    operation_id="retryDeadLetters",
)
def retry_dead_letters(
    chosen: Annotated[DeadLettersBulkRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(BulkBody)]]:
    """What was retried before is skipped. While `next_cursor` is not null, the same request with it goes on."""
    call = call_of(request)
    report = call.services.bulk_dead_letters.retry(
        call.principal, chosen.to_filter(), dry_run=chosen.dry_run, cursor=chosen.cursor
    )
    return success(bulk_body("retry", report, dry_run=chosen.dry_run))


@router.post(
    "/api/v1/dead-letters/delete",
    summary="Delete dead letters by filter",
    tags=TAGS,
    operation_id="deleteDeadLetters",
)
def delete_dead_letters(
    chosen: Annotated[DeadLettersBulkRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(BulkBody)]]:
    """While `next_cursor` is not null, the same request with it goes on."""
    call = call_of(request)
    report = call.services.bulk_dead_letters.delete(
        call.principal, chosen.to_filter(), dry_run=chosen.dry_run, cursor=chosen.cursor
    )
    return success(bulk_body("delete", report, dry_run=chosen.dry_run))
