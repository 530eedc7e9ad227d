"""How requests and answers spell instants."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tickwell.domain.errors import InvalidInputError
from tickwell.domain.instant import iso

_FIRST_YEAR, _LAST_YEAR = 1970, 2199


def iso_or_none(value: datetime | None) -> str | None:
    """``iso`` of an instant that may be missing."""
    return None if value is None else iso(value)


def parse_instant(name: str, text: str | None) -> datetime | None:
    """The instant of a query parameter ``name``, if it is given. Raises InvalidInputError."""
    try:
        return None if text is None else _instant(text)
    except ValueError as error:
        raise InvalidInputError(name, str(error)) from None


_EXAMPLE = "2035-11-25T09:00:00Z"
"""Far ahead: what is told as an example should not be past already."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def parse_day(name: str, text: str | None) -> date | None:
    """The day of a query parameter ``name``, if it is given. Raises InvalidInputError."""
    if text is None:
        return None
    example = "must be a day of the calendar, such as 2026-11-25"
    if not _DAY.fullmatch(text):
        raise InvalidInputError(name, example)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError(name, example) from None
    if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise InvalidInputError(name, f"must be from {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def _instant(value: Any) -> datetime:
    """An ISO 8601 instant from text; without an offset it would name no instant."""
    example = f"must be an ISO 8601 instant with an offset, such as {_EXAMPLE}"
    if not isinstance(value, str):
        raise ValueError(example)  # noqa: TRY004 - pydantic reports ValueError as a fault of the field
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(example) from None
    if parsed.tzinfo is None:
        raise ValueError("must have an offset, such as Z or +01:00")
    try:
        in_utc = parsed.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"must be from {_FIRST_YEAR} to {_LAST_YEAR}") from None
    if not _FIRST_YEAR <= in_utc.year <= _LAST_YEAR:
        raise ValueError(f"must be from {_FIRST_YEAR} to {_LAST_YEAR}")
    return in_utc


Instant = Annotated[
    datetime,
    BeforeValidator(_instant, json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})]),
]
"""An instant in a body."""


_DIGITS = re.compile(r"\d{9,}(\.\d+)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = int((datetime(_LAST_YEAR + 1, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds()) - 1
_EXAMPLE_SECONDS = int((datetime.fromisoformat(_EXAMPLE) - _EPOCH).total_seconds())
_MOMENT = f"must be Unix seconds, such as {_EXAMPLE_SECONDS}, or an ISO 8601 instant with an offset, such as {_EXAMPLE}"


def _moment(value: Any) -> datetime:
    """An instant as ``_instant`` takes it, or in seconds since 1970."""
    if isinstance(value, str):
        if _DIGITS.fullmatch(value):
            raise ValueError(f"{_MOMENT}; seconds are a number, without quotes")
        return _instant(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(_MOMENT)  # noqa: TRY004 - pydantic reports ValueError as a fault of the field
    if not 0 <= value <= _LAST_SECOND:
        reason = f"must be from 0 to {_LAST_SECOND}: Unix seconds"
        raise ValueError(f"{reason}, not milliseconds" if 0 <= value <= _LAST_SECOND * 1000 else reason)
    return _EPOCH + timedelta(milliseconds=round(value * 1000))


Moment = Annotated[
    datetime,
    BeforeValidator(
        _moment,
        json_schema_input_type=Annotated[str, Field(json_schema_extra={"format": "date-time"})]
        | Annotated[float, Field(ge=0, le=_LAST_SECOND)],
    ),
]
"""An instant in a body, as text or as Unix seconds."""
