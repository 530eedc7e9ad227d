"""What the routes about occurrences take and give."""

import base64
import binascii
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from tickwell.application.backfill import Backfilled, BackfillRange
from tickwell.application.list_occurrences import OccurrencePage
from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import from_epoch_ms, iso, to_epoch_ms
from tickwell.domain.occurrence_entry import OccurrenceEntry
from tickwell.http.instants import Instant, iso_or_none
from tickwell.http.strict_body import StrictBody

LONGEST_SPREAD_SECONDS = 3600
_MARK = "occurrences:"
_LATEST_MS = 10**13


class OccurrenceBody(TypedDict):
    """One occurrence of a job (``due_at``) and its one outcome, or a range of skipped ones, up to ``last_due_at``.

    ``outcome``: ``executed`` (``status`` is that of its newest attempt), ``skipped`` or ``cancelled`` (``reason`` says
    why); not over yet: ``running``, ``waiting`` (due, or for its next attempt at ``next_attempt_at``), ``upcoming``.
    ``count`` is that of a range, null where there were too many to count. ``child_id``: the job that ran it in the
    place of its own. What nobody attempted has no ``status``, ``attempt`` and ``execution_id``.
    """

    due_at: str
    last_due_at: str | None
    count: int | None
    outcome: str
    reason: str | None
    status: str | None
    attempt: int | None
    execution_id: str | None
    child_id: str | None
    next_attempt_at: str | None


class OccurrenceListBody(TypedDict):
    """A page of occurrences, in order. It may be short although more follow: go on with ``next_cursor``."""

    occurrences: list[OccurrenceBody]
    next_cursor: str | None


class BackfillRequest(StrictBody):
    """The past range whose occurrences are to be run, those that were executed excepted."""

    since: Instant = Field(alias="from", description="The first instant; one without an occurrence is all right.")
    until: Instant | None = Field(default=None, description="The last instant. Default, and at most: now.")
    spread_seconds: Annotated[float, Field(ge=0, le=LONGEST_SPREAD_SECONDS)] = Field(
        default=1.0, description="How far apart they start; the first at once."
    )
    dry_run: bool = Field(default=False, description="Only count them.")

    def to_range(self) -> BackfillRange:
        """What the use case takes."""
        return BackfillRange(
            since=self.since,
            until=self.until,
            spread=timedelta(seconds=self.spread_seconds),
            dry_run=self.dry_run,
        )


class BackfillBody(TypedDict):
    """What became of the occurrences of the range.

    ``created`` are made to run (in a dry run: would be), the last one at ``last_start_at``. ``existing``: an earlier
    backfill has made them. ``executed`` have had an attempt, or wait for one. ``until``: the end of what is decided;
    later occurrences are the schedule's. A request looks at up to 1,000: while ``next_from`` is not null, go on there.
    """

    dry_run: bool
    created: int
    existing: int
    executed: int
    until: str
    next_from: str | None
    last_start_at: str | None


def occurrence_list_body(page: OccurrencePage) -> OccurrenceListBody:
    """``page`` as it is shown."""
    return OccurrenceListBody(
        occurrences=[occurrence_body(entry) for entry in page.entries],
        next_cursor=None if page.reached is None else encode_place(page.reached),
    )


def occurrence_body(entry: OccurrenceEntry) -> OccurrenceBody:
    """``entry`` as it is shown."""
    return OccurrenceBody(
        due_at=iso(entry.due_at),
        last_due_at=iso_or_none(entry.last_due_at),
        count=entry.count,
        outcome=entry.outcome.value,
        reason=entry.reason,
        status=None if entry.status is None else entry.status.value,
        attempt=entry.attempt,
        execution_id=entry.execution_id,
        child_id=entry.child_id,
        next_attempt_at=iso_or_none(entry.next_attempt_at),
    )


def backfill_body(made: Backfilled, *, dry_run: bool) -> BackfillBody:
    """``made`` as it is shown."""
    return BackfillBody(
        dry_run=dry_run,
        created=made.created,
        existing=made.existing,
        executed=made.executed,
        until=iso(made.until),
        next_from=iso_or_none(made.next_from),
        last_start_at=iso_or_none(made.last_start_at),
    )


def encode_place(at: datetime) -> str:
    """The cursor that leads behind the occurrence of ``at``."""
    return base64.urlsafe_b64encode(f"{_MARK}{to_epoch_ms(at)}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> datetime | None:
    """The instant of a cursor, if there is one. Raises InvalidInputError."""
    if cursor is None:
        return None
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _invalid() from error
    digits = text.removeprefix(_MARK)
    if digits == text or not digits.isdecimal() or len(digits) > len(str(_LATEST_MS)) or int(digits) >= _LATEST_MS:
        raise _invalid()
    return from_epoch_ms(int(digits))


def _invalid() -> InvalidInputError:
    return InvalidInputError("cursor", "is not a cursor that this listing gave")
