"""The real functions on a metered AWS, whose time is moved by hand.

What Lambda itself asks for is added here: the polls of queues, which moto never sees, each invocation and its time. The
table's stream reaches the functions through the filters of ``template.yaml``.
"""

import contextlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws
from moto.dynamodb.models import dynamodb_backends

from tests.contract import quick_moto
from tests.contract.queue_engines import REGION
from tests.doubles import NOON
from tests.function_stack import Stack, open_stack
from tests.meter.bill import Bill
from tests.meter.prices import CALL_MS, INVOCATION_MS, Charge
from tests.meter.wire import ACCOUNT, Meter, chunks, metered
from tests.template.cloudformation import source
from tickwell.adapters.system import SystemClock, SystemIds

FULL_BATCH: Final = 10
MEMORY_GB: Final = 0.5
REQUESTS_PER_HOUR: Final = 100_000
"""What callers may ask for here: they are limited, as in most deployments, but do not reach the limit."""

_LANE: Final = "lane-medium"


@dataclass(order=True, slots=True)
class Waiting:
    """A message on its way."""

    at: datetime
    body: str = field(compare=False)
    bytes: int = field(compare=False)


@dataclass(slots=True)
class Stage:
    """A deployed stack under a meter, a user of it, and what waits in its queues."""

    stack: Stack
    meter: Meter
    now: datetime = NOON
    token: str = ""
    queues: dict[str, list[Waiting]] = field(default_factory=dict)
    synced: list[datetime] = field(default_factory=list)
    taken: int = 0
    streamed: int = 0

    def pass_time(self, seconds: float) -> None:
        """Let so many seconds go by."""
        self.now += timedelta(seconds=seconds)

    def request(self, method: str, path: str, body: Any = None, *, expect: Sequence[int] = (200, 201)) -> Any:
        """One HTTP request; the data of its answer."""
        self.meter.add(Charge.HTTP, 1)
        with self._invocation():
            status, answer = self.stack.call(method, path, body, self.token)
        if status not in expect:
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return answer["data"]

    def work(
        self, queue: str = _LANE, function: str = "worker", batch: int = FULL_BATCH, *, most: int | None = None
    ) -> int:
        """Let Lambda deliver what is due in a queue, ``most`` messages, in batches of at most so many; how many."""
        waiting = sorted(self.queues.get(queue, []))
        due = [message for message in waiting if message.at <= self.now][:most]
        self.queues[queue] = waiting[len(due) :]
        for start in range(0, len(due), batch):
            self._deliver(queue, function, due[start : start + batch])
        return len(due)

    def fire(self, *, batch: int = FULL_BATCH) -> None:
        """Let the EventBridge schedules that were made so far put their messages into the dispatch queue."""
        made, self.meter.schedules[:] = list(self.meter.schedules), []
        for schedule in made:
            body = schedule["Target"]["Input"]
            self.meter.add(Charge.SCHEDULER, 1)
            self.meter.add(Charge.SQS, chunks(len(body)))
            self._put("dispatch", Waiting(at=self.now, body=body, bytes=len(body)))
        self.work("dispatch", "dispatcher", batch)

    def sync(self, runs: int = 1) -> None:
        """Runs of the safety sync, a minute apart, the first one right now."""
        for run in range(runs):
            if run:
                self.pass_time(60)
            self.synced.append(self.now)
            with self._invocation():
                self.stack.run("safety_sync", {})

    def follow(self, most: int = 1000) -> int:
        """Let the stream's readers have what was written since; how many records passed the filters."""
        with self.meter.lock:
            shard: Any = dynamodb_backends[ACCOUNT][REGION].tables["tickwell"].stream_shard
            records = [each.to_json() for each in shard.items[self.streamed :]]
            self.streamed = len(shard.items)
        wanted = [each for each in records if any(_matches(pattern, each) for pattern in stream_filters())]
        for start in range(0, len(wanted), most):
            event = [_as_lambda_gives(record, self.now) for record in wanted[start : start + most]]
            with self._invocation():
                self.stack.run("outcomes", {"Records": event})
        return len(wanted)

    @contextmanager
    def _invocation(self) -> Iterator[None]:
        """One invocation of a function: the request, and its time by its calls (see ``prices``)."""
        self.meter.add(Charge.LAMBDA, 1)
        with self.meter.bill() as bill:
            yield
        seconds = (INVOCATION_MS + CALL_MS * bill.calls.total()) / 1000
        self.meter.add(Charge.LAMBDA_TIME, seconds * MEMORY_GB)
        self._collect()

    def _deliver(self, queue: str, function: str, batch: Sequence[Waiting]) -> None:
        """Lambda receives a batch, invokes the function, and deletes the batch."""
        self.meter.add(Charge.SQS, chunks(sum(message.bytes for message in batch)) + 1)
        records = [
            {
                "messageId": str(number),
                "receiptHandle": f"receipt-{number}",
                "body": message.body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:tw-{queue}",
            }
            for number, message in enumerate(batch)
        ]
        with self._invocation():
            answer = self.stack.run(function, {"Records": records})
        if answer["batchItemFailures"]:
            raise AssertionError(f"{function} gave messages back: {answer}")

    def _collect(self) -> None:
        """Sort what was sent since into its queues."""
        sent, self.taken = self.meter.sent[self.taken :], len(self.meter.sent)
        for message in sent:
            at = self.now + timedelta(seconds=message.delay_seconds)
            name = message.url.rpartition("/tw-")[2]
            self._put(name, Waiting(at=at, body=message.body, bytes=message.bytes))

    def _put(self, queue: str, message: Waiting) -> None:
        self.queues.setdefault(queue, []).append(message)


@contextmanager
def open_stage(*, far_timer: str = "sweep", **environment: str) -> Iterator[Stage]:
    """A stage in an AWS account of its own, with a user, and functions that have started. Ids repeat."""
    with empty_stage(far_timer=far_timer, **environment) as stage:
        stage.token = stage.stack.register()
        warm(stage)
        yield stage


@contextmanager
def empty_stage(*, far_timer: str = "sweep", **environment: str) -> Iterator[Stage]:
    """A stage where nobody has asked for anything yet."""
    quick_moto.install()
    with contextlib.ExitStack() as ends, mock_aws(), metered() as meter:
        patch = ends.enter_context(pytest.MonkeyPatch.context())
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            patch.setenv(name, "testing")
        patch.setenv("AWS_DEFAULT_REGION", REGION)
        stack = ends.enter_context(open_stack(patch))
        patch.setenv("TICKWELL_FAR_TIMER", far_timer)
        patch.setenv("TICKWELL_RATE_LIMIT_PER_HOUR", str(REQUESTS_PER_HOUR))
        patch.setenv("TICKWELL_WORKER_HEARTBEAT_SECONDS", "0")
        for name, value in environment.items():
            patch.setenv(f"TICKWELL_{name}", value)
        stage = Stage(stack=stack, meter=meter)
        patch.setattr(SystemClock, "now", lambda _clock: stage.now)
        patch.setattr(SystemIds.__init__, "__defaults__", (random.Random(0).getrandbits,))
        boto3.client("scheduler", region_name=REGION).create_schedule_group(Name="group")
        yield stage


def warm(stage: Stage) -> None:
    """Let two batches of jobs pass through everything: functions start, and counts are as on a usual day."""
    for _ in range(2):
        stage.request("POST", "/api/v1/jobs/batch", {"jobs": [{"name": f"warm {n}"} for n in range(10)]})
        stage.work()
        stage.follow()
        stage.pass_time(60)
        stage.sync(2)


@contextmanager
def spent(stage: Stage) -> Iterator[Bill]:
    """What is used inside the block."""
    with stage.meter.bill() as bill:
        yield bill


@cache
def stream_filters() -> tuple[Mapping[str, Any], ...]:
    """What of the table's stream reaches ``functions/outcomes``."""
    mapping = source()["Resources"]["OutcomesFunction"]["Properties"]["Events"]["Stream"]["Properties"]
    return tuple(json.loads(each["Pattern"]) for each in mapping["FilterCriteria"]["Filters"])


def _matches(pattern: Mapping[str, Any], record: Mapping[str, Any]) -> bool:
    """Whether Lambda's filter lets a record through: each leaf is a list of the values that are wanted."""
    for name, wanted in pattern.items():
        found = record.get(name)
        if isinstance(wanted, Mapping):
            if not isinstance(found, Mapping) or not _matches(wanted, found):
                return False
        elif found not in wanted:
            return False
    return True


def _as_lambda_gives(record: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return {**record, "dynamodb": {**record["dynamodb"], "ApproximateCreationDateTime": now.timestamp()}}
