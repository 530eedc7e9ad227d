"""The worker's side of tasks in processes: a bounded number of warm children, one attempt at a time in each."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tickwell.adapters.processes.attempt_folder import AttemptFolder, remove_abandoned
from tickwell.adapters.processes.child_process import ChildProcess
from tickwell.adapters.processes.endings import cancelled, outcome, returned
from tickwell.adapters.processes.offered import Offers
from tickwell.adapters.processes.places import Places
from tickwell.adapters.processes.wire import Frame, FrameTooLargeError
from tickwell.application.task import TaskContext
from tickwell.application.task_output import output_too_large
from tickwell.application.task_processes import TaskProcess
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError, AttemptLostError
from tickwell.domain.lane import Lane
from tickwell.domain.progress import Progress

MOST_ATTEMPTS = 100
"""So many attempts a child runs before it is replaced: what leaks in tasks stays bounded."""

_START_SECONDS = 60.0
_END_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ChildSettings:
    """What children are told at their start. After ``idle_seconds`` without work they end by themselves."""

    memory_mb: int
    allow_private_hosts: tuple[str, ...] = ()
    idle_seconds: float = 300.0

    def frame(self) -> Frame:
        """As the first frame to a child."""
        return {
            "kind": "setup",
            "memory_mb": self.memory_mb,
            "allow_private_hosts": list(self.allow_private_hosts),
            "idle_seconds": self.idle_seconds,
        }


class ProcessPool:
    """The ``TaskProcesses`` of a worker: up to ``size`` children at a time, started when they are needed."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        settings: ChildSettings,
        *,
        size: int,
        most_attempts: int = MOST_ATTEMPTS,
    ) -> None:
        self._command, self._environment = tuple(command), dict(environment)
        self._settings = settings
        self._places = Places(size)
        self._most_attempts = most_attempts
        self._lock = threading.Lock()
        self._idle: list[ChildProcess] = []
        self._all: set[ChildProcess] = set()
        self._has_started = False

    async def take(self, lane: Lane) -> "PooledProcess":
        """See ``TaskProcesses.take``."""
        await self._places.take(lane.precedence)
        try:
            return PooledProcess(self._warm() or await self.started(), self.replaced)
        except BaseException:
            self._places.give_back()
            raise

    def give_back(self, process: TaskProcess) -> None:
        """See ``TaskProcesses.give_back``."""
        if not isinstance(process, PooledProcess):
            raise TypeError("not a process of this pool")
        child = process.child
        if process.sound and child.alive and child.attempts < self._most_attempts:
            with self._lock:
                self._idle.append(child)
        else:
            self.drop(child)
        self._places.give_back()

    def close(self) -> None:
        """Kill all children, busy ones too."""
        with self._lock:
            children, self._idle = list(self._all), []
            self._all.clear()
        for child in children:
            child.end()
        for child in children:
            child.how_it_ended(_END_SECONDS)

    def drop(self, child: ChildProcess) -> None:
        """Use ``child`` no more."""
        with self._lock:
            self._all.discard(child)
        child.end()

    async def replaced(self, child: ChildProcess) -> ChildProcess:
        """Another one for ``child``, which ended before it could begin its work."""
        self.drop(child)
        return await self.started()

    async def started(self) -> ChildProcess:
        """A new child that has loaded the tasks. Raises AttemptFailedError (``PROCESS_NOT_STARTED``)."""
        child = ChildProcess(self._command, self._environment)
        with self._lock:
            self._all.add(child)
            is_first, self._has_started = not self._has_started, True
        if is_first:
            threading.Thread(target=remove_abandoned, name="abandoned-folders", daemon=True).start()
        try:
            async with asyncio.timeout(_START_SECONDS):
                await child.send(self._settings.frame())
                frame = await child.receive()
        except TimeoutError:
            frame = None
        except BaseException:
            self.drop(child)
            raise
        if frame != {"kind": "ready"}:
            self.drop(child)
            raise AttemptFailedError("PROCESS_NOT_STARTED", "the process for the task could not be started")
        return child

    def _warm(self) -> ChildProcess | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                child = self._idle.pop()
            if child.alive:
                return child
            self.drop(child)


class PooledProcess:
    """A child for one attempt. ``sound``: what was sent has been answered, so another attempt may follow."""

    def __init__(self, child: ChildProcess, replace: Callable[[ChildProcess], Awaitable[ChildProcess]]) -> None:
        self.child = child
        self.sound = True
        self._replace = replace
        self._sending = asyncio.Lock()

    async def run(self, task: str, payload: Any, context: TaskContext) -> Any:
        """See ``TaskProcess.run``."""
        self.sound = False
        folder = AttemptFolder()
        frame = {
            "kind": "run",
            "task": task,
            "payload": payload,
            "context": _facts(context),
            "opened": list(context.secrets.opened),
            "folder": folder.path,
        }
        offers = Offers(context, self._send)
        try:
            await self._begin(frame)
            last = await self._converse(context, offers)
        except FrameTooLargeError as error:
            raise output_too_large() from error
        finally:
            offers.close()
            if not self.sound:
                self.child.kill()
            if not folder.is_removed_empty():
                await asyncio.to_thread(self._remove, folder)
        return outcome(last)

    def _remove(self, folder: AttemptFolder) -> None:
        """Remove what the attempt left behind; may take long."""
        if not self.sound:
            self.child.how_it_ended(_END_SECONDS)
        folder.remove()

    async def _begin(self, frame: Frame) -> None:
        """Hand the attempt over. A child that ended while it was idle has not begun it: another one gets it."""
        if not await self._begun(frame):
            self.child = await self._replace(self.child)
            if not await self._begun(frame):
                raise await self._lost()

    async def _begun(self, frame: Frame) -> bool:
        self.child.attempts += 1
        if not await self.child.send({**frame, "attempt": self.child.attempts}):
            return False
        while (answer := await self.child.receive()) is not None and answer["kind"] in {"log", "sign", "ask"}:
            await self._late(answer)
        return answer == {"kind": "started"}

    async def _late(self, frame: Frame) -> None:
        """A thread that an earlier attempt left behind: its lines are nobody's, and it is told to end."""
        if frame["kind"] != "log":
            await self._send({"kind": "answer", "number": frame["number"], "outcome": cancelled()})

    async def _send(self, frame: Frame) -> bool:
        """One frame after the other, whoever sends them."""
        async with self._sending:
            return await self.child.send(frame)

    async def _converse(self, context: TaskContext, offers: Offers) -> Frame:
        """Follow the attempt to its end; the frame that tells it."""
        while (frame := await self.child.receive()) is not None:
            match frame["kind"]:
                case "log" | "sign" | "ask" if frame["of"] != self.child.attempts:
                    await self._late(frame)
                case "log":
                    at = datetime.fromisoformat(frame["at"])
                    context.logbook.add(at, frame["level"], frame["message"], frame["metadata"])
                case "sign":
                    answer = await _signed(context, frame["progress"])
                    await self._send({"kind": "answer", "number": frame["number"], "outcome": answer})
                case "ask":
                    offers.take(frame)
                case _:
                    self.sound = not frame.get("spent", False) and offers.all_answered
                    return frame
        raise await self._lost()

    async def _lost(self) -> AttemptLostError:
        how = await asyncio.to_thread(self.child.how_it_ended, _END_SECONDS)
        return AttemptLostError("PROCESS_DIED", f"the task's process {how}")


async def _signed(context: TaskContext, told: Frame | None) -> Frame:
    progress = None
    if told is not None:
        at = datetime.fromisoformat(told["at"])
        message = None if told["message"] is None else context.secrets.mask.text(told["message"])
        progress = Progress(percent=told["percent"], message=message, at=at)
    try:
        await context.lifeline.sign(progress)
    except AttemptCancelledError:
        return cancelled()
    return returned(None)


def _facts(context: TaskContext) -> Frame:
    """What the task's context holds there besides the means to do things."""
    return {
        "tenant_id": context.tenant_id,
        "job_id": context.job_id,
        "job_name": context.job_name,
        "execution_id": context.execution_id,
        "attempt": context.attempt,
        "due_at": context.due_at.isoformat(),
        "idempotency_key": context.idempotency_key,
        "sender_address": context.sender_address,
        "completion_token": context.completion_token,
        "traceparent": context.traceparent,
    }
