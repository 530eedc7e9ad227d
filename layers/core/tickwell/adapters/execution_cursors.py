"""Cursors of the listing of executions: due instant, attempt, and the mark of the child that ran it (else empty)."""

from tickwell.adapters.cursors import decode_cursor, encode_cursor
from tickwell.domain.errors import InvalidInputError

_LISTING = "executions"
_LARGEST = 1 << 53
_LATEST_MS, _LAST_ATTEMPT = 10**13 - 1, 9999


def encode_execution_cursor(due_ms: int, attempt: int, mark: str) -> str:
    """The cursor that leads behind that execution."""
    return encode_cursor(_LISTING, [due_ms, attempt, mark])


def beginning() -> str:
    """The cursor that leads to the newest execution."""
    return encode_execution_cursor(_LATEST_MS, _LAST_ATTEMPT, "")


def execution_cursor(cursor: str | None) -> tuple[int, int, str] | None:
    """The place of ``cursor``, if there is one. Raises InvalidInputError."""
    if cursor is None:
        return None
    due_ms, attempt, mark = decode_cursor(_LISTING, cursor, (int, int, str))
    place = int(due_ms), int(attempt), str(mark)
    if not all(0 <= number <= _LARGEST for number in place[:2]):
        raise InvalidInputError("cursor", "is not a cursor that this listing gave")
    return place
