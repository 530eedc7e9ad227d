"""Runs a peer's program: submits, and lets one worker process work until all is done or it takes too long."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.peers.field import Runner
from tests.bench.peers.stores import Store

_LOOK_SECONDS = 0.02
_SAID = 1000
_MOST_SECONDS = 7.0


class PeerFailedError(Exception):
    """A peer's program did not do what was asked; the message tells its last words."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """What some jobs took: time on the wall, CPU of the process that was asked, CPU of its broker meanwhile."""

    jobs: int
    seconds: float
    cpu_seconds: float
    broker_cpu_seconds: float

    @property
    def per_second(self) -> float:
        """Jobs each second."""
        return self.jobs / self.seconds


def submit(runner: Runner, store: Store, action: str, jobs: int, *, limit_seconds: float = 60, **more: Any) -> Took:
    """``submit-one`` or ``submit-many``. Raises PeerFailedError."""
    result = store.folder / f"{action}.json"
    with started(runner, store, action, jobs=jobs, result=result, **more) as process:
        try:
            process.wait(limit_seconds)
        except subprocess.TimeoutExpired:
            raise PeerFailedError(f"{runner.peer.name}: {action} took longer than {limit_seconds:.0f} s") from None
    return _took(runner, store, result)


def work(runner: Runner, store: Store, jobs: int, *, warm: int, limit_seconds: float = 60) -> Took:
    """One worker process that begins with a full store. Raises PeerFailedError."""
    result = store.folder / "work.json"
    with started(runner, store, "work", jobs=jobs, warm=warm, result=result) as process:
        wait_until(lambda: result.exists() or process.poll() is not None, limit_seconds)
    return _took(runner, store, result)


def wait_until(check: Callable[[], bool], limit_seconds: float) -> bool:
    """Whether ``check`` came true in time."""
    end = time.monotonic() + limit_seconds
    while not (true := check()) and time.monotonic() < end:
        time.sleep(_LOOK_SECONDS)
    return true


@contextmanager
def started(runner: Runner, store: Store, action: str, **asked: Any) -> Iterator["subprocess.Popen[bytes]"]:
    """The program at work; killed with the block. ``asked``: see ``programs/marks.py``."""
    told = {
        "most_seconds": _MOST_SECONDS,
        "folder": store.folder,
        "port": store.port,
        "broker_pid": store.broker_pid,
        **runner.more,
        **asked,
    }
    variables = {**os.environ, **runner.variables, "BENCH": json.dumps(told, default=str)}
    with _said(store).open("ab") as said:
        process = subprocess.Popen([*runner.command, action], env=variables, stdout=said, stderr=said)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _said(store: Store) -> Path:
    return store.folder / "said.txt"


def _took(runner: Runner, store: Store, result: Path) -> Took:
    if not result.exists():
        said = _said(store).read_text(errors="replace")[-_SAID:]
        raise PeerFailedError(f"{runner.peer.name}: no {result.stem} in time: {said}")
    return Took(**json.loads(result.read_text()))
