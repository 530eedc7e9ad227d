"""What ``POST /emails/schedule`` takes."""

from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field

from tickwell.application.create_job import After, At, Immediately, ScheduleRequest
from tickwell.application.emails import NewEmail
from tickwell.domain.errors import InvalidInputError
from tickwell.http.instants import Moment
from tickwell.http.job_request import Line
from tickwell.http.schedule_request import LONGEST_DELAY_SECONDS
from tickwell.http.strict_body import StrictBody

_OF_PAYLOAD: Final = ("to", "cc", "bcc", "reply_to", "subject", "body", "html", "attachments")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_Addresses = Annotated[list[str], BeforeValidator(_as_list, json_schema_input_type=str | list[str])]
_WHEN = "When it is to go out: Unix seconds, or ISO 8601 with an offset. Left out, or past: at once."


class EmailRequest(StrictBody):
    """A mail, and when: the payload of the task `send_email` beside the time. For all else there is `POST /jobs`."""

    to: _Addresses = Field(description="One address or several.")
    cc: _Addresses | None = Field(default=None, description="Who gets a copy, for all to see.")
    bcc: _Addresses | None = Field(default=None, description="Who gets a copy of which the others know nothing.")
    reply_to: _Addresses | None = Field(default=None, description="Where answers go.")
    subject: str = Field(description="One line, up to 500 characters.")
    body: str = Field(description="Plain text.")
    html: str | None = Field(default=None, description="The same as HTML, for those who can show it.")
    attachments: list[dict[str, Any]] | None = Field(
        default=None, description="Files of yours: `file`, and maybe `filename`, `content_type`, `inline_id`."
    )
    scheduled_for: Moment | None = Field(default=None, description=_WHEN)
    scheduled_time: Moment | None = Field(default=None, description="The same.")
    seed_time: Moment | None = Field(default=None, alias="scheduledTime", description="The same.")
    delay_seconds: float | None = Field(
        default=None, ge=0, le=LONGEST_DELAY_SECONDS, description="Or in so many seconds."
    )
    tags: list[Annotated[Line, Field(min_length=1, max_length=50)]] = Field(
        default=[], max_length=19, description="Beside `email`, which each mail has."
    )

    def to_new_email(self) -> NewEmail:
        """What the use case takes. Raises InvalidInputError where more than one time is given."""
        given = self.model_dump(include=set(_OF_PAYLOAD), exclude_none=True)
        return NewEmail(
            payload={field: given[field] for field in _OF_PAYLOAD if field in given},
            schedule=self._schedule(),
            tags=tuple(dict.fromkeys(self.tags)),
        )

    def _schedule(self) -> ScheduleRequest:
        times: dict[str, datetime | float | None] = {
            "scheduled_for": self.scheduled_for,
            "scheduled_time": self.scheduled_time,
            "scheduledTime": self.seed_time,
            "delay_seconds": self.delay_seconds,
        }
        given = [name for name, time in times.items() if time is not None]
        if len(given) > 1:
            raise InvalidInputError(given[1], f"cannot stand together with {given[0]}")
        if not given:
            return Immediately()
        time = times[given[0]]
        return At(at=time) if isinstance(time, datetime) else After(delay_seconds=time or 0.0)
