"""What both engines store of what they count: jobs, executions that ended, the last of these, how long they took."""

import re
from collections.abc import Sequence
from typing import Any, Final

from tickwell.domain.counts import EndedExecution, ExecutionTally, JobCell
from tickwell.domain.durations import BUCKETS, Durations
from tickwell.domain.execution import ExecutionStatus
from tickwell.domain.instant import from_epoch_ms
from tickwell.domain.job import JobStatus
from tickwell.domain.lane import Lane
from tickwell.domain.schedule import JobType

COUNTED_STATUSES: Final = (
    ExecutionStatus.SUCCESS,
    ExecutionStatus.FAILED,
    ExecutionStatus.TIMEOUT,
    ExecutionStatus.CANCELLED,
    ExecutionStatus.LOST,
)
"""How an execution ends, in the order in which the numbers of a tally are stored."""

_LETTERS: Final = "".join(letter for letter in map(chr, range(0x21, 0x7F)) if letter not in '0123456789"\\')
"""One for each bucket: what JSON writes as it is, without digits. Their order is for ever."""
_BUCKET_OF: Final = {letter: bucket for bucket, letter in enumerate(_LETTERS[:BUCKETS])}
_PART: Final = re.compile(r"(\D)(\d*)")


def job_cell(queue: str, lane: str, status: str, recurring: bool, running: bool) -> JobCell:
    """The jobs of these stored values, in this order; for SQLite, 1 and 0 are true and false."""
    return JobCell(
        queue=queue,
        lane=Lane(lane),
        status=JobStatus(status),
        job_type=JobType.RECURRING if recurring else JobType.ONE_TIME,
        running=bool(running),
    )


def tally_numbers(tally: ExecutionTally) -> list[int | None]:
    """``tally`` as it is stored: how many had each of ``COUNTED_STATUSES``, and how long they took."""
    counts = [tally.by_status.get(status, 0) for status in COUNTED_STATUSES]
    return [*counts, tally.duration_ms, tally.shortest_ms, tally.longest_ms]


def tally_from(numbers: Sequence[Any]) -> ExecutionTally:
    """What ``tally_numbers`` wrote."""
    *counts, duration_ms, shortest_ms, longest_ms = numbers
    return ExecutionTally(
        by_status={status: count for status, count in zip(COUNTED_STATUSES, counts, strict=True) if count},
        duration_ms=duration_ms,
        shortest_ms=shortest_ms,
        longest_ms=longest_ms,
    )


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
