"""What a schedule means, without a job (X5)."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Query

from tickwell.http.call import call_of
from tickwell.http.instants import parse_instant
from tickwell.http.operation import Shows, success
from tickwell.http.preview_bodies import PreviewBody, preview_body, recurring_schedule

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Jobs"]

_Instant = Annotated[str | None, Query(max_length=64, description="ISO 8601 with an offset.")]


@router.get(
    "/api/v1/schedules/preview",
    summary="The next occurrences of a schedule, without a job",
    tags=TAGS,
    operation_id="previewSchedule",
)
def preview_schedule(  # noqa: PLR0913, PLR0917 - one parameter of the request each
    request: Request,
    cron_expression: Annotated[str | None, Query(max_length=255, description="This or `interval_seconds`.")] = None,
    timezone: Annotated[str | None, Query(max_length=64, description="An IANA time zone. Default: `UTC`.")] = None,
    interval_seconds: Annotated[int | None, Query(ge=1, description="Counted from now, or from `start_at`.")] = None,
    start_at: _Instant = None,
    end_at: _Instant = None,
    exclude: Annotated[
        str | None,
        Query(max_length=2200, description="Local dates, or ranges with `/` between them; with commas between these."),
    ] = None,
    dst_missing: Annotated[Literal["shift", "skip"] | None, Query(description="As in a job.")] = None,
    dst_repeated: Annotated[Literal["first", "last", "both"] | None, Query(description="As in a job.")] = None,
    seen_from: Annotated[
        str | None, Query(alias="from", max_length=64, description="Those behind this instant. Default: now.")
    ] = None,
    count: Annotated[int, Query(ge=1, le=100, description="How many to give at most.")] = 10,
) -> Response[Annotated[str, Shows(PreviewBody)]]:
    """What a job with these fields would be due at. What a job would be refused for is refused here, too."""
    call = call_of(request)
    now = call.services.clock.now()
    given = {
        "cron_expression": cron_expression,
        "timezone": timezone,
        "interval_seconds": interval_seconds,
        "start_at": start_at,
        "end_at": end_at,
        "exclude": None if exclude is None else [one.strip() for one in exclude.split(",")],
        "dst_missing": dst_missing,
        "dst_repeated": dst_repeated,
    }
    schedule = recurring_schedule(given, now)
    return success(preview_body(schedule, parse_instant("from", seen_from) or now, count=count))
