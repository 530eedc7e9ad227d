"""Tasks as users write them: what a process must withstand. They run in task processes only."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from tickwell.application.http_client import HttpRequest
from tickwell.application.plain_context import PlainContext
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptCancelledError, AttemptFailedError
from tickwell.domain.mail import Mail
from tickwell.tasks.define import task


class Order(BaseModel):
    """What the task is to do."""

    do: str
    text: str = ""


def _spin(_order: Order, _context: PlainContext) -> Any:
    while True:
        pass


def _blocked_socket(_order: Order, _context: PlainContext) -> Any:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        return ours.recv(1).decode()


def _grandchild(order: Order, _context: PlainContext) -> Any:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(order.text).write_text(str(child.pid))
    time.sleep(600)


def _segfault(_order: Order, _context: PlainContext) -> Any:
    ctypes.string_at(0)


def _signs(_order: Order, context: PlainContext) -> Any:
    context.progress(40, "less than half")
    context.heartbeat()
    return "went on"


def _listens(_order: Order, context: PlainContext) -> Any:
    try:
        context.heartbeat()
    except AttemptCancelledError:
        context.log("info", "told to end")
        raise
    return "not told"


def _refuse(order: Order, _context: PlainContext) -> Any:
    raise AttemptFailedError("SOLD_OUT", order.text, retryable=False, retry_after_seconds=7)


def _raise(order: Order, context: PlainContext) -> Any:
    context.log("error", f"about to fail with {order.text}", secret=order.text)
    raise ValueError(f"bad thing: {order.text}")


def _hand_on(order: Order, context: PlainContext) -> Any:
    Path(order.text).write_text(context.completion_token)
    context.log("info", "handed on")
    return context.pending(timeout_seconds=60)


def _log(order: Order, context: PlainContext) -> Any:
    sys.stdout.write("printed by the task\n")
    context.log("info", "working", order=order.text)
    return {"key": context.idempotency_key, "attempt": context.attempt, "job": context.job_id}


def _http(order: Order, context: PlainContext) -> Any:
    answer = context.send(HttpRequest(method="GET", url=order.text, timeout_seconds=5, max_body_bytes=1000))
    return answer.status_code


def _mail(_order: Order, context: PlainContext) -> Any:
    mail = Mail(message_id="m", sender="a@example.com", to=("b@example.com",), subject="s", text="t")
    return context.mailer.send(mail).via


_left_behind: list[threading.Thread] = []
_told: list[str] = []


def _leave_a_thread(_order: Order, context: PlainContext) -> Any:
    def chatter() -> None:
        try:
            while True:
                context.log("info", "from the attempt before")
                context.heartbeat()
        except AttemptCancelledError:
            _told.append("to end")

    _left_behind.append(threading.Thread(target=chatter, daemon=True))
    _left_behind[-1].start()
    return os.getpid()


def _after_the_thread(_order: Order, context: PlainContext) -> Any:
    _left_behind[-1].join(10)
    context.heartbeat()
    context.log("info", "mine")
    return [os.getpid(), _told]


def _files(order: Order, context: PlainContext) -> Any:
    context.files.write("notes/tea.txt", order.text.encode(), content_type="text/plain")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy"
        context.files.download("notes/tea.txt", copy)
        copy.write_bytes(copy.read_bytes() * 2)
        context.files.upload(copy, "notes/twice.txt", content_type="text/plain")
    context.files.write("gone", b"")
    context.files.delete("gone")
    found = [[one.name, one.size_bytes] for one in context.files.list("notes", limit=10)]
    return [context.files.read("notes/twice.txt").decode(), found, [one.name for one in context.files.list()]]


def _secrets(order: Order, context: PlainContext) -> Any:
    values = [context.secrets.get("token"), *context.secrets.versions("token")]
    context.log("info", f"{values} {order.text}", values=values)
    context.progress(10, f"{values[0]} {order.text}")
    if order.do == "fail_with_secrets":
        raise ValueError(f"{values} {order.text}")
    return [values, order.text, context.traceparent]


def _read_file(order: Order, context: PlainContext) -> Any:
    return context.files.read(order.text).decode()


def _temporary_file(order: Order, _context: PlainContext) -> Any:
    name = tempfile.mkdtemp()
    (Path(name) / "large").write_text(order.text)
    if order.text == "exit":
        os._exit(3)
    return name


def _ask_and_leave(order: Order, context: PlainContext) -> Any:
    """It leaves once its question has come: then there is the file that ``text`` names."""
    threading.Thread(target=context.files.read, args=["x"], daemon=True).start()
    while not Path(order.text).exists():
        time.sleep(0.01)
    return os.getpid()


def _asks_whether_cancelled(_order: Order, context: PlainContext) -> Any:
    return context.cancelled


def _exit(_order: Order, _context: PlainContext) -> Any:
    os._exit(3)


def _kill(_order: Order, _context: PlainContext) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def _environment(_order: Order, _context: PlainContext) -> Any:
    return dict(os.environ)


_DEEDS: dict[str, Any] = {
    "pid": lambda *_: os.getpid(),
    "spin": _spin,
    "blocked_socket": _blocked_socket,
    "grandchild": _grandchild,
    "leave_a_thread": _leave_a_thread,
    "after_the_thread": _after_the_thread,
    "exit": _exit,
    "system_exit": lambda *_: sys.exit(4),
    "segfault": _segfault,
    "kill": _kill,
    "signs": _signs,
    "listens": _listens,
    "hands_on": lambda _, context: context.pending(timeout_seconds=60),
    "asks_whether_cancelled": _asks_whether_cancelled,
    "files": _files,
    "read_file": _read_file,
    "secrets": _secrets,
    "fail_with_secrets": _secrets,
    "temporary_file": _temporary_file,
    "ask_and_leave": _ask_and_leave,
    "refuse": _refuse,
    "raise": _raise,
    "hand_on": _hand_on,
    "log": _log,
    "http": _http,
    "mail": _mail,
    "environment": _environment,
    "memory": lambda *_: len(bytearray(4 * 1024**3)),
    "huge": lambda *_: "x" * (17 * 1024 * 1024),
    "large": lambda *_: "x" * (15 * 1024 * 1024),
    "not_json": lambda *_: object(),
}


@task()
def deed(order: Order, context: PlainContext) -> Any:
    """Does what it is told."""
    return _DEEDS[order.do](order, context)


@task(heavy=True)
def heavy_deed(order: Order, context: PlainContext) -> Any:
    """The same, as heavy work."""
    return _DEEDS[order.do](order, context)


@task()
async def polite_deed(order: Order, context: TaskContext) -> Any:
    """An async task of a user."""
    await context.heartbeat()
    context.log("info", "polite")
    return [order.text, os.getpid()]


def own_tasks() -> list[Any]:
    """What the entry point names."""
    return [deed, heavy_deed, polite_deed]
