"""How answers spell instants."""

from datetime import datetime

from tickwell.domain.instant import iso


def iso_or_none(value: datetime | None) -> str | None:
    """``iso`` of an instant that may be missing."""
    return None if value is None else iso(value)
