"""Three named queues of one lane, filled with jobs that are all due at the same instant."""

from dataclasses import dataclass
from datetime import datetime

from tests.e2e.deployment import Deployment, Json
from tests.e2e.receiver import Receiver

RATE = 5
"""Starts per second in the queue ``PACED``."""

AT_ONCE = 2
"""Attempts at once in the queue ``PAIR``."""

PACED = "paced"
PAIR = "pair"
OPEN = "open"

SLOW = {PACED: "/slow/0.1", PAIR: "/slow/0.5", OPEN: "/slow/8"}
"""The answers of ``OPEN`` take long enough for a second instance to start meanwhile."""

QUEUES: dict[str, Json] = {
    PACED: {"rate_limit": {"limit": RATE, "per_seconds": 1}},
    PAIR: {"concurrency": AT_ONCE},
    OPEN: {},
}
JOBS = {PACED: 40, PAIR: 14, OPEN: 30}
"""More than one batch each, so that several instances of the worker get some."""

BATCH = 10
"""Messages that one invocation gets at most (``BatchSize`` in template.yaml); an instance serves one at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limited:
    """The jobs by queue; each calls a path of its own below ``calls(queue, stack)``."""

    due_at: datetime
    jobs: dict[str, list[str]]


def calls(queue: str, name: str) -> str:
    """Below which path the jobs of one queue of one stack call."""
    return f"{SLOW[queue]}/{queue}/{name}"


def submit_to_limited_queues(name: str, deployment: Deployment, receiver: Receiver, *, due_at: datetime) -> Limited:
    """Make the queues and their jobs. They have the lane ``high`` to themselves."""
    jobs: dict[str, list[str]] = {}
    for queue, limits in QUEUES.items():
        deployment.data("POST", "/api/v1/queues", {"name": queue, "priority": "high", **limits}, status=201)
        jobs[queue] = deployment.create_jobs(
            [
                {
                    "name": f"{queue} {number}",
                    "task": "http_request",
                    "queue": queue,
                    "scheduled_time": due_at.isoformat(),
                    "payload": {"url": f"{receiver.url}{calls(queue, name)}/{number}", "method": "GET"},
                }
                for number in range(JOBS[queue])
            ]
        )
    return Limited(due_at=due_at, jobs=jobs)
