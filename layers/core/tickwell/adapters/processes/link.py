"""The child's end of the connection to its worker: frames, and questions with their answers."""

import asyncio
import os
import signal
import socket
import threading
from typing import Any, NoReturn

from tickwell.adapters.processes.endings import outcome
from tickwell.adapters.processes.wire import Frame, pack, receive


class Link:
    """Frames may be sent from any thread."""

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


class Questions:
    """What the worker is asked, and who waits for which answer; only the loop's thread touches it."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._asked = 0

    async def ask(self, attempt: int, kind: str, **told: Any) -> Any:
        """What the worker answers to a frame of ``kind`` that speaks for ``attempt``.

        Raises what ``endings.outcome`` does.
        """
        self._asked += 1
        number = self._asked
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        self._link.send({"kind": kind, "of": attempt, "number": number, **told})
        return outcome(await answer)

    def answered(self, frame: Frame) -> None:
        """An answer has come; whoever asked may not wait any more."""
        answer = self._waiting.pop(frame["number"])
        if not answer.done():
            answer.set_result(frame["outcome"])
