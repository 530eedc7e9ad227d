"""Processes for tasks that might block, crash or never end: the port, and how patiently a worker waits for one.

The waiting happens before the attempt's time limit begins, so that a busy worker costs no attempt its time. It must
outlast neither the lease nor the worker: each half lease is signed for, a wait that was noticeable once more at its
end, and it ends when what is left of the worker's longest attempt would not hold the attempt's time limit any more.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NoReturn, Protocol

from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.lane import Lane

LEAST_PATIENCE_SECONDS = 10.0
"""So long a process may take to start, whatever the time limit is; within what a worker keeps for settling."""

_UNNOTICED_SECONDS = 5.0
"""A wait up to this long is within the margin of every lease."""

_SHORTEST_STEP_SECONDS = 0.5


class TaskRaisedError(Exception):
    """What a task raised in its process, as text; ``trace`` is its traceback there."""

    def __init__(self, message: str, trace: str) -> None:
        super().__init__(message)
        self.trace = trace


class TaskProcess(Protocol):
    """A process that knows the tasks and waits for an attempt."""

    async def run(self, task: str, payload: Any, context: TaskContext) -> Any:
        """Run one attempt there; the output.

        What the task logs, and its signs of life, go to ``context``. Cancelling this call kills the process with all
        that it started. Raises AttemptFailedError and AttemptCancelledError as the task raised them, TaskRaisedError
        for anything else that it raised, and AttemptLostError (``PROCESS_DIED``) when the process died by itself.
        """
        ...


class TaskProcesses(Protocol):
    """A bounded number of processes. One object serves all event loops of the worker."""

    async def take(self, lane: Lane) -> TaskProcess:
        """A process for one attempt of ``lane``; the caller gives it back.

        Waits until there is one: more urgent lanes go first, yet each who waits is served in the end. Raises
        AttemptFailedError (``PROCESS_NOT_STARTED``) when it cannot be started.
        """
        ...

    def give_back(self, process: TaskProcess) -> None:
        """End the use of ``process``; if it is still sound the next attempt may find it warm."""
        ...


class NoProcesses:
    """For workers of which no task wants a process."""

    async def take(self, _lane: Lane) -> NoReturn:
        """There is none."""
        raise AttemptFailedError("NO_PROCESS", "this worker runs no tasks in processes")

    def give_back(self, process: TaskProcess) -> None:
        """Nothing was taken."""


@asynccontextmanager
async def taken(
    processes: TaskProcesses, context: TaskContext, lane: Lane, *, lease_seconds: float, patience_seconds: float
) -> AsyncIterator[TaskProcess]:
    """A process for one attempt while the block lasts; ``lease_seconds`` is what a sign of life is good for.

    Raises AttemptFailedError ``NO_PROCESS`` (retryable) when none was free for ``patience_seconds``, and
    AttemptCancelledError when the attempt is not wanted any more.
    """
    taking = asyncio.ensure_future(processes.take(lane))
    try:
        await _patiently(taking, context, lease_seconds=lease_seconds, patience_seconds=patience_seconds)
        process = taking.result()
    except BaseException:
        if not taking.cancel() and not taking.cancelled() and taking.exception() is None:
            processes.give_back(taking.result())
        raise
    try:
        yield process
    finally:
        processes.give_back(process)


async def _patiently(
    taking: "asyncio.Future[TaskProcess]", context: TaskContext, *, lease_seconds: float, patience_seconds: float
) -> None:
    patience_seconds = max(patience_seconds, LEAST_PATIENCE_SECONDS)
    waited, step = 0.0, min(_UNNOTICED_SECONDS, lease_seconds / 2)
    while not (await asyncio.wait({taking}, timeout=step))[0]:
        waited += step
        if waited >= patience_seconds:
            reason = f"no process was free for {waited:g} s; the worker has too few for its jobs"
            raise AttemptFailedError("NO_PROCESS", reason)
        await context.lifeline.sign()
        step = max(_SHORTEST_STEP_SECONDS, min(lease_seconds / 2, patience_seconds - waited))
    if waited and not taking.cancelled() and taking.exception() is None:
        await context.lifeline.sign()
