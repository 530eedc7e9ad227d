"""Tasks that have processes of their own, run in the simulation's process instead."""

from dataclasses import replace
from typing import Any

from tickwell.adapters.processes.not_here import NotHere
from tickwell.application.task import TaskContext, TaskRegistry
from tickwell.application.task_processes import TaskProcess, TaskRaisedError
from tickwell.domain.lane import Lane
from tickwell.testing.loop import threaded


class InlineProcess:
    """What a task process offers, without one. What a task may not do there, it may not do here."""

    def __init__(self, registry: TaskRegistry) -> None:
        self._registry = registry

    async def run(self, task: str, payload: Any, context: TaskContext) -> Any:
        """See ``TaskProcess``."""
        try:
            with threaded():
                return await self._registry.execute(task, payload, replace(context, mailer=NotHere(), blobs=NotHere()))
        except (SystemExit, KeyboardInterrupt) as error:  # they would end the simulation instead of the attempt
            raise TaskRaisedError(str(error) or type(error).__name__, type(error).__name__) from error


class InlineProcesses:
    """As many as are wanted."""

    def __init__(self, registry: TaskRegistry) -> None:
        self._process = InlineProcess(registry)

    async def take(self, _lane: Lane) -> TaskProcess:
        """See ``TaskProcesses``."""
        return self._process

    def give_back(self, process: TaskProcess) -> None:
        """Nothing was taken from anybody."""
