"""Live updates, and the tickets for them (S5)."""

from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tickwell.http.call import Call, call_of
from tickwell.http.following import Following
from tickwell.http.live import EVENT_STREAM, STATS, comment, job_subject, retry_line
from tickwell.http.live_bodies import EventBody, TicketBody, TicketRequest, ticket_body
from tickwell.http.operation import Shows, success

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Live"]

_ID_HEADER = "last-event-id"

LastEventId = Annotated[
    str | None,
    Query(
        max_length=100,
        description="The `id` of the last event that was read; the header `Last-Event-ID` goes before it.",
    ),
]
Events = Response[Annotated[str, Shows(EventBody, enveloped=False, media_type=EVENT_STREAM)]]


@router.post(
    "/api/v1/sse/tickets",
    summary="A ticket for a path that a browser asks for without headers",
    tags=TAGS,
    operation_id="createTicket",
    status_code=201,
)
def create_ticket(
    ticket: Annotated[TicketRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(TicketBody)]]:
    """201. It opens that path alone, for five minutes, and no longer than the session or API key behind it counts."""
    call = call_of(request)
    return success(ticket_body(call.services.tickets.issue(call.principal, ticket.path)), status=201)


@router.get("/api/v1/sse/jobs/<job_id>", summary="Follow a job", tags=TAGS, operation_id="followJob")
def follow_job(job_id: str, request: Request, last_event_id: LastEventId = None) -> Events:
    """Events `job`, whose data is the job as `GET /api/v1/jobs/{job_id}` gives it, each time that it has changed.

    204 once the job has ended and the reader knows how: an `EventSource` stops then.
    """
    return _told(call_of(request), job_subject(job_id), last_event_id)


@router.get("/api/sse/jobs/<job_id>", summary="The same", tags=TAGS, operation_id="followJobAlias")
def follow_job_alias(job_id: str, request: Request, last_event_id: LastEventId = None) -> Events:
    """As `/api/v1/sse/jobs/{job_id}`."""
    return _told(call_of(request), job_subject(job_id), last_event_id)


@router.get("/api/v1/sse/stats", summary="Follow the counts", tags=TAGS, operation_id="followStatistics")
def follow_statistics(request: Request, last_event_id: LastEventId = None) -> Events:
    """Events `stats`, whose data is what `GET /api/v1/dashboard/stats` gives, each time that it has changed."""
    return _told(call_of(request), STATS, last_event_id)


@router.get("/api/sse/stats", summary="The same", tags=TAGS, operation_id="followStatisticsAlias")
def follow_statistics_alias(request: Request, last_event_id: LastEventId = None) -> Events:
    """As `/api/v1/sse/stats`."""
    return _told(call_of(request), STATS, last_event_id)


def _told(call: Call, subject: str, last_event_id: str | None) -> Events:
    """What is new to the reader, and when to ask again. A host that can keeps the answer open behind it."""
    known = call.headers.get(_ID_HEADER) or last_event_id
    state = call.services.live.state(call.principal, subject)
    if state.has_ended and state.event_id == known:
        return Response(status_code=HTTPStatus.NO_CONTENT, body="")
    news = comment("nothing new") if state.event_id == known else state.event
    following = Following(principal=call.principal, subject=subject, event_id=state.event_id)
    goes_on = call.follow is not None and not state.has_ended and call.follow(following)
    again_in = call.services.live.back_in() if goes_on else state.again_in
    return _events(retry_line(again_in) + news)


def _events(text: str) -> Events:
    # Proxies such as nginx would hold an answer back until it has ended.
    return Response(
        status_code=HTTPStatus.OK, content_type=EVENT_STREAM, body=text, headers={"X-Accel-Buffering": "no"}
    )
