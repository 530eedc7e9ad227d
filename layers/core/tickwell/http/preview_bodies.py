"""What the preview of a schedule takes and gives."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from pydantic import ValidationError
from typing_extensions import TypedDict

from tickwell.application.create_job import schedule_of
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import iso
from tickwell.domain.schedule import Schedule, next_due, schedule_type, why_never
from tickwell.domain.zone import zone
from tickwell.http.errors import fault_of_part
from tickwell.http.schedule_bodies import timezone_of
from tickwell.http.schedule_request import RECURRING, ScheduleFields


class InstantBody(TypedDict):
    """When an occurrence is due, and what the clocks of the schedule's zone show then; ``zone``: its abbreviation."""

    due_at: str
    local_time: str
    zone: str


class PreviewBody(TypedDict):
    """The next occurrences of a schedule. ``ends``: no other follows, or none within 50 years."""

    schedule_type: str
    timezone: str
    occurrences: list[InstantBody]
    ends: bool


def recurring_schedule(given: dict[str, Any], now: datetime) -> Schedule:
    """The schedule that a job with these fields would have at ``now``. Raises InvalidInputError."""
    try:
        fields = ScheduleFields.model_validate({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise fault_of_part(error) from None
    if fields.timed_by() not in RECURRING:
        raise InvalidInputError("cron_expression", "is required, or interval_seconds")
    return schedule_of(fields.schedule(), now)


def preview_body(schedule: Schedule, after: datetime, *, count: int) -> PreviewBody:
    """The next ``count`` occurrences behind ``after``. Raises InvalidInputError where there is none."""
    found = list(islice(_following(schedule, after), count + 1))
    if not found:
        raise InvalidInputError(*why_never(schedule, after))
    timezone = timezone_of(schedule) or "UTC"
    return PreviewBody(
        schedule_type=schedule_type(schedule).value,
        timezone=timezone,
        occurrences=[_instant_body(due_at, timezone) for due_at in found[:count]],
        ends=len(found) <= count,
    )


def _following(schedule: Schedule, after: datetime) -> Iterator[datetime]:
    due_at = next_due(schedule, after)
    while due_at is not None:
        yield due_at
        due_at = next_due(schedule, due_at)


def _instant_body(due_at: datetime, timezone: str) -> InstantBody:
    local = due_at.astimezone(zone(timezone))
    return InstantBody(
        due_at=iso(due_at), local_time=local.isoformat(timespec="milliseconds"), zone=local.tzname() or timezone
    )
