"""The worker's side of what a task in a child process asks for: done with the worker's own means, in its loop."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from tickwell.adapters.processes.endings import cancelled, failed, returned
from tickwell.adapters.processes.wire import Frame
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError
from tickwell.domain.task_file import FileInfo

_log = logging.getLogger("tickwell")


async def _download(context: TaskContext, told: Frame) -> None:
    await context.files.download(told["name"], Path(told["path"]))


async def _upload(context: TaskContext, told: Frame) -> None:
    await context.files.upload(Path(told["path"]), told["name"], content_type=told["content_type"])


async def _delete(context: TaskContext, told: Frame) -> None:
    await context.files.delete(told["name"])


async def _list(context: TaskContext, told: Frame) -> list[Frame]:
    found = await context.files.list(told["folder"], after=told["after"], limit=told["limit"])
    return [_file(one) for one in found]


async def _versions(context: TaskContext, told: Frame) -> list[str]:
    return list(await context.secrets.versions(told["name"]))


def _file(one: FileInfo) -> Frame:
    return {"name": one.name, "size_bytes": one.size_bytes, "modified_at": one.modified_at.isoformat()}


_CALLS: Mapping[str, Callable[[TaskContext, Frame], Awaitable[Any]]] = {
    "files.delete": _delete,
    "files.download": _download,
    "files.list": _list,
    "files.upload": _upload,
    "secrets.versions": _versions,
}
"""What may be asked for: arguments and answers are JSON."""


class Offers:
    """Answers what the attempt of ``context`` asks for; ``send`` sends a frame to its child.

    Questions are worked on beside each other, so that signs of life and log lines are not kept waiting.
    """

    def __init__(self, context: TaskContext, send: Callable[[Frame], Awaitable[object]]) -> None:
        self._context = context
        self._send = send
        self._at_work: set[asyncio.Task[None]] = set()

    def take(self, frame: Frame) -> None:
        """Begin to answer the question in ``frame``."""
        work = asyncio.create_task(self._answer(frame))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)

    @property
    def all_answered(self) -> bool:
        """Whether nobody waits for an answer: else the connection may hold half of one."""
        return not self._at_work

    def close(self) -> None:
        """The attempt has ended: nobody waits for answers any more. What a thread has begun it brings to its end."""
        for work in self._at_work:
            work.cancel()

    async def _answer(self, frame: Frame) -> None:
        await self._send({"kind": "answer", "number": frame["number"], "outcome": await self._outcome(frame)})

    async def _outcome(self, frame: Frame) -> Frame:
        try:
            return returned(await _CALLS[frame["call"]](self._context, frame["told"]))
        except AttemptFailedError as error:
            return failed(error)
        except AttemptCancelledError:
            return cancelled()
        except Exception:  # noqa: BLE001 - whatever it is: the task is told that it failed, and the log what it was
            extra = {"action": "task.asked", "job_id": self._context.job_id, "call": str(frame.get("call"))}
            _log.exception("could not do what a task asked for", extra=extra)
            return failed(AttemptFailedError("WORKER_FAILED", "the worker could not do what the task asked for"))
