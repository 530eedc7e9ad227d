"""What a caller calls a job by: a key of its own, which one job of a tenant has at a time (X24).

A job may also carry a scope: the name of the file, or the part of a system, that defines it. Whoever applies a file
deletes only what carries the file's scope.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from tickwell.domain.errors import InvalidInputError

LONGEST_CALLER_KEY: Final = 128
LONGEST_SCOPE: Final = 64

_PART = "[A-Za-z0-9][A-Za-z0-9._:-]*"
CALLER_KEY_PATTERN: Final = f"{_PART}(?:/{_PART})*"
"""Each part begins with a letter or a digit: a key is a piece of a path, where ``..``, ``.`` and ``//`` vanish."""

JOINED_FOR: Final = timedelta(seconds=10)
"""For so long after a key was taken, whoever else wants it makes the very job that is just being written."""

ABANDONED_AFTER: Final = timedelta(seconds=60)
"""Nobody writes the job of a key later than this after taking it: 20 s are allowed (rule 1), and clocks differ."""

_WORDS = "letters, digits, '.', '_', ':', '-', and '/' between parts that begin with a letter or a digit"


@dataclass(frozen=True, kw_only=True, slots=True)
class KeyHolder:
    """Which job has a key, and the scope that goes with it.

    It is written before its job, at ``taken_at``. One whose job is missing is of somebody who is just writing the job,
    or who died before that.
    """

    tenant_id: str
    key: str
    job_id: str
    taken_at: datetime
    scope: str | None = None

    def is_joined(self, now: datetime) -> bool:
        """Whether its job, if it is missing, is just being written."""
        return now - self.taken_at <= JOINED_FOR

    def is_abandoned(self, now: datetime) -> bool:
        """Whether its job, if it is missing, will never be written."""
        return now - self.taken_at > ABANDONED_AFTER


def is_caller_key(text: str, longest: int = LONGEST_CALLER_KEY) -> bool:
    """Whether ``text`` can be a key, or with ``longest`` ``LONGEST_SCOPE`` a scope."""
    return len(text) <= longest and re.fullmatch(CALLER_KEY_PATTERN, text) is not None


def require_caller_key(text: str, field: str = "key") -> str:
    """``text`` if it can be a key. Raises InvalidInputError(``field``)."""
    if not is_caller_key(text):
        raise InvalidInputError(field, f"must have 1 to {LONGEST_CALLER_KEY} characters: {_WORDS}")
    return text


def require_scope(text: str, field: str = "scope") -> str:
    """``text`` if it can be a scope. Raises InvalidInputError(``field``)."""
    if not is_caller_key(text, LONGEST_SCOPE):
        raise InvalidInputError(field, f"must have 1 to {LONGEST_SCOPE} characters: {_WORDS}")
    return text
