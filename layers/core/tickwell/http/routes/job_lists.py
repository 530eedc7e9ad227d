"""Listings of jobs: all of them, filtered and sorted, and those that are to run soon (C9, C16)."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import AfterValidator

from tickwell.domain.job_filter import STATUS_WORDS, JobFilter
from tickwell.domain.job_listing import JobQuery, JobSort
from tickwell.domain.schedule import JobType
from tickwell.http.call import call_of
from tickwell.http.job_bodies import JobListBody, UpcomingBody, job_summary, upcoming_job
from tickwell.http.operation import Shows, success
from tickwell.http.paging import DEFAULT_LIMIT, MOST_ON_A_PAGE, Cursor, Limit, PageNumber, SortOrder, page_number, paged

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]


def _known_word(word: str | None) -> str | None:
    if word is not None and word not in STATUS_WORDS:
        raise ValueError(f"must be one of {', '.join(sorted(STATUS_WORDS))}")
    return word


_Status = Annotated[
    str | None,
    Query(
        description="A status, a state, or `pending` (delayed or waiting).",
        json_schema_extra={"enum": sorted(STATUS_WORDS)},
    ),
    AfterValidator(_known_word),
]
_Word = Annotated[str | None, Query(min_length=1, max_length=255)]


@router.get("/api/v1/jobs", summary="List jobs", tags=TAGS, operation_id="listJobs")
def list_jobs(  # noqa: PLR0913, PLR0917 - one parameter of the request each
    request: Request,
    status: _Status = None,
    state: _Status = None,
    job_type: JobType | None = None,
    task: _Word = None,
    queue: _Word = None,
    tag: _Word = None,
    search: Annotated[
        str | None, Query(min_length=1, max_length=255, description="Part of the name, in any case.")
    ] = None,
    sort_by: JobSort = JobSort.CREATED_AT,
    sort_order: SortOrder = SortOrder.DESC,
    limit: Limit = DEFAULT_LIMIT,
    page: PageNumber = None,
    cursor: Cursor = None,
) -> Response[Annotated[str, Shows(JobListBody)]]:
    """A page; deleted jobs are left out.

    Without `page` it may be short although more follow, where a filter selects little: go on with `next_cursor`. On AWS
    other orders than `created_at`, `tag` and `search` work over up to 10,000 jobs (422 beyond).
    """
    call = call_of(request)
    chosen = JobFilter(status=status, state=state, task=task, job_type=job_type, tag=tag, queue=queue, search=search)
    query = JobQuery(chosen=chosen, sort_by=sort_by, descending=sort_order is SortOrder.DESC)
    found = call.services.list_jobs(call.principal, query, limit=limit, cursor=cursor, page=page)
    now = call.services.clock.now()
    jobs = [job_summary(job, now) for job in found.items]
    number = page_number(page, cursor, is_whole=len(jobs) == limit or found.next_cursor is None)
    return success(JobListBody(jobs=jobs, pagination=paged(limit, found.next_cursor, total=found.total, page=number)))


@router.get(
    "/api/v1/jobs/upcoming",
    summary="Jobs that run within 24 hours, soonest first",
    tags=TAGS,
    operation_id="listUpcomingJobs",
)
def list_upcoming_jobs(
    request: Request, limit: Limit = MOST_ON_A_PAGE, cursor: Cursor = None
) -> Response[Annotated[str, Shows(UpcomingBody)]]:
    """A page of active jobs by their next run; `count` counts those of the page, which may be short."""
    call = call_of(request)
    page = call.services.list_jobs.upcoming(call.principal, limit=limit, cursor=cursor)
    jobs = [upcoming_job(job) for job in page.items]
    return success(UpcomingBody(jobs=jobs, count=len(jobs), next_cursor=page.next_cursor))
