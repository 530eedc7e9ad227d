"""How an attempt can end, before anything follows from it."""

import traceback
from dataclasses import dataclass, replace
from typing import Any

from tickwell.application.attempt_secrets import AttemptSecrets
from tickwell.application.lifeline import End
from tickwell.application.masking import Masker
from tickwell.application.task_output import require_storable
from tickwell.application.task_processes import TaskRaisedError
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptFailedError, AttemptLostError
from tickwell.domain.execution import WORKER_STOPPED, ExecutionStatus, Failure

_LONGEST_MESSAGE = 2_000
_LONGEST_TRACEBACK = 8_000


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


def ended_with(output: Any) -> Ending:
    """The task returned ``output``. Raises AttemptFailedError for what cannot be stored."""
    if isinstance(output, PendingCompletion):
        return Ending(status=ExecutionStatus.RUNNING, pending=output)
    return Ending(status=ExecutionStatus.SUCCESS, output=output, output_bytes=require_storable(output))


def masked(ending: Ending, mask: Masker, secrets: AttemptSecrets) -> Ending:
    """``ending`` without secrets, those that the attempt has opened as well.

    What a task returns is its own business, but for the latter: it got them, and may not show them.
    """
    if secrets.opened:
        ending = replace(ending, output=secrets.mask.value(ending.output))
    if ending.failure is None:
        return ending
    return replace(ending, failure=mask.also(secrets.opened).failure(ending.failure))


def timed_out(limit_seconds: float) -> Ending:
    """It overran its time limit."""
    message = f"the attempt was stopped after {limit_seconds:g} s, its time limit"
    return Ending(status=ExecutionStatus.TIMEOUT, failure=Failure(code="TIMEOUT", message=message))


def raised(error: BaseException) -> Ending:
    """It raised what it did not mean to."""
    trace = error.trace if isinstance(error, TaskRaisedError) else "".join(traceback.format_exception(error))
    message = str(error) or type(error).__name__
    return Ending(status=ExecutionStatus.FAILED, failure=Failure(code="TASK_ERROR", message=message, traceback=trace))


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
