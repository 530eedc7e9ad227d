"""What runs in a task process: it takes one attempt after the other from the worker, until there is no worker.

A thread reads what the worker sends, so that its end is noticed while a task is busy: then the process ends, and all
that it started.
"""

import asyncio
import os
import resource
import socket
import tempfile
import threading
import traceback
from collections.abc import Callable
from datetime import datetime
from typing import Any

from tickwell.adapters.guarded_http import GuardedHttp
from tickwell.adapters.processes.asked import AskedFiles, AskedSecrets, AskedSigns
from tickwell.adapters.processes.endings import cancelled, failed, returned
from tickwell.adapters.processes.link import Link, Questions, end_group
from tickwell.adapters.processes.not_here import NotHere
from tickwell.adapters.processes.wire import Frame
from tickwell.application.masking import Masker
from tickwell.application.ports import Clock
from tickwell.application.task import TaskContext, TaskRegistry
from tickwell.application.task_log import LogLevel, TaskLog, bounded_text, storable_metadata
from tickwell.application.task_output import require_storable
from tickwell.domain.completion import PendingCompletion
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError
from tickwell.domain.outbound import OutboundRules

_LONGEST_TRACE = 64 * 1024


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
        self._questions = Questions(link)
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
                loop.call_soon_threadsafe(self._questions.answered, frame)
            else:
                loop.call_soon_threadsafe(self._attempts.put_nowait, frame)

    async def _ended(self, frame: Frame) -> Frame:
        """Run the attempt; the frame that tells how it ended."""
        secrets = AskedSecrets(self._questions, frame["attempt"], frame["opened"])
        try:
            _settle_in(frame["folder"])
            context = self._context(frame["attempt"], frame["context"], secrets)
            output = await self._registry.execute(frame["task"], frame["payload"], context)
            if not isinstance(output, PendingCompletion):
                require_storable(output)
        except AttemptCancelledError:
            return cancelled()
        except AttemptFailedError as error:
            return failed(error)
        except MemoryError:
            return {**failed(AttemptFailedError("OUT_OF_MEMORY", "the task used up its memory")), "spent": True}
        except BaseException as error:  # noqa: BLE001 - whatever a task raises, SystemExit too, ends this attempt only
            return {"kind": "raised", "message": _text(error, secrets.mask), "trace": _trace(error, secrets.mask)}
        return returned(output)

    def _context(self, attempt: int, facts: Frame, secrets: AskedSecrets) -> TaskContext:
        return TaskContext(
            **{**facts, "due_at": datetime.fromisoformat(facts["due_at"])},
            clock=self._clock,
            mailer=NotHere(),
            http=self._http,
            blobs=NotHere(),
            files=AskedFiles(self._questions, attempt),
            logbook=_SentLog(self._link, attempt),
            lifeline=AskedSigns(self._questions, attempt),
            secrets=secrets,
        )


def _settle_in(folder: str) -> None:
    """What the task, and what it starts, puts into temporary files goes to ``folder``, which the worker removes."""
    tempfile.tempdir = os.environ["TMPDIR"] = folder  # noqa: TID251 - written for programs that the task starts


def _text(error: BaseException, mask: Masker) -> str:
    """Without secrets before it is cut: of one that is cut, nothing may be left."""
    try:
        return bounded_text(mask.text(str(error)) or type(error).__name__)
    except Exception:  # noqa: BLE001 - the text of a task's own error may fail as well
        return type(error).__name__


def _trace(error: BaseException, mask: Masker) -> str:
    try:
        return mask.text("".join(traceback.format_exception(error)))[-_LONGEST_TRACE:]
    except Exception:  # noqa: BLE001 - see above
        return type(error).__name__
