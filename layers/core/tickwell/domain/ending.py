"""How an attempt can end, before anything follows from it."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptFailedError, AttemptLostError
from tickwell.domain.execution import WORKER_STOPPED, ExecutionStatus, Failure

_LONGEST_MESSAGE = 2_000
_LONGEST_TRACEBACK = 8_000


class End(StrEnum):
    """Why a running attempt is to end before its time."""

    CANCELLED = "cancelled"  # its job was cancelled or deleted
    SUPERSEDED = "superseded"  # a newer occurrence takes its place
    TAKEN_OVER = "taken over"  # the slot holds another token by now
    STOPPED = "stopped"  # this worker stops, and gives it back


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How the task ended. ``failure`` None: it succeeded with ``output``, which takes ``output_bytes`` as JSON at most.

    ``told``: it was told to end, and why. ``pending``: its work goes on outside; it has not ended at all.
    """

    status: ExecutionStatus
    output: Any = None
    failure: Failure | None = None
    retryable: bool = True
    retry_after_seconds: float | None = None
    told: End | None = None
    output_bytes: int = 0
    pending: PendingCompletion | None = None

    @property
    def was_returned(self) -> bool:
        """Whether the worker that stops gave it back: no loss."""
        return self.status is ExecutionStatus.LOST and self.told is End.STOPPED


def failed(error: AttemptFailedError | AttemptLostError) -> Ending:
    """It said what went wrong."""
    failure = Failure(code=error.error_code, message=error.message)
    if isinstance(error, AttemptLostError):
        return Ending(status=ExecutionStatus.LOST, failure=failure)
    return Ending(
        status=ExecutionStatus.FAILED,
        failure=failure,
        retryable=error.retryable,
        retry_after_seconds=error.retry_after_seconds,
    )


EXPIRED = failed(AttemptFailedError("EXPIRED", "the occurrence had expired before this attempt could start"))
NOT_WANTED = frozenset({End.CANCELLED, End.SUPERSEDED, End.TAKEN_OVER})
_FAILURES = {
    End.CANCELLED: Failure(code="CANCELLED", message="the job was cancelled or deleted while this attempt ran"),
    End.SUPERSEDED: Failure(code="CANCELLED", message="a newer occurrence took this one's place while it ran"),
    End.TAKEN_OVER: Failure(code="CANCELLED", message="the attempt was given to another worker while this one ran"),
    End.STOPPED: Failure(code=WORKER_STOPPED, message="the worker was stopped before the attempt could end"),
}


def as_told(ending: Ending, told: End | None) -> Ending:
    """``ending`` of an attempt that was told to end: however it failed then, that is why."""
    if told is None or ending.failure is None:
        return ending
    if ending.status is ExecutionStatus.TIMEOUT:
        return replace(ending, told=told)
    status = ExecutionStatus.LOST if told is End.STOPPED else ExecutionStatus.CANCELLED
    return Ending(status=status, failure=_FAILURES[told], told=told)


def timed_out(limit_seconds: float) -> Ending:
    """It overran its time limit."""
    message = f"the attempt was stopped after {limit_seconds:g} s, its time limit"
    return Ending(status=ExecutionStatus.TIMEOUT, failure=Failure(code="TIMEOUT", message=message))


def bounded(failure: Failure) -> Failure:
    """``failure`` as it may be stored: the message's beginning, the end of the traceback."""
    trace = failure.traceback
    return replace(
        failure,
        message=_storable(failure.message[:_LONGEST_MESSAGE]),
        traceback=None if trace is None else _storable(trace[-_LONGEST_TRACEBACK:]),
    )


def _storable(text: str) -> str:
    """``text`` without lone surrogates, which UTF-8 cannot express."""
    return text.encode("utf-8", "replace").decode()
