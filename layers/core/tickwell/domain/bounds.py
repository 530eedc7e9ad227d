"""The bounds of a recurring schedule: from when until when, and which local dates are left out."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.zone import stretch_at

MOST_EXCLUSIONS = 100
YEARS_AHEAD = 50
_ONE_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199
_JUST_BEFORE = timedelta(microseconds=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Exclusion:
    """Local dates that are left out, from ``first`` to ``last``, both included."""

    first: date
    last: date

    @classmethod
    def parse(cls, text: str) -> "Exclusion":
        """Read ``YYYY-MM-DD`` or ``YYYY-MM-DD/YYYY-MM-DD``; raises InvalidInputError."""
        ends = text.split("/")
        if len(ends) > 2:
            raise InvalidInputError(
                "exclude", f"{text!r} must be a date such as 2026-12-25, or two with / between them"
            )
        first, last = _date(ends[0]), _date(ends[-1])
        if last < first:
            raise InvalidInputError("exclude", f"{text!r} ends before it begins")
        return cls(first=first, last=last)

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}/{self.last}"


def exclusions(texts: Iterable[str]) -> tuple[Exclusion, ...]:
    """The exclusions that ``texts`` spell, in order, each once. Raises InvalidInputError."""
    found = tuple(sorted({Exclusion.parse(text) for text in texts}))
    if len(found) > MOST_EXCLUSIONS:
        raise InvalidInputError("exclude", f"must have at most {MOST_EXCLUSIONS} entries")
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What limits a recurring schedule. An occurrence on ``start_at`` or ``end_at`` counts, on an excluded date none.

    Which date it is when an occurrence is due, the schedule's zone says. Raises InvalidInputError where the end comes
    before the start.
    """

    start_at: datetime | None = None
    end_at: datetime | None = None
    exclude: tuple[Exclusion, ...] = ()

    def __post_init__(self) -> None:
        if self.start_at is not None and self.end_at is not None and self.end_at < self.start_at:
            raise InvalidInputError("end_at", "must not come before start_at")

    def first_within(
        self, after: datetime, timezone: str, following: Callable[[datetime], datetime | None]
    ) -> datetime | None:
        """The first occurrence strictly later than ``after`` that is within; ``following`` gives them without bounds.

        None when there is none, or none within 50 years.
        """
        if self.start_at is not None:
            after = max(after, self.start_at - _JUST_BEFORE)
        last_year = after.year + YEARS_AHEAD
        while (due_at := following(after)) is not None:
            if due_at.year > last_year or (self.end_at is not None and due_at > self.end_at):
                return None
            again = self._included_again(due_at, timezone) if self.exclude else None
            if again is None:
                return due_at
            after = again - _JUST_BEFORE
        return None

    def _included_again(self, due_at: datetime, timezone: str) -> datetime | None:
        """Where ``due_at`` is excluded: an instant up to which everything is, too; None where it is not."""
        at = due_at.astimezone(UTC).replace(tzinfo=None)
        stretch = stretch_at(timezone, at)
        today = (at + stretch.offset).date()
        ends = [one.last for one in self.exclude if one.first <= today <= one.last]
        if not ends:
            return None
        midnight = datetime.combine(max(ends) + _DAY, time())
        return min(midnight - stretch.offset, stretch.end).replace(tzinfo=UTC)


NO_BOUNDS = Bounds()


def _date(text: str) -> date:
    """Raises InvalidInputError."""
    example = f"{text!r} is not a date such as 2026-12-25"
    if not _ONE_DATE.fullmatch(text):
        raise InvalidInputError("exclude", example)
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("exclude", example) from None
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise InvalidInputError("exclude", f"{text!r} must be from {_FIRST_YEAR} to {_LAST_YEAR}")
    return found
