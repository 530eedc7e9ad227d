"""What runs in a task process: it takes one attempt after the other from the worker, until there is no worker.

A thread reads what the worker sends, so that its end is noticed while a task is busy: then the process ends, and all
that it started.
"""

import asyncio
import json
import os
import resource
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any, NoReturn

from tickwell.adapters.guarded_http import GuardedHttp
from tickwell.adapters.processes.not_here import NotHere
from tickwell.adapters.processes.wire import Frame, pack, receive
from tickwell.application.lifeline import Lifeline
from tickwell.application.ports import Clock
from tickwell.application.task import TaskContext, TaskRegistry
from tickwell.application.task_log import LogLevel, TaskLog, bounded_text, storable_metadata
from tickwell.application.task_output import require_storable
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError
from tickwell.domain.outbound import OutboundRules
from tickwell.domain.progress import Progress

_LONGEST_TRACE = 64 * 1024


class Link:
    """The child's end of the connection. Frames may be sent from any thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._sending = threading.Lock()

    def send(self, frame: Frame) -> None:
        """Send it; blocks while the worker is busy. Without a worker the process ends here."""
        data = pack(frame)
        with self._sending:
            try:
                self._connection.sendall(data)
            except OSError:
                end_group()

    def receive(self) -> Frame:
        """The next frame; without a worker the process ends here."""
        frame = receive(self._connection)
        if frame is None:
            end_group()
        return frame


def end_group() -> NoReturn:
    """End this process and all that it started."""
    os.killpg(0, signal.SIGKILL)
    raise SystemExit(1)


class _SentLog(TaskLog):
    """Lines go to the worker at once, so that they are kept whatever becomes of this process."""

    def __init__(self, link: Link, attempt: int) -> None:
        super().__init__()
        self._link = link
        self._attempt = attempt

    def add(self, at: datetime, level: LogLevel, message: str, metadata: dict[str, Any]) -> None:
        fields, _ = storable_metadata(metadata)
        line = {"at": at.isoformat(), "level": level, "message": bounded_text(message), "metadata": fields or {}}
        self._link.send({"kind": "log", "of": self._attempt, **line})


class _Answers:
    """Who waits for which answer of the worker; only the loop's thread touches it."""

    def __init__(self) -> None:
        self._waiting: dict[int, asyncio.Future[bool]] = {}
        self._asked = 0

    def question(self) -> tuple[int, asyncio.Future[bool]]:
        """The number of a new question, and its answer."""
        self._asked += 1
        answer = self._waiting[self._asked] = asyncio.get_running_loop().create_future()
        return self._asked, answer

    def give(self, number: int, go_on: bool) -> None:
        """An answer has come; whoever asked may not wait any more."""
        answer = self._waiting.pop(number)
        if not answer.done():
            answer.set_result(go_on)


class _Signs(Lifeline):
    """Signs of life of one attempt go to the worker; each waits for its own answer."""

    def __init__(self, link: Link, attempt: int, answers: _Answers) -> None:
        self._link = link
        self._attempt = attempt
        self._answers = answers

    async def sign(self, progress: Progress | None = None) -> None:
        told = None
        if progress is not None:
            at = progress.at.isoformat()
            told = {"percent": float(progress.percent), "message": progress.message, "at": at}
        number, answer = self._answers.question()
        self._link.send({"kind": "sign", "of": self._attempt, "number": number, "progress": told})
        if not await answer:
            raise AttemptCancelledError


def serve(connection: socket.socket, load_registry: Callable[[], TaskRegistry], clock: Clock) -> None:
    """Serve the worker at the other end until it has no more use for this process.

    Raises what ``load_registry`` raises.
    """
    os.set_inheritable(connection.fileno(), False)
    link = Link(connection)
    setup = link.receive()
    limit = setup["memory_mb"] * 1024 * 1024
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    registry = load_registry()
    http = GuardedHttp(OutboundRules.allowing(tuple(setup["allow_private_hosts"])))
    link.send({"kind": "ready"})
    asyncio.run(_Child(link, registry, http, clock).serve(setup["idle_seconds"]))


class _Child:
    def __init__(self, link: Link, registry: TaskRegistry, http: GuardedHttp, clock: Clock) -> None:
        self._link = link
        self._registry = registry
        self._http = http
        self._clock = clock
        self._answers = _Answers()
        self._attempts: asyncio.Queue[Frame] = asyncio.Queue()

    async def serve(self, idle_seconds: float) -> None:
        threading.Thread(target=self._listen, args=[asyncio.get_running_loop()], daemon=True).start()
        while True:
            try:
                frame = await asyncio.wait_for(self._attempts.get(), idle_seconds)
            except TimeoutError:
                end_group()
            self._link.send({"kind": "started"})
            self._link.send(await self._ended(frame))

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        while True:
            frame = self._link.receive()
            if frame["kind"] == "answer":
                loop.call_soon_threadsafe(self._answers.give, frame["number"], frame["go_on"])
            else:
                loop.call_soon_threadsafe(self._attempts.put_nowait, frame)

    async def _ended(self, frame: Frame) -> Frame:
        """Run the attempt; the frame that tells how it ended."""
        try:
            context = self._context(frame["attempt"], frame["context"])
            output = await self._registry.execute(frame["task"], frame["payload"], context)
            if isinstance(output, PendingCompletion):
                return {"kind": "pending", "timeout_seconds": output.timeout_seconds}
            require_storable(output)
        except AttemptCancelledError:
            return {"kind": "cancelled"}
        except AttemptFailedError as error:
            return _failed(error)
        except MemoryError:
            return {**_failed(AttemptFailedError("OUT_OF_MEMORY", "the task used up its memory")), "spent": True}
        except BaseException as error:  # noqa: BLE001 - whatever a task raises, SystemExit too, ends this attempt only
            return {"kind": "raised", "message": _text(error), "trace": _trace(error)}
        return {"kind": "output", "output": output}

    def _context(self, attempt: int, facts: Frame) -> TaskContext:
        return TaskContext(
            **{**facts, "due_at": datetime.fromisoformat(facts["due_at"])},
            clock=self._clock,
            mailer=NotHere(),
            http=self._http,
            blobs=NotHere(),
            logbook=_SentLog(self._link, attempt),
            lifeline=_Signs(self._link, attempt, self._answers),
        )


def _failed(error: AttemptFailedError) -> Frame:
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


def _text(error: BaseException) -> str:
    try:
        return bounded_text(str(error) or type(error).__name__)
    except Exception:  # noqa: BLE001 - the text of a task's own error may fail as well
        return type(error).__name__


def _trace(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(error))[-_LONGEST_TRACE:]
    except Exception:  # noqa: BLE001 - see above
        return type(error).__name__
