"""What the routes about tickets and live updates take and give."""

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.tickets import IssuedTicket
from tickwell.http.strict_body import StrictBody


class TicketRequest(StrictBody):
    """What a ticket is to open."""

    path: str = Field(
        max_length=300,
        description="The path that is to be asked for, from behind `/api/v1/`: `sse/stats`, `sse/jobs/{job_id}` or "
        "`emails/{email_id}/preview`.",
        examples=["sse/stats"],
    )


class TicketBody(TypedDict):
    """A ticket for one path, to be sent there as the parameter `ticket` within `expires_in` seconds."""

    ticket: str
    path: str
    expires_in: int


class EventBody(TypedDict, total=False):
    """One event of a stream. `data` is JSON; `retry` says, in milliseconds, when to come again after the answer's end.

    Where there is nothing new, `retry` stands alone.
    """

    id: str
    event: str
    data: str
    retry: int


def ticket_body(ticket: IssuedTicket) -> TicketBody:
    """``ticket`` as it is shown, once."""
    return TicketBody(ticket=ticket.text, path=ticket.path, expires_in=ticket.expires_in_seconds)
