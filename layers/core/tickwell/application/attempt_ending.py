"""How a task's end is told: by what it returned, or raised."""

import traceback
from dataclasses import replace
from typing import Any

from tickwell.application.attempt_secrets import AttemptSecrets
from tickwell.application.masking import Masker
from tickwell.application.task_output import require_storable
from tickwell.application.task_processes import TaskRaisedError
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.ending import Ending
from tickwell.domain.execution import ExecutionStatus, Failure


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


def raised(error: BaseException) -> Ending:
    """It raised what it did not mean to."""
    trace = error.trace if isinstance(error, TaskRaisedError) else "".join(traceback.format_exception(error))
    message = str(error) or type(error).__name__
    return Ending(status=ExecutionStatus.FAILED, failure=Failure(code="TASK_ERROR", message=message, traceback=trace))
