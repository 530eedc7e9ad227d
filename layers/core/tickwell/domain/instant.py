"""Instants: aware UTC datetimes cut to whole milliseconds, the grain that both engines store."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_WITHOUT_OFFSET = len("2026-11-22T09:00:00.000")


def instant(value: datetime) -> datetime:
    """Return ``value`` in UTC, cut to whole milliseconds.

    Raises ValueError for a naive datetime: without an offset it names no instant.
    """
    if value.tzinfo is not UTC:
        if value.tzinfo is None or value.utcoffset() is None:
            raise ValueError("a datetime without an offset does not name an instant")
        value = value.astimezone(UTC)
    beyond = value.microsecond % 1000
    return value.replace(microsecond=value.microsecond - beyond) if beyond else value


def to_epoch_ms(value: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00:00Z; exact, unlike ``timestamp()``."""
    return (value - _EPOCH) // _MILLISECOND


def from_epoch_ms(epoch_ms: int) -> datetime:
    """The instant that ``to_epoch_ms`` gave ``epoch_ms`` for."""
    return _EPOCH + epoch_ms * _MILLISECOND


def iso(value: datetime) -> str:
    """RFC 3339 with milliseconds and ``Z``: ``2026-11-22T09:00:00.000Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds")[:_WITHOUT_OFFSET] + "Z"
