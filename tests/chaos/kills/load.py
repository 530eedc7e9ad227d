"""The jobs that are submitted while servers die, and those who submit them."""

import http.client
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any

from tests.chaos.kills.receiver import FLAKY, NARROW, NEVER, OK, ONCE, SLOW
from tests.server_process import ServerProcess
from tickwell.domain.instant import to_epoch_ms

GRID, OCCURRENCES = timedelta(seconds=2), 12
IN_A_BATCH = 25
NARROW_QUEUE, PACED_QUEUE = "narrow", "paced"
NARROW_CONCURRENCY = 3
RECURRING = "recurring"

_PAUSE_SECONDS = 0.05
_OVER = [{"field": "end_at", "message": "comes before the first occurrence"}]
_LARGE = "x" * 300_000
_SHARES = {
    "echo": 16,
    "delayed": 10,
    "call": 12,
    "delayed-call": 8,
    "slow": 10,
    "flaky": 8,
    "doomed": 3,
    "once": 4,
    "narrow": 8,
    "paced": 5,
    "own": 4,
    RECURRING: 1,
    "large": 1,
    "batch": 10,
}
"""In a hundred jobs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """A request to create one job, or many."""

    path: str
    body: dict[str, Any]
    key: str

    @property
    def names(self) -> list[str]:
        """What the jobs are called: each has a name of its own, which begins with its kind."""
        return [job["name"] for job in self.body.get("jobs", [self.body])]


@dataclass(kw_only=True)
class Answers:
    """What was accepted: ids by name. ``faults``: answers that should not be. ``tries``: with repeated requests.

    ``due``: of each recurring job the first occurrence that its answer tells, and the last that was asked for (epoch
    ms). ``late``: refused because the schedule was over when the request, whose server had died, was sent again.
    """

    accepted: dict[str, str] = field(default_factory=dict)
    due: dict[str, tuple[int, int]] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    requests: int = 0
    tries: int = 0


def orders(jobs: int, url: str, chance: Random, now: Callable[[], datetime]) -> list[Callable[[], Order]]:
    """Requests for so many jobs in an order of chance; each is put together when it is its turn."""
    kinds = [kind for kind, share in _SHARES.items() for _ in range(round(jobs * share / 100)) if kind != "batch"]
    chance.shuffle(kinds)
    single = [(f"{kind}-{number}", kind, chance.random()) for number, kind in enumerate(kinds)]
    made: list[Callable[[], Order]] = [partial(_single, *each, url=url, now=now) for each in single]
    for number in range(round((jobs - len(single)) / IN_A_BATCH)):
        made.insert(chance.randrange(len(made)), partial(_batch, number, url))
    return made


def _single(name: str, kind: str, draw: float, *, url: str, now: Callable[[], datetime]) -> Order:
    return Order(path="/api/v1/jobs", body={"name": name, **_fields(kind, draw, url, now)}, key=name)


def _batch(number: int, url: str) -> Order:
    jobs = [
        {"name": f"{'call' if each % 2 else 'echo'}-b{number}-{each}", **(_call(url, OK) if each % 2 else _echo(each))}
        for each in range(IN_A_BATCH)
    ]
    return Order(path="/api/v1/jobs/batch", body={"jobs": jobs}, key=f"batch-{number}")


def _echo(payload: Any) -> dict[str, Any]:
    return {"task": "echo", "payload": payload, "timeout_seconds": 5}


def _call(url: str, path: str, **more: Any) -> dict[str, Any]:
    payload = {"url": f"{url}{path}", "method": "POST", "json": {"path": path}, "timeout_seconds": 4}
    retry = {"strategy": "fixed", "delay_seconds": 1}
    return {"task": "http_request", "payload": payload, "timeout_seconds": 5, "max_retries": 5, "retry": retry, **more}


def _fields(kind: str, draw: float, url: str, now: Callable[[], datetime]) -> dict[str, Any]:
    start_at = now() + timedelta(seconds=1)
    end_at = start_at + GRID * (OCCURRENCES - 1)
    later = {"delay_seconds": round(1 + 7 * draw, 2)}
    every = {"interval_seconds": int(GRID.total_seconds()), "start_at": start_at.isoformat()}
    kinds = {
        "echo": _echo({"draw": draw}),
        "delayed": {**_echo(draw), **later},
        "large": _echo(_LARGE),
        "own": {"task": "deed", "payload": {"do": "log", "text": "x"}, "timeout_seconds": 5, "max_retries": 3},
        "call": _call(url, OK),
        "delayed-call": _call(url, OK, **later),
        "slow": _call(url, SLOW),
        "flaky": _call(url, FLAKY),
        "doomed": _call(url, NEVER),
        "once": _call(url, ONCE, on_lost="fail", max_retries=0),
        "narrow": _call(url, NARROW, queue=NARROW_QUEUE),
        "paced": _call(url, OK, queue=PACED_QUEUE),
        RECURRING: _call(url, OK, **every, end_at=end_at.isoformat()),
    }
    return kinds[kind]


def told_due(asked: Mapping[str, Any], answer: Mapping[str, Any]) -> tuple[int, int]:
    """The first occurrence that ``answer`` tells, and the last that was ``asked`` for (epoch ms).

    Whoever is late, because the server was busy or had died, gets what is still to come of the schedule.
    """
    last = datetime.fromisoformat(asked["end_at"])
    first = datetime.fromisoformat(answer["next_run"]) if answer["next_run"] else last
    return to_epoch_ms(first), to_epoch_ms(last)


class Clients:
    """Threads that send orders to whichever server is up, each order again until it is answered.

    They take no more orders than they are ``allow``ed to: so there is something to do at each kill.
    """

    def __init__(
        self, made: Sequence[Callable[[], Order]], pick: Callable[[], ServerProcess | None], *, threads: int
    ) -> None:
        self.answers = Answers()
        self._orders: queue.SimpleQueue[Callable[[], Order] | None] = queue.SimpleQueue()
        self._waiting, self._all = list(made), len(made)
        self._pick = pick
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send_all, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    @property
    def waiting(self) -> int:
        """How many orders are not let in yet."""
        return len(self._waiting)

    def allow(self, number: int) -> None:
        """Let so many more be sent."""
        for made in self._waiting[:number]:
            self._orders.put(made)
        del self._waiting[:number]

    def finish(self, timeout_seconds: float) -> None:
        """Let all others be sent, and wait until all are answered."""
        self.allow(len(self._waiting))
        for _ in self._threads:
            self._orders.put(None)
        end = time.monotonic() + timeout_seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            self.answers.faults.append(f"some requests were not answered in {timeout_seconds:.0f} s")

    def unanswered(self) -> list[str]:
        """Says so where not every order was answered."""
        left = self._all - self.answers.requests
        return [f"{left} of {self._all} requests were never answered"] if left else []

    def _send_all(self) -> None:
        while (made := self._orders.get()) is not None:
            order = made()
            while not self._is_answered(order):
                time.sleep(_PAUSE_SECONDS)

    def _is_answered(self, order: Order) -> bool:
        server = self._pick()
        if server is None:
            return False
        try:
            status, answer = server.call("POST", order.path, order.body, {"Idempotency-Key": order.key})
        except (OSError, http.client.HTTPException, ValueError):
            status, answer = 0, {}
        with self._lock:
            self.answers.tries += 1
            if status in {0, 503} or answer.get("code") == "IDEMPOTENCY_IN_PROGRESS":
                return False
            self.answers.requests += 1
            self._note(order, status, answer)
        return True

    def _note(self, order: Order, status: int, answer: dict[str, Any]) -> None:
        if status == 422 and order.key.startswith(RECURRING) and answer["details"] == _OVER:
            self.answers.late.append(order.key)
            return
        if status not in {200, 201}:
            self.answers.faults.append(f"POST {order.path} under the key {order.key} was answered {status}: {answer}")
            return
        data = answer["data"]
        for name, result in zip(order.names, data.get("results", [{"success": True, "data": data}]), strict=True):
            if result["success"]:
                self.answers.accepted[name] = result["data"]["id"]
                if name.startswith(RECURRING):
                    self.answers.due[name] = told_due(order.body, result["data"])
            else:
                self.answers.faults.append(f"{name} in {order.key} was refused: {result['error']}")
