"""The trial ``overload``: 100,000 jobs wait on a real server, its lanes are full, and one tenant wants everything.

Beside them is a tenant with a job now and then. Its requests must be answered and its jobs begin as if it were nearly
alone, the limit of a queue must hold, what was accepted must run once, and memory must not grow with what waits.
"""

import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.chaos.figures import Figures
from tests.chaos.overload.machine import ticks
from tests.chaos.overload.records import records
from tests.chaos.overload.speakers import Bystander, Hammer, again_and_again, send_large, speaker, submit
from tests.chaos.overload.verdict import LIMIT, Phase, Told, Watched, confirmed, judged
from tests.chaos.trials import Run
from tests.e2e.receiver import receiving
from tests.server_process import ServerProcess, eventually, running

NARROW = "narrow"
HAMMERS = 32
"""Connections of the hot tenant: twice as many as the server has threads."""

_SLOW_SECONDS = 0.5
_DRAIN_SECONDS = 300.0
_LOOK_SECONDS = 0.25
_SETTLE_SECONDS = 1.0
_FIRST_CALLS = 10
_COMPLAINTS = re.compile(r" ERROR |Traceback|(recovered|behind|unavailable)=[1-9]")
_RESENT = re.compile(r" resent=(\d+)")
_SETTINGS = {
    "TICKWELL_QUOTA_JOBS": "none",
    "TICKWELL_ALLOW_PRIVATE_HOSTS": "127.0.0.1",
    # Several times while lanes are full: it must not take a backlog for a loss.
    "TICKWELL_SAFETY_SYNC_INTERVAL_SECONDS": "5",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """How many jobs of each kind.

    ``far`` ones are due tomorrow, the ``flood`` all at one instant, ``slow`` ones keep every place of their lane busy,
    and ``parked`` ones wait for the limit of their queue.
    ``large`` is how many requests of a megabyte come at once.
    """

    far: int
    flood: int
    slow: int
    parked: int
    large: int
    flood_in_seconds: float
    hammered_seconds: float


FULL = Sizes(far=77_000, flood=12_000, slow=1_000, parked=10_000, large=200, flood_in_seconds=15, hammered_seconds=8)
SHORT = Sizes(far=6_000, flood=3_000, slow=150, parked=1_000, large=50, flood_in_seconds=3, hammered_seconds=3)


def overload(run: Run) -> Figures:
    """Do it all, and judge."""
    return confirmed(lambda number: _once(run, run.folder / f"data-{number}"))


def _once(run: Run, folder: Path) -> Figures:
    with receiving() as receiver, running(folder, _SETTINGS) as server:
        told = _live_through(server, SHORT if run.short else FULL, receiver.url)
        server.terminate()
    return judged(told, records(folder / "tickwell.db", now_ms=time.time_ns() // 1_000_000, limited=NARROW))


def _live_through(server: ServerProcess, sizes: Sizes, receiver_url: str) -> Told:
    bystander = Bystander(server=speaker(server, "bystander@example.com"))
    hammer = Hammer(server=speaker(server, "hot@example.com"))
    narrow = speaker(server, "narrow@example.com")
    narrow.data("POST", "/api/v1/queues", {"name": NARROW, "concurrency": LIMIT})
    course = _Course()
    with course.phase("idle"):
        for _ in range(_FIRST_CALLS):
            bystander.once()
    idle_mb = memory_mb(server)
    with _watching(bystander.server) as watched, again_and_again(bystander.once):
        with course.phase("filling"):
            accepted = _fill(hammer, narrow, sizes, receiver_url)
        with course.phase("hammered"), again_and_again(hammer.once, threads=HAMMERS):
            time.sleep(sizes.hammered_seconds)
        with course.phase("large bodies"):
            send_large(hammer.server, hammer.calls, sizes.large)
        with course.phase("draining"):
            eventually(lambda: _is_idle(bystander.server), seconds=_DRAIN_SECONDS)
        lifted_ms = time.time_ns() // 1_000_000
        with course.phase("limit lifted"):
            narrow.data("PATCH", f"/api/v1/queues/{NARROW}", {"concurrency": None})
            eventually(lambda: _is_let_go(narrow) and _is_idle(bystander.server), seconds=_DRAIN_SECONDS)
    eventually(lambda: _is_idle(bystander.server, most=0), seconds=_DRAIN_SECONDS)
    time.sleep(_SETTLE_SECONDS)
    watched.complaints.extend(line for line in server.output if _COMPLAINTS.search(line))
    watched.resent.extend(int(count) for count in _RESENT.findall("".join(server.output)))
    return Told(
        bystander=bystander,
        hammer=hammer,
        watched=watched,
        phases=course.phases,
        accepted=accepted,
        far=sizes.far,
        idle_mb=idle_mb,
        after_mb=memory_mb(server),
        lifted_ms=lifted_ms,
    )


class _Course:
    """Notes when phases began and ended, and what else the machine did."""

    def __init__(self) -> None:
        self.phases: list[Phase] = []

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """A phase for the length of the block."""
        begun, before = time.monotonic(), ticks()
        yield
        ended, slower = time.monotonic(), ticks().times_slower(before)
        self.phases.append(Phase(name=name, begun=begun, ended=ended, times_slower=slower))


def _fill(hammer: Hammer, narrow: ServerProcess, sizes: Sizes, receiver_url: str) -> int:
    """Submit everything, four requests at a time; how many jobs were accepted."""
    now = datetime.now(UTC)
    echo = {"task": "echo", "payload": {"message": "x"}}
    flood_at, far_at = now + timedelta(seconds=sizes.flood_in_seconds), now + timedelta(days=1)
    far = {**echo, "name": "far", "scheduled_time": far_at.isoformat()}
    flood = {**echo, "name": "flood", "scheduled_time": flood_at.isoformat()}
    parked = {**echo, "name": "parked", "queue": NARROW}
    url = f"{receiver_url}/slow/{_SLOW_SECONDS}"
    slow = {"name": "slow", "task": "http_request", "payload": {"url": url}, "priority": "high"}
    hot, calls = hammer.server, hammer.calls
    with ThreadPoolExecutor(max_workers=4) as pool:
        submitted = [
            pool.submit(submit, narrow, calls, sizes.parked, parked),
            pool.submit(submit, hot, calls, sizes.flood, flood),
            pool.submit(submit, hot, calls, sizes.far // 2, far),
            pool.submit(submit, hot, calls, sizes.far - sizes.far // 2, far),
        ]
        accepted = sum(future.result() for future in submitted)
    return accepted + submit(hot, calls, sizes.slow, slow)


@contextmanager
def _watching(server: ServerProcess) -> Iterator[Watched]:
    """Look at the server now and then until the block ends."""
    watched, over = Watched(), threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_SECONDS):
            watched.memory_mb.append(memory_mb(server))
            watched.waiting.append(sum(_waiting(lane) for lane in _lanes(server)))

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    try:
        yield watched
    finally:
        over.set()
        thread.join()


def memory_mb(server: ServerProcess) -> float:
    """What is resident of the server's process."""
    command = ["ps", "-o", "rss=", "-p", str(server.process.pid)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) / 1024


def _lanes(server: ServerProcess) -> list[Mapping[str, Any]]:
    health = server.call("GET", "/api/v1/dashboard/health")[1]
    return list(health["services"]["queue"]["metrics"]["lanes"].values())


def _waiting(lane: Mapping[str, Any]) -> int:
    return int(lane["waiting"] + lane["delayed"])


def _is_idle(server: ServerProcess, *, most: int = 10) -> bool:
    """Whether its lanes hold no more than ``most`` messages; the bystander goes on all the time."""
    time.sleep(_LOOK_SECONDS)
    return sum(_waiting(lane) + int(lane["active"]) for lane in _lanes(server)) <= most


def _is_let_go(narrow: ServerProcess) -> bool:
    """Whether nobody waits for the limit any more."""
    queue: Mapping[str, Any] = narrow.data("GET", f"/api/v1/queues/{NARROW}")
    return not int(queue["waiting"])
