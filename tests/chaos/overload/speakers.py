"""Who speaks to the server under load: tenants that flood it, and one that only wants its own few jobs run."""

import math
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from tests.server_process import ServerProcess

BATCH = 1000
_PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Calls:
    """What calls took, each with the instant at which it was made, and those that were not answered as they should."""

    taken: list[tuple[float, float]] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)

    def make(self, server: ServerProcess, method: str, path: str, body: Any = None) -> Any:
        """``data`` of the answer; None when there was no good one."""
        begun = time.monotonic()
        try:
            status, answer = server.call(method, path, body)
        except OSError as error:
            self.refused.append(f"{method} {path}: {error!r} after {time.monotonic() - begun:.1f} s")
            return None
        self.taken.append((begun, time.monotonic() - begun))
        if not 200 <= status < 300:
            self.refused.append(f"{method} {path}: {status} {answer}")
            return None
        return answer.get("data", answer)

    def between(self, begin: float, end: float) -> list[float]:
        """Sorted, what those took that were made between two instants."""
        return sorted(seconds for begun, seconds in self.taken if begin <= begun < end)


def part(sorted_values: Sequence[float], share: float) -> float:
    """The value that ``share`` of all do not exceed (nearest rank); 0 where there are none."""
    return sorted_values[math.ceil(share * len(sorted_values)) - 1] if sorted_values else 0.0


def speaker(server: ServerProcess, email: str) -> ServerProcess:
    """The same server, spoken to by a new tenant's owner."""
    mine = replace(server, token="")
    mine.register(email)
    return mine


def submit(mine: ServerProcess, calls: Calls, count: int, job: Mapping[str, Any]) -> int:
    """Create ``count`` jobs like ``job``, each with a number in its name; how many were accepted."""
    accepted = 0
    for at in range(0, count, BATCH):
        jobs = [{**job, "name": f"{job['name']} {n}"} for n in range(at, min(at + BATCH, count))]
        answer = calls.make(mine, "POST", "/api/v1/jobs/batch", {"jobs": jobs})
        if answer is not None:
            accepted += sum(result["success"] for result in answer["results"])
    return accepted


@dataclass(frozen=True, kw_only=True, slots=True)
class Bystander:
    """A tenant with little to do: creates a job now and then, and looks at it as a dashboard would."""

    server: ServerProcess
    calls: Calls = field(default_factory=Calls)
    job_ids: list[str] = field(default_factory=list)

    def once(self) -> None:
        """One job, and one look at each page."""
        job = {"name": "a job of mine", "task": "echo", "payload": {"message": "mine"}}
        for priority in ("medium", "high"):
            created = self.calls.make(self.server, "POST", "/api/v1/jobs", {**job, "priority": priority})
            if created is not None:
                self.job_ids.append(created["id"])
                self.calls.make(self.server, "GET", f"/api/v1/jobs/{created['id']}")
        for path in ("/health", "/api/v1/jobs?limit=20", "/api/v1/stats", "/api/v1/dashboard/stats", "/api/v1/queues"):
            self.calls.make(self.server, "GET", path)
        time.sleep(_PAUSE_SECONDS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hammer:
    """A tenant that asks for everything that is dear, again and again, over several connections at once."""

    server: ServerProcess
    calls: Calls = field(default_factory=Calls)

    def once(self) -> None:
        """One look at each dear page."""
        for query in ("limit=100&search=nothing-is-called-so", "limit=100&sort_by=name", "limit=100&page=3&tag=none"):
            self.calls.make(self.server, "GET", f"/api/v1/jobs?{query}")
        self.calls.make(self.server, "GET", "/api/v1/dashboard/stats")


def send_large(mine: ServerProcess, calls: Calls, connections: int) -> None:
    """From so many connections at once nearly a megabyte each, none of which is worth anything."""
    jobs = [{"name": "x" * 800, "task": "nothing-is-called-so"}] * BATCH
    with ThreadPoolExecutor(max_workers=connections) as pool:
        for _ in range(connections):
            pool.submit(calls.make, mine, "POST", "/api/v1/jobs/batch", {"jobs": jobs})


@contextmanager
def again_and_again(what: Callable[[], None], *, threads: int = 1) -> Iterator[None]:
    """Do ``what`` in so many threads until the block ends."""
    over = threading.Event()

    def repeat() -> None:
        while not over.is_set():
            what()

    running = [threading.Thread(target=repeat, daemon=True) for _ in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in running:
            thread.join(_PATIENCE_SECONDS)
