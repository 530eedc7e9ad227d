"""A stack in which every function does all that it can do, on moto, with its calls recorded."""

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, cast

import boto3
import pytest
from moto.sqs.models import sqs_backends

from tests.api_hosts import Answer, Api, Client, Wire, gateway_event
from tests.contract.queue_engines import REGION
from tests.doubles import NOON
from tests.function_stack import Stack
from tests.permissions.needs import ACCOUNT
from tests.permissions.recording import Recording
from tests.queue_events import event_of_bodies
from tests.world import World, task
from tickwell.adapters.aws.s3 import S3Blobs
from tickwell.adapters.passwords import Argon2Hasher
from tickwell.adapters.system import SystemClock
from tickwell.application.task import TaskContext
from tickwell.domain.errors import AttemptFailedError
from tickwell.domain.task_file import file_blob
from tickwell.http.services import ApiServices
from tickwell.tasks import registry

LARGE: Final = {"text": "x" * 300_000}
"""Too large for the store: it goes to the bucket."""

MIDDLING: Final = {"text": "x" * 100_000}
"""Too large for a dead letter, but not for its job."""

LANES: Final = {
    "lane-high": "Worker",
    "lane-medium": "Worker",
    "lane-low": "Worker",
    "lane-heavy": "HeavyWorker",
}
FOLDERS: Final = {
    "Api": "api",
    "Worker": "worker",
    "HeavyWorker": "worker",
    "Dispatcher": "dispatcher",
    "SafetySync": "safety_sync",
    "DeadLetter": "dead_letter",
    "Outcomes": "outcomes",
    "Notifier": "notifier",
    "Archive": "archive",
}
"""The folder of each function's code, by its logical name without ``Function``."""

BREAKS: Final = "break"
HEAVY: Final = "render"
HEAVY_BREAKS: Final = "render_and_break"
SLEEPS: Final = "sleep"
ELSEWHERE: Final = "hand_on"
HEAVY_ELSEWHERE: Final = "render_elsewhere"
FILES: Final = "move_files"
HEAVY_FILES: Final = "move_files_heavily"


@dataclass(kw_only=True)
class Everything:
    """The stack, its recording, and the clock that all functions read.

    Messages are taken from the recording and delivered when the acts say so, at once or late. ``links``: method and URL
    of those that the API gave.
    """

    stack: Stack
    recording: Recording
    now: datetime = NOON
    taken: dict[str, int] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)
    heavy_first: bool = False
    handed_on: list[tuple[str, str]] = field(default_factory=list)

    @property
    def api(self) -> Api:
        """For the walk over all operations: what it needs of a world is that its workers work."""
        return self._api

    @property
    def blobs(self) -> S3Blobs:
        """The bucket, past all functions."""
        return S3Blobs(boto3.client("s3", region_name=REGION), "blobs")

    def __post_init__(self) -> None:
        self._api = Api(world=cast(World, self), services=cast(ApiServices, None), host=self.host)

    def install(self, monkeypatch: pytest.MonkeyPatch, *, far_timer: str) -> None:
        """Before any function starts."""
        boto3.client("scheduler", region_name=REGION).create_schedule_group(Name="group")
        for name in ("RATE_LIMIT_PER_HOUR", "READ_LIMIT_PER_HOUR", "REGISTRATIONS_PER_HOUR"):
            monkeypatch.setenv(f"TICKWELL_{name}", "0")
        monkeypatch.setenv("TICKWELL_FAR_TIMER", far_timer)
        monkeypatch.setattr(SystemClock, "now", lambda _clock: self.now)
        monkeypatch.setattr("tickwell.bootstrap.aws.api.Argon2Hasher", lambda: Argon2Hasher(memory_kib=8, passes=1))
        monkeypatch.setattr(registry, "_BUILT_IN", (*registry._BUILT_IN, *_tasks(self.handed_on)))
        self.recording.install(monkeypatch)

    def invoke(self, function: str, event: dict[str, Any]) -> Any:
        """One invocation of a function by its logical name, as Lambda does it."""
        with self.recording.by(function):
            return self.stack.run(FOLDERS[function], event)

    def host(self, wire: Wire) -> Answer:
        """The API behind API Gateway."""
        answer = self.invoke("Api", gateway_event(wire))
        headers = {name.lower(): value for name, value in answer["headers"].items()}
        return Answer(status=answer["statusCode"], headers=headers, body=answer["body"].encode())

    def user(self) -> Client:
        """A new owner of a tenant."""
        return self.api.user()

    def new_messages(self, queue: str) -> list[str]:
        """Take the bodies that were sent to a queue since they were taken last."""
        since, self.taken[queue] = self.taken.get(queue, 0), len(self.recording.calls)
        sqs_backends[ACCOUNT][REGION].queues[f"tw-{queue}"]._messages.clear()
        return self.recording.sent_to(self.stack.urls[queue], since=since)

    def lose_messages(self) -> None:
        """Nobody will ever see what the lanes hold."""
        for lane in LANES:
            self.new_messages(lane)

    def work(self, rounds: int = 1) -> None:
        """Let the workers have what the lanes hold, ``rounds`` times over, each message when its delay is over."""
        for _ in range(rounds):
            since = min(self.taken.get(lane, 0) for lane in LANES)
            self.now += timedelta(seconds=self.recording.longest_delay(since=since) + 1)
            held = {lane: self.new_messages(lane) for lane in LANES}
            self.heavy_first = not self.heavy_first
            for lane, bodies in sorted(held.items(), reverse=not self.heavy_first):
                for at in range(0, len(bodies), 10):
                    self.invoke(LANES[lane], self.batch(lane, bodies[at : at + 10]))

    def die_at_work(self, operation: str, text: str) -> None:
        """Likewise, but of each message the worker dies before it calls ``operation`` with ``text`` in the request."""
        for lane, function in LANES.items():
            for body in self.new_messages(lane):
                with self.recording.dying_at(operation, text):
                    self.invoke(function, self.batch(lane, [body]))

    def pass_time(self, span: timedelta, *, step: timedelta = timedelta(minutes=1)) -> None:
        """Let the safety sync run while ``span`` passes."""
        end = self.now + span
        while self.now < end:
            self.now = min(self.now + step, end)
            self.invoke("SafetySync", {})

    def batch(self, queue: str, bodies: Sequence[str], *, receives: int = 1) -> dict[str, Any]:
        """The event that Lambda makes of ``bodies`` in a queue."""
        return event_of_bodies(self.stack.urls[queue], bodies, receives=receives)


def _tasks(handed_on: list[tuple[str, str]]) -> tuple[Any, ...]:
    def hands_on(_payload: Any, context: Any) -> Any:
        handed_on.append((context.execution_id, context.completion_token))
        context.log("info", "handed on")
        return context.pending(timeout_seconds=120)

    def breaks(_payload: Any, _context: Any) -> Any:
        raise AttemptFailedError("BROKEN", "broke")

    async def sleeps(_payload: Any, _context: Any) -> Any:
        await asyncio.sleep(60)

    def gives_back(payload: Any, _context: Any) -> Any:
        return payload

    def moves_files(_payload: Any, context: TaskContext) -> Any:
        name = file_blob(context.tenant_id, "a/b")
        with tempfile.NamedTemporaryFile() as file:
            file.truncate(20 * 1024 * 1024)
            context.blobs.put(name, b"x", content_type="text/plain")
            context.blobs.fetch(name, Path(f"{file.name}-2"))
            Path(f"{file.name}-2").unlink()
            context.blobs.delete(name)
            context.blobs.store(Path(file.name), name, content_type="video/mp4")

    return (
        task(FILES, moves_files),
        replace(task(HEAVY_FILES, moves_files), heavy=True),
        task(BREAKS, breaks),
        task(SLEEPS, sleeps),
        task(ELSEWHERE, hands_on),
        replace(task(HEAVY, gives_back), heavy=True),
        replace(task(HEAVY_ELSEWHERE, hands_on), heavy=True),
        replace(task(HEAVY_BREAKS, breaks), heavy=True),
    )
