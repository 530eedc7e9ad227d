"""The time of a cloud in one process: it passes where somebody waits, and side by side for what runs side by side."""

import asyncio
import datetime as dt
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar, TypeVarTuple

import pytest

from tickwell.adapters.aws.dynamodb.named_queues import DynamoQueueStore
from tickwell.adapters.system import SystemClock
from tickwell.domain.instant import from_epoch_ms
from tickwell.testing.clock import SimulatedClock
from tickwell.testing.loop import SimulatedLoop

P = ParamSpec("P")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class CloudClock(SimulatedClock):
    """``on_pass`` is called whenever time has passed: it may stop who has had too much of it."""

    def __init__(self, start: dt.datetime) -> None:
        super().__init__(start)
        self.on_pass: Callable[[], None] = lambda: None

    def wait(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self.move_to(self.epoch_ms + max(0, round(seconds * 1000)))

    def move_to(self, epoch_ms: int) -> None:
        """Go on, and say so."""
        super().move_to(epoch_ms)
        self.on_pass()

    @contextmanager
    def aside(self) -> Iterator[list[int]]:
        """What happens in the block happens beside what follows it; afterwards the list holds when it ended."""
        began, ended = self.epoch_ms, list[int]()
        try:
            yield ended
        finally:
            ended.append(self.epoch_ms)
            self._ms, self._now = began, from_epoch_ms(began)


class SideBySide(Executor):
    """Runs everything at once in the caller's thread, yet lets it take time side by side, as threads would.

    The clock moves on where a result is waited for.
    """

    def __init__(self, clock: CloudClock) -> None:
        self._clock = clock

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """See the class."""
        with self._clock.aside() as ended:
            future: _Ended[T] = _Ended(self._clock)
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it would be raised
                future.set_exception(error)
        future.at = ended[0]
        return future


class _Ended(Future[T]):
    def __init__(self, clock: CloudClock) -> None:
        super().__init__()
        self._clock = clock
        self.at = 0

    def _join(self) -> None:
        self._clock.move_to(max(self._clock.epoch_ms, self.at))

    def result(self, timeout: float | None = None) -> T:
        self._join()
        return super().result(timeout)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._join()
        return super().exception(timeout)


class CloudLoop(SimulatedLoop):
    """What goes to the loop's threads takes its time side by side, and beside all that goes on in the loop.

    An attempt whose request is under way must not wait for the table that another attempt asks meanwhile: its answer
    would be there, and its time over.
    """

    def __init__(self, clock: CloudClock) -> None:
        super().__init__(clock)
        self._clock = clock
        self._last_ms = clock.epoch_ms

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> "asyncio.Future[T]":
        """See the class."""
        with self._clock.aside() as ended:
            done = super().run_in_executor(executor, func, *args)
        if not done.done() or ended[0] == self._clock.epoch_ms:
            return done
        self._last_ms = max(self._last_ms, ended[0])
        future: asyncio.Future[T] = self.create_future()
        error = done.exception()

        def tell() -> None:
            if future.done():
                return  # whoever waited was cancelled
            if error is None:
                future.set_result(done.result())
            else:
                future.set_exception(error)

        self.call_later((ended[0] - self._clock.epoch_ms) / 1000, tell)
        return future

    def close(self) -> None:
        """Threads that nobody waits for any more are waited for in the end."""
        try:
            self._clock.move_to(max(self._clock.epoch_ms, self._last_ms))
        finally:
            super().close()


def put_in_place(clock: CloudClock, patch: pytest.MonkeyPatch) -> None:
    """Let all that reads a clock or waits in this process do so on ``clock``: product, SDK and emulated services."""

    def executor(*_arguments: Any, **_named: Any) -> SideBySide:
        return SideBySide(clock)

    def new_loop() -> asyncio.AbstractEventLoop:
        return CloudLoop(clock)

    def unix_time(_now: dt.datetime | None = None) -> float:
        return clock.epoch_ms / 1000

    patch.setattr(SystemClock, "now", lambda _clock: clock.now())
    patch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=clock.wait))
    patch.setattr("tickwell.adapters.aws.dynamodb.batches._wait", clock.wait)
    patch.setattr(DynamoQueueStore.__init__, "__kwdefaults__", {"wait": clock.wait})
    patch.setattr("asyncio.events.new_event_loop", new_loop)
    for module in ("bootstrap.aws.clients", "application.notify", "application.bulk", "application.apply_jobs"):
        patch.setattr(f"tickwell.{module}.ThreadPoolExecutor", executor)
    patch.setattr("moto.sqs.models.unix_time", unix_time)
    patch.setattr("moto.sqs.models.unix_time_millis", lambda _now=None: float(clock.epoch_ms))
