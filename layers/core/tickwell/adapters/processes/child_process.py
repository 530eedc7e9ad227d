"""One child process as its worker sees it: started, spoken to, killed with all that it started."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping, Sequence
from typing import IO

from tickwell.adapters.processes.wire import Frame, pack, receive_soon

_LONGEST_LINE = 8_192
_log = logging.getLogger("tickwell")


class ChildProcess:
    """Leads a session and process group of its own; ``connection`` leads to it.

    It can be watched from any event loop, one at a time: nothing here is bound to one.
    """

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - the command is the composition root's
                [*command, str(theirs.fileno())],
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        ours.setblocking(False)
        self._connection = ours
        self._lock = threading.Lock()
        self._reaped = threading.Event()
        self.attempts = 0
        threading.Thread(target=self._watch, name=f"task-process-{self.pid}", daemon=True).start()
        threading.Thread(target=self._log_output, name=f"task-output-{self.pid}", daemon=True).start()

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return not self._reaped.is_set()

    async def send(self, frame: Frame) -> bool:
        """Whether it could be sent."""
        try:
            await asyncio.get_running_loop().sock_sendall(self._connection, pack(frame))
        except OSError:
            return False
        return True

    async def receive(self) -> Frame | None:
        """The next frame; None when the process has ended. Raises FrameTooLargeError."""
        return await receive_soon(self._connection)

    def kill(self) -> None:
        """End it at once, and everything in its process group."""
        with self._lock:
            if not self._reaped.is_set():
                _kill_group(self.pid)

    def end(self) -> None:
        """Kill it and let go of the connection; it is not used any more."""
        self.kill()
        self._connection.close()

    def how_it_ended(self, patience_seconds: float) -> str:
        """How the process ended, in words; blocks until it has."""
        self._reaped.wait(patience_seconds)
        code = self._process.returncode
        if code is None:
            return "closed its connection"
        return f"ended with exit code {code}" if code >= 0 else f"was ended by {_signal_name(-code)}"

    def _watch(self) -> None:
        """Notice the end, also where a grandchild holds the connection open, and take the group along.

        Until it is reaped the process id, and with it the group's, belongs to nobody else.
        """
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            _kill_group(self.pid)
            self._process.wait()
            self._reaped.set()
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _log_output(self) -> None:
        """What it prints goes to the worker's log."""
        output: IO[bytes] | None = self._process.stdout
        if output is None:
            return
        with output:
            while line := output.readline(_LONGEST_LINE):
                text = line.decode("utf-8", "replace").rstrip()
                if text:
                    _log.info("task output", extra={"action": "task.output", "pid": self.pid, "line": text})


def _kill_group(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
