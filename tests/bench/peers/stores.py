"""A store of its own for each measuring of a peer: a folder, and a durable Redis where the peer wants one."""

import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.environments import RedisProgram

_START_SECONDS = 20.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """Where a peer keeps its jobs. ``broker_pid`` None: in the processes that use it."""

    folder: Path
    port: int = 0
    broker_pid: int | None = None


@contextmanager
def store(folder: Path, redis: RedisProgram | None) -> Iterator[Store]:
    """An empty store, gone with the block; with a server if ``redis`` is given."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as name:
        own = Path(name)
        if redis is None:
            yield Store(folder=own)
        else:
            with _server(redis, own) as (port, process):
                yield Store(folder=own, port=port, broker_pid=process.pid)


@contextmanager
def _server(redis: RedisProgram, folder: Path) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """What it acknowledges has reached the disk (``appendfsync always``); it never rewrites its log meanwhile."""
    port = _free_port()
    durable = ["--appendonly", "yes", "--appendfsync", "always", "--auto-aof-rewrite-percentage", "0", "--save", ""]
    where = ["--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--logfile", str(folder / "redis.log")]
    process = subprocess.Popen([redis.program, *where, *durable], env=redis.variables)
    try:
        _wait(port)
        yield port, process
    finally:
        process.kill()
        process.wait()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait(port: int) -> None:
    end = time.monotonic() + _START_SECONDS
    while True:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
                connection.sendall(b"PING\r\n")
                if connection.recv(16).startswith(b"+PONG"):
                    return
        except OSError:
            if time.monotonic() > end:
                raise
        time.sleep(0.02)
