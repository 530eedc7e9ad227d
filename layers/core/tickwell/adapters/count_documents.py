"""What both engines store of the executions that ended: of the last ones, and of how long those of an hour took."""

import re
from typing import Final

from tickwell.domain.counts import EndedExecution
from tickwell.domain.durations import BUCKETS, Durations
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import from_epoch_ms

_LETTERS: Final = "".join(letter for letter in map(chr, range(0x21, 0x7F)) if letter not in '0123456789"\\')
"""One for each bucket: what JSON writes as it is, without digits. Their order is for ever."""
_BUCKET_OF: Final = {letter: bucket for bucket, letter in enumerate(_LETTERS[:BUCKETS])}
_PART: Final = re.compile(r"(\D)(\d*)")


def ended_execution(
    job_id: str, due_ms: int, attempt: int, status: str, finished_ms: int, duration_ms: int
) -> EndedExecution:
    """The execution of its stored values, in this order."""
    return EndedExecution(
        job_id=job_id,
        due_at=from_epoch_ms(due_ms),
        attempt=attempt,
        status=ExecutionStatus(status),
        finished_at=from_epoch_ms(finished_ms),
        duration_ms=duration_ms,
    )


def durations_text(durations: Durations) -> str:
    """``durations`` in a few bytes: the letter of each bucket with its number behind it, unless that is 1."""
    return "".join(
        f"{_LETTERS[bucket]}{number if number > 1 else ''}" for bucket, number in sorted(durations.by_bucket.items())
    )


def durations_from(text: str) -> Durations:
    """What ``durations_text`` wrote."""
    return Durations(by_bucket={_BUCKET_OF[letter]: int(number or 1) for letter, number in _PART.findall(text)})
