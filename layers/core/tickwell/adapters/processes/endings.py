"""How calls end, as frames: what a task returned or raised, and what the worker answers to its questions."""

import json
from typing import Any

from tickwell.adapters.processes.wire import Frame
from tickwell.application.task_processes import TaskRaisedError
from tickwell.domain.completion import PendingCompletion, pending_completion
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError


def returned(output: Any) -> Frame:
    """It returned ``output``: any JSON value, or that its work goes on elsewhere."""
    if isinstance(output, PendingCompletion):
        return {"kind": "pending", "timeout_seconds": output.timeout_seconds}
    return {"kind": "output", "output": output}


def cancelled() -> Frame:
    """The attempt is not wanted any more."""
    return {"kind": "cancelled"}


def failed(error: AttemptFailedError) -> Frame:
    """It raised ``error``."""
    frame = {
        "kind": "failed",
        "code": error.error_code,
        "message": error.message,
        "retryable": error.retryable,
        "retry_after_seconds": error.retry_after_seconds,
    }
    try:
        json.dumps(frame, allow_nan=False)
    except (TypeError, ValueError):  # a task may have put anything there
        frame |= {"code": str(error.error_code), "message": str(error.message), "retryable": bool(error.retryable)}
        frame["retry_after_seconds"] = None
    return frame


def outcome(frame: Frame) -> Any:
    """The output that ``frame`` tells of.

    Raises AttemptFailedError and AttemptCancelledError as they were raised on the other side, TaskRaisedError for
    anything else that was.
    """
    match frame["kind"]:
        case "output":
            return frame["output"]
        case "pending":
            return pending_completion(frame["timeout_seconds"])
        case "failed":
            raise AttemptFailedError(
                frame["code"],
                frame["message"],
                retryable=frame["retryable"],
                retry_after_seconds=frame["retry_after_seconds"],
            )
        case "cancelled":
            raise AttemptCancelledError
        case _:
            raise TaskRaisedError(frame["message"], frame["trace"])
