"""Scheduled mails (E1 to E6)."""

from enum import StrEnum
from typing import Annotated

from aws_lambda_powertools.event_handler import Request, Response
from aws_lambda_powertools.event_handler.api_gateway import Router
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from tickwell.domain.email import EmailStatus
from tickwell.http.call import call_of
from tickwell.http.email_bodies import (
    AcceptedEmailAliasBody,
    AcceptedEmailBody,
    EmailBody,
    EmailDetailBody,
    EmailListBody,
    EmailStatsBody,
    accepted_email,
    email_body,
    email_detail_body,
    email_stats_body,
)
from tickwell.http.email_request import EmailRequest
from tickwell.http.mail_preview import PREVIEW_HEADERS, PREVIEW_TYPE, preview_page
from tickwell.http.operation import Shows, plain, success
from tickwell.http.paging import DEFAULT_LIMIT, Cursor, Limit, paged
from tickwell.http.unsent import note_launch

router = Router()  # type: ignore[no-untyped-call]
TAGS = ["Emails"]
_ACCEPTED = "Email scheduled successfully"

_Status = Annotated[EmailStatus | None, Query(description="Only those that have come so far.")]


class Part(StrEnum):
    """What of a mail is shown."""

    HTML = "html"
    TEXT = "text"


@router.post(
    "/api/v1/emails/schedule", summary="Schedule a mail", tags=TAGS, operation_id="scheduleEmail", status_code=201
)
def schedule_email(
    email: Annotated[EmailRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(AcceptedEmailBody)]]:
    """201 once it is certain to go out: a job of the task `send_email`, with the tag `email`, in the queue `emails`.

    Three attempts, about 2 and 4 seconds apart. The queue is made for the first mail; pausing it holds all mails back.
    """
    return success(_accepted(email, request), message=_ACCEPTED, status=201)


@router.post("/api/emails/schedule", summary="The same", tags=TAGS, operation_id="scheduleEmailAlias", status_code=201)
def schedule_email_alias(
    email: Annotated[EmailRequest, Body()], request: Request
) -> Response[Annotated[str, Shows(AcceptedEmailAliasBody, enveloped=False)]]:
    """As `/api/v1/emails/schedule`, and answers with `id`, `jobId` and `status` beside `data` as well."""
    accepted = _accepted(email, request)
    body = AcceptedEmailAliasBody(
        success=True,
        message=_ACCEPTED,
        id=accepted["id"],
        jobId=accepted["jobId"],
        status=accepted["status"],
        data=accepted,
    )
    return plain(body, status=201)


@router.get("/api/v1/emails", summary="List mails", tags=TAGS, operation_id="listEmails")
def list_emails(
    request: Request, status: _Status = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response[Annotated[str, Shows(EmailListBody)]]:
    """A page, newest first. Beside very many other jobs it may be short although more follow: its cursor goes on."""
    return _list(request, status, limit, cursor)


@router.get("/api/emails", summary="The same", tags=TAGS, operation_id="listEmailsAlias")
def list_emails_alias(
    request: Request, status: _Status = None, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response[Annotated[str, Shows(EmailListBody)]]:
    """As `/api/v1/emails`."""
    return _list(request, status, limit, cursor)


@router.get("/api/v1/emails/stats", summary="Mails counted", tags=TAGS, operation_id="getEmailStatistics")
def get_email_statistics(request: Request) -> Response[Annotated[str, Shows(EmailStatsBody)]]:
    """From counters, whatever the number; on AWS a few seconds behind."""
    return _stats(request)


@router.get("/api/emails/stats", summary="The same", tags=TAGS, operation_id="getEmailStatisticsAlias")
def get_email_statistics_alias(request: Request) -> Response[Annotated[str, Shows(EmailStatsBody)]]:
    """As `/api/v1/emails/stats`."""
    return _stats(request)


@router.get("/api/v1/emails/<email_id>", summary="One mail with its message", tags=TAGS, operation_id="getEmail")
def get_email(email_id: str, request: Request) -> Response[Annotated[str, Shows(EmailDetailBody)]]:
    """As it was sent; before that, as it is to be sent."""
    return _get(email_id, request)


@router.get("/api/emails/<email_id>", summary="The same", tags=TAGS, operation_id="getEmailAlias")
def get_email_alias(email_id: str, request: Request) -> Response[Annotated[str, Shows(EmailDetailBody)]]:
    """As `/api/v1/emails/{email_id}`."""
    return _get(email_id, request)


@router.get("/api/v1/emails/<email_id>/preview", summary="A mail as a page", tags=TAGS, operation_id="previewEmail")
def preview_email(
    email_id: str,
    request: Request,
    part: Annotated[
        Part, Query(description="`text` for its plain text, which is also what a mail without HTML shows.")
    ] = Part.HTML,
) -> Response[Annotated[str, Shows(str, enveloped=False, media_type=PREVIEW_TYPE)]]:
    """For a frame: it runs no script, sends no form, and loads nothing from anywhere.

    Pictures among its own attachments are shown, up to 2 MB of them; one that is shown twice counts twice.
    """
    call = call_of(request)
    message, pictures = call.services.emails.page(call.principal, email_id)
    page = preview_page(message, pictures, as_text=part is Part.TEXT)
    return Response(
        status_code=200, content_type=f"{PREVIEW_TYPE}; charset=utf-8", body=page, headers={**PREVIEW_HEADERS}
    )


@router.delete("/api/v1/emails/<email_id>", summary="Cancel a mail", tags=TAGS, operation_id="cancelEmail")
def cancel_email(email_id: str, request: Request) -> Response[Annotated[str, Shows(EmailBody)]]:
    """It does not go out; one that has been sent, has failed or was cancelled already gets 409."""
    call = call_of(request)
    email = call.services.emails.cancel(call.principal, email_id)
    return success(email_body(email), message="Email cancelled successfully")


def _accepted(email: EmailRequest, request: Request) -> AcceptedEmailBody:
    call = call_of(request)
    created = call.services.schedule_email(call.principal, email.to_new_email().within(call.traceparent))
    note_launch(call, created.job.job_id, launched=created.launched)
    return accepted_email(created.job)


def _list(request: Request, status: EmailStatus | None, limit: int, cursor: str | None) -> Response[str]:
    call = call_of(request)
    found = call.services.emails.list_emails(call.principal, status, limit=limit, cursor=cursor)
    pages = paged(limit, found.next_cursor, total=found.total, page=None)
    return success(EmailListBody(emails=[email_body(email) for email in found.items], pagination=pages))


def _stats(request: Request) -> Response[str]:
    call = call_of(request)
    return success(email_stats_body(call.services.emails.count(call.principal)))


def _get(email_id: str, request: Request) -> Response[str]:
    call = call_of(request)
    return success(email_detail_body(call.services.emails.get(call.principal, email_id)))
