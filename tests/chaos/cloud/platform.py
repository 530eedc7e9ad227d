"""What AWS does around the functions: delivers, invokes, stops who takes too long, follows the stream, fires."""

import logging
import random
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Final

import boto3
from moto.dynamodb.models import dynamodb_backends
from moto.scheduler.models import scheduler_backends
from moto.sqs.models import sqs_backends

from tests.chaos.cloud.clock import CloudClock
from tests.chaos.cloud.deployed import (
    ACCOUNT,
    CONSUMERS,
    RESOURCES,
    is_wanted,
    make_queues_as_deployed,
    stream_tries,
    timeouts,
)
from tests.chaos.cloud.wire import Wire
from tests.contract.queue_engines import REGION
from tests.function_stack import Context, Stack
from tickwell.bootstrap.aws import clients
from tickwell.domain.errors import UnavailableError

MINUTE_MS: Final = 60_000
LOOKS_EACH_MS: Final = 20_000
HANGS_AFTER_SECONDS: Final = 60
"""Of real time: whoever takes so long, although no wait is real, waits for something that never comes."""

COLD_START_EACH: Final = 40
"""So many invocations an instance of a function lives for."""

TWICE_SHARE: Final = 0.03
"""Of the batches: SQS delivers a message at least once."""


class StoppedError(SystemExit):
    """Lambda stops a function that outlives its timeout; nothing in it hears of that."""


class HungError(SystemExit):
    """The function waits for something that never comes."""


class Remaining(Context):
    """What Lambda says of an invocation that may last until an instant."""

    def __init__(self, clock: CloudClock, until_ms: int) -> None:
        self._clock, self._until_ms = clock, until_ms

    def get_remaining_time_in_millis(self) -> int:
        return max(0, self._until_ms - self._clock.epoch_ms)


@dataclass(kw_only=True, slots=True)
class Seen:
    """What became of invocations. ``longest`` is in seconds, by function."""

    invocations: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    longest: dict[str, float] = field(default_factory=dict)
    twice: int = 0
    stopped: list[str] = field(default_factory=list)
    hung: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    unfollowed: list[str] = field(default_factory=list)


class Cloud:
    """A deployed stack that runs on ``clock``; one invocation at a time."""

    def __init__(self, stack: Stack, clock: CloudClock, wire: Wire, *, seed: int) -> None:
        self.seen = Seen()
        self._stack, self._clock, self._wire = stack, clock, wire
        self._chance = random.Random(f"platform {seed}")
        self._sqs = boto3.client("sqs", region_name=REGION)
        self._queues = {name: url.rpartition("/")[2] for name, url in stack.urls.items()}
        self._timeouts = timeouts()
        self._next_minute_ms = clock.epoch_ms
        self._followed = 0
        self._stream_tries = stream_tries()
        make_queues_as_deployed(stack)

    def invoke(self, function: str, event: Any) -> Any:
        """Its answer. Raises StoppedError, HungError, and what the function raises."""
        began_ms = self._clock.epoch_ms
        until_ms = began_ms + round(self._timeouts[function] * 1000)

        def stop() -> None:
            if self._clock.epoch_ms > until_ms:
                raise StoppedError(function)

        if self.seen.invocations[function] % COLD_START_EACH == 0:
            self._forget(function)
        self.seen.invocations[function] += 1
        self._clock.on_pass = stop
        try:
            with self._wire.exposed(function), _real_limit(function):
                return self._stack.load(function).handler(event, Remaining(self._clock, until_ms))
        finally:
            self._clock.on_pass = lambda: None
            seconds = (self._clock.epoch_ms - began_ms) / 1000
            self.seen.longest[function] = max(seconds, self.seen.longest.get(function, 0.0))

    @staticmethod
    def _forget(function: str) -> None:
        """Its next invocation is a cold start, with clients of its own."""
        sys.modules.pop(f"functions.{function}.handler", None)
        clients.forget_clients()

    def guarded(self, function: str, event: Any) -> Any:
        """As ``invoke``; None where it failed, which is noted."""
        try:
            return self.invoke(function, event)
        except UnavailableError:
            self.seen.failed[function] += 1
        except StoppedError:
            self.seen.stopped.append(f"{function} was stopped after {self._timeouts[function]:.0f} s")
        except HungError:
            self.seen.hung.append(f"{function} hung")
        except Exception as error:
            logging.getLogger("tests.chaos").exception("unexpected")
            self.seen.unexpected.append(f"{function} raised {type(error).__name__}: {error}")
        return None

    def run(self, *, until: Callable[[], bool], limit_seconds: float) -> None:
        """Go on until ``until``, asked now and then, is true with nothing to do; at most for so much simulated time."""
        end_ms = self._clock.epoch_ms + round(limit_seconds * 1000)
        next_look_ms = self._clock.epoch_ms
        while self._clock.epoch_ms < end_ms:
            if self._step():
                continue
            if self._clock.epoch_ms >= next_look_ms:
                if until():
                    return
                next_look_ms = self._clock.epoch_ms + LOOKS_EACH_MS
            self._clock.move_to(max(self._clock.epoch_ms + 1, min(self._next_event_ms(), end_ms)))

    def left(self) -> dict[str, int]:
        """How many messages are in each queue, in whatever state."""
        return {name: len(self._messages(name)) for name in RESOURCES if self._messages(name)}

    def _step(self) -> bool:
        """Whether anything happened."""
        if self._clock.epoch_ms >= self._next_minute_ms:
            self._next_minute_ms = (self._clock.epoch_ms // MINUTE_MS + 1) * MINUTE_MS
            self.guarded("safety_sync", {})
        happened = self._fire()
        for queue, function in CONSUMERS.items():
            happened |= self._deliver(queue, function)
        return self._follow() or happened

    def _deliver(self, queue: str, function: str) -> bool:
        """One batch, as Lambda's poller does it."""
        if all(message.delayed or not message.visible for message in self._messages(queue)):
            return False
        event = self._stack.event(queue)
        if not event["Records"]:
            return True  # they went to the dead letter queue
        if self._chance.random() < TWICE_SHARE:
            self.seen.twice += 1
            self.guarded(function, event)
        answer = self.guarded(function, event)
        if answer is not None:
            again = {failure["itemIdentifier"] for failure in answer["batchItemFailures"]}
            for record in event["Records"]:
                if record["messageId"] not in again:
                    self._sqs.delete_message(QueueUrl=self._stack.urls[queue], ReceiptHandle=record["receiptHandle"])
        return True

    def _fire(self) -> bool:
        """What Scheduler does with the schedules whose time has come."""
        due = [(group, name) for group, name, at_ms in self._schedules() if at_ms <= self._clock.epoch_ms]
        for group, name in due:
            schedule = group.schedules.pop(name)
            self._stack.send("dispatch", schedule.target["Input"])
        return bool(due)

    def _follow(self) -> bool:
        """What Lambda does with the stream: a batch that fails is halved, and comes again as the template says."""
        shard = dynamodb_backends[ACCOUNT][REGION].tables["tickwell"].stream_shard
        assert shard is not None
        records = [self._record(item.to_json()) for item in shard.items[self._followed :]]
        self._followed = len(shard.items)
        wanted = [record for record in records if is_wanted(record)]
        if wanted:
            self._follow_batch(wanted, tries=self._stream_tries)
        return bool(wanted)

    def _follow_batch(self, records: Sequence[dict[str, Any]], *, tries: int) -> None:
        for _ in range(tries):
            if self.guarded("outcomes", {"Records": records}) is not None:
                return
            self._clock.wait(1)  # how long Lambda waits is not documented
            if len(records) > 1:
                half = len(records) // 2
                self._follow_batch(records[:half], tries=tries)
                self._follow_batch(records[half:], tries=tries)
                return
        self.seen.unfollowed.append(f"outcomes gave up on {len(records)} records")

    @staticmethod
    def _record(told: dict[str, Any]) -> dict[str, Any]:
        """As Lambda passes it on: instants are numbers."""
        at = told["dynamodb"]["ApproximateCreationDateTime"]
        epoch = at.replace(tzinfo=UTC).timestamp() if isinstance(at, datetime) else at
        principal = {"type": "Service", "principalId": "lambda.amazonaws.com"}
        return {
            **told,
            "userIdentity": principal,
            "dynamodb": {**told["dynamodb"], "ApproximateCreationDateTime": epoch},
        }

    def _next_event_ms(self) -> int:
        waiting = [
            max(message.delayed_until, message.visible_at) for queue in CONSUMERS for message in self._messages(queue)
        ]
        schedules = [at_ms for _, _, at_ms in self._schedules()]
        return min([self._next_minute_ms, *(int(at_ms) + 1 for at_ms in waiting), *schedules])

    def _messages(self, queue: str) -> list[Any]:
        return list(sqs_backends[ACCOUNT][REGION].queues[self._queues[queue]]._messages)

    @staticmethod
    def _schedules() -> list[tuple[Any, str, int]]:
        return [
            (group, name, _at_ms(schedule.schedule_expression))
            for group in scheduler_backends[ACCOUNT][REGION].schedule_groups.values()
            for name, schedule in group.schedules.items()
        ]


def _at_ms(expression: str) -> int:
    at = datetime.fromisoformat(expression.removeprefix("at(").removesuffix(")"))
    return round(at.replace(tzinfo=UTC).timestamp() * 1000)


@contextmanager
def _real_limit(function: str) -> Iterator[None]:
    def hung(_signal: int, _frame: FrameType | None) -> None:
        raise HungError(function)

    before = signal.signal(signal.SIGALRM, hung)
    signal.setitimer(signal.ITIMER_REAL, HANGS_AFTER_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
