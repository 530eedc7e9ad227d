"""Several servers on one data directory, and what is done to them."""

import contextlib
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

from tests.leaping_server import Leaps
from tests.server_process import ServerProcess, spawn, started

ALL, ONE, TASK = "of all servers", "of one server", "of a task process"
STARTING, STOPPING = "while starting", "while stopping"
KILLS: Mapping[str, int] = {ALL: 5, ONE: 4, STARTING: 4, STOPPING: 3, TASK: 2}
"""Twenty of them, with the two at the first start."""

FIRST = "at the first start"
FIRST_KILLS = 2

OUTAGE = timedelta(seconds=35)
"""What passes, by the clock of the servers, while all are dead: longer than a lease, and than the hold of a request."""

_START_SECONDS = (0.3, 1.8)
_STOP_SECONDS = 0.4
_FIRST_SIGN_SECONDS, _LATER_SECONDS = 20.0, 0.06
_ERROR, _BUSY = " ERROR ", "UnavailableError"


@dataclass(kw_only=True)
class Fleet:
    """The servers that are up; ``faults``: what did not start or end. ``when_dead`` is called when all were killed."""

    data: Path
    leaps: Leaps
    settings: Mapping[str, str]
    size: int
    when_dead: Callable[[], None]
    token: str = ""
    servers: list[ServerProcess] = field(default_factory=list)
    kills: Counter[str] = field(default_factory=Counter)
    killed_processes: int = 0
    starts: int = 0
    faults: list[str] = field(default_factory=list)
    output: list[str] = field(default_factory=list)

    def start(self) -> None:
        """Start what is missing, all at once."""
        processes = [self._spawn() for _ in range(self.size - len(self.servers))]
        for process in processes:
            try:
                server = started(process)
            except AssertionError as error:
                self.faults.append(f"start {self.starts} failed, code {process.poll()}: {str(error)[-2000:]}")
                end(process)
                continue
            server.token = self.token
            self.servers = [*self.servers, server]

    def kill_first(self, data: Path, chance: Random) -> None:
        """Start all on a directory that nobody has prepared, and kill them as soon as one begins to."""
        self.kills[FIRST] += 1
        processes = [self._spawn(data) for _ in range(self.size)]
        latest = time.monotonic() + _FIRST_SIGN_SECONDS
        while not data.exists() and time.monotonic() < latest:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, _LATER_SECONDS))
        self._end_at_once(processes)

    def try_on(self, data: Path) -> None:
        """See that one server starts and stops on what ``kill_first`` left."""
        process = self._spawn(data)
        try:
            started(process).terminate()
        except AssertionError as error:
            self.faults.append(f"start {self.starts} after a kill at the first start failed: {str(error)[-2000:]}")
        end(process)

    def pick(self, chance: Random) -> ServerProcess | None:
        """Any that is up."""
        servers = self.servers
        return chance.choice(servers) if servers else None

    def kill(self, what: str, chance: Random) -> None:
        """One of ``KILLS``; what died is started again, except task processes: their servers see to that."""
        self.kills[what] += 1
        if what == TASK:
            self._kill_task_process(chance)
            return
        doomed = [chance.choice(self.servers)] if what in {ONE, STOPPING} and self.servers else self.servers
        if what == STOPPING:
            for server in doomed:
                server.process.send_signal(signal.SIGTERM)
            time.sleep(chance.uniform(0, _STOP_SECONDS))
        self._kill(doomed)
        if what == STARTING:
            processes = [self._spawn() for _ in range(self.size)]
            time.sleep(chance.uniform(*_START_SECONDS))
            self._end_at_once(processes)
        if not self.servers:
            self.when_dead()
            self.leaps.leap(OUTAGE)
        self.start()

    def stop(self) -> None:
        """Ask all to end; one that does not end well is a fault."""
        for server in self.servers:
            server.process.send_signal(signal.SIGTERM)
        for server in self.servers:
            try:
                code = server.process.wait(60)
            except subprocess.TimeoutExpired:
                code = None
            if code != 0:
                self.faults.append(f"a server that was told to stop ended with {code}")
        self._let_go(self.servers)

    def errors(self) -> list[str]:
        """What servers logged as errors, but for a database that was busy."""
        told = "".join(self.output).split("\n20")
        return [entry[:2000] for entry in told if _ERROR in entry and _BUSY not in entry]

    def close(self) -> None:
        """End whatever is left."""
        self._let_go(self.servers)

    def _end_at_once(self, processes: list[subprocess.Popen[str]]) -> None:
        """Kill what is starting; what ended by itself meanwhile, and not well, did not start."""
        for process in processes:
            if process.poll() is not None:
                said = "" if process.stdout is None else process.stdout.read()
                self.faults.append(f"start {self.starts} ended with {process.returncode}: {said[-2000:]}")
        self.killed_processes += len(processes)
        for process in processes:
            process.kill()
        for process in processes:
            end(process)

    def _kill(self, servers: list[ServerProcess]) -> None:
        for server in servers:
            server.process.send_signal(signal.SIGKILL)
        self.killed_processes += len(servers)
        self._let_go(servers)

    def _let_go(self, servers: list[ServerProcess]) -> None:
        self.servers = [server for server in self.servers if server not in servers]
        for server in servers:
            end(server.process)
            self.output += server.output

    def _kill_task_process(self, chance: Random) -> None:
        children = [pid for server in self.servers for pid in _children(server.process.pid)]
        if children:
            self.killed_processes += 1
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(children), signal.SIGKILL)

    def _spawn(self, data: Path | None = None) -> subprocess.Popen[str]:
        self.starts += 1
        return spawn(data or self.data, self.leaps, **self.settings)


def end(process: subprocess.Popen[str]) -> None:
    """Kill ``process`` unless it has ended. Task processes go with their server."""
    if process.poll() is None:
        process.kill()
    process.wait(60)


def _children(pid: int) -> Iterator[int]:
    """Task processes, so far as there are any: a server starts no other."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            yield from map(int, task.read_text().split())
