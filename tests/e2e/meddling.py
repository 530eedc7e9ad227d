"""A bad day of functions and queues: processes are killed, messages come twice, or late."""

import os
import random
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e import sam
from tests.e2e.local_aws import LocalAws

_KILL_EVERY_SECONDS = (2.0, 5.0)
_LOOK_EVERY_SECONDS = 0.05
_ESTABLISHED = "01"
_MEDDLE_EVERY_SECONDS = (0.5, 2.0)
_LATE_SECONDS = (2, 12)


@dataclass(kw_only=True)
class Meddler:
    """What it did so far. ``chance`` decides all that is not decided by the time; ``port`` is that which jobs call."""

    aws: LocalAws
    lanes: Sequence[str]
    home: Path
    port: int
    chance: random.Random
    stopped: threading.Event = field(default_factory=threading.Event)
    kills: int = 0
    duplicates: int = 0
    delayed: int = 0

    def kill(self) -> None:
        """Every few seconds kill a process of the worker function that is in the middle of a job.

        Only such a one: the local AWS takes it badly when a process dies that is just starting.
        """
        while not self.stopped.wait(self.chance.uniform(*_KILL_EVERY_SECONDS)):
            while not (busy := self._busy()) and not self.stopped.wait(_LOOK_EVERY_SECONDS):
                pass
            if busy:
                with suppress(ProcessLookupError):
                    os.kill(self.chance.choice(busy), signal.SIGKILL)
                    self.kills += 1

    def _busy(self) -> list[int]:
        sockets = _sockets_to(self.port)
        found = sorted(processes_of(f"{sam.STACK}-worker", self.home)) if sockets else []
        return [process for process in found if sockets & _sockets_of(process)]

    def meddle(self) -> None:
        """Take messages out of the lanes for a while, which delays them, and send copies of some."""
        client = self.aws.client("sqs")
        while not self.stopped.wait(self.chance.uniform(*_MEDDLE_EVERY_SECONDS)):
            url = self.chance.choice(self.lanes)
            late = self.chance.randint(*_LATE_SECONDS)
            with suppress(BotoCoreError, ClientError):
                taken = client.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=late)
                self._copy(client, url, taken.get("Messages", []))

    def _copy(self, client: Any, url: str, messages: Sequence[Mapping[str, Any]]) -> None:
        self.delayed += len(messages)
        for message in messages:
            if self.chance.random() < 0.5:
                client.send_message(QueueUrl=url, MessageBody=message["Body"], DelaySeconds=self.chance.randint(0, 15))
                self.duplicates += 1


@contextmanager
def meddling(meddler: Meddler) -> Iterator[None]:
    """Let it do all it does until the block ends."""
    threads = [threading.Thread(target=act, daemon=True) for act in (meddler.kill, meddler.meddle)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        meddler.stopped.set()
        for thread in threads:
            thread.join(timeout=30)


def _sockets_to(port: int) -> frozenset[str]:
    """The sockets of this machine that are connected to a port of the loopback interface."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    remote = f"0100007F:{port:04X}"
    return frozenset(f"socket:[{row[9]}]" for row in rows if row[2] == remote and row[3] == _ESTABLISHED)


def _sockets_of(process: int) -> frozenset[str]:
    with suppress(OSError):
        return frozenset(str(entry.readlink()) for entry in Path(f"/proc/{process}/fd").iterdir())
    return frozenset()


def processes_of(function: str, home: Path) -> Iterator[int]:
    """The processes that run a function of the local AWS whose files are below ``home``, and of no other one."""
    name, mine = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode(), f"TMPDIR={home}".encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                if name in variables and any(variable.startswith(mine) for variable in variables):
                    yield int(entry.name)
